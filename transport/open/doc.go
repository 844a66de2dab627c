// Package open dials and listens on any address: it holds the only switch on
// scheme.
//
// # Use
//
//	c, err := open.Dial(loop, addr, transport.Options{}, handler)
//	l, err := open.Listen(loop, addr, transport.Options{}, accept)
//	p, err := open.Packet(loop, local, remote, transport.Options{}, packets)
//
// Host names are looked up off the loop, which stays alive meanwhile
// (reactor.Loop.Hold). All addresses of a name are tried, IPv6 and IPv4 taking
// turns (RFC 8305): the next one is begun with when 250 ms have passed or the one
// before has failed, the first to connect is taken, and all of it must be done
// within Options.ConnectTimeout. The connection that Dial returns can be written to
// and closed at once; closing it cancels the look-up too.
//
// A tls address is TCP encrypted by package tlsconn. An Opener with a
// tlsconn.Config says whom to trust and what to show; the host in the address is
// what the server's certificate must name:
//
//	config, err := tlsconn.New(tlsconn.Options{CAFile: "ca.pem"})
//	c, err := open.Opener{TLS: config}.Dial(loop, addr, transport.Options{}, handler)
//
// A FIFO is read by Listen and written to by Dial (package pipe). An exec:
// address is run by Dial, which talks to it over its standard input and output
// (package child).
//
// A descriptor that the process was started with, as by systemd's socket activation, is taken by Inherited and then Adopt or
// AdoptPacket. NetListener binds for servers of the standard library.
//
// # Errors
//
// An error returned is about the arguments: a scheme that this kind of opening
// does not have is transport.ErrUnsupported. What goes wrong later comes by
// OnClose; where several addresses were tried, its text tells what each
// of them said, and errors.Is finds each cause.
//
// # Limits
//
// To listen on a host name, or bind one, is possible only before the loop runs:
// there is nothing to call back, so the look-up blocks.
package open
