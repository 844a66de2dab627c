package open

import (
	"cmp"
	"fmt"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/child"
	"github.com/ed-toolbox/ed/transport/dgram"
	"github.com/ed-toolbox/ed/transport/pipe"
	"github.com/ed-toolbox/ed/transport/stream"
	"github.com/ed-toolbox/ed/transport/tcp"
	"github.com/ed-toolbox/ed/transport/tlsconn"
	"github.com/ed-toolbox/ed/transport/udp"
	"github.com/ed-toolbox/ed/transport/unixsock"
)

// Opener opens addresses. The zero value uses the system's name look-up, trusts
// the system's roots, and cannot listen on tls addresses.
type Opener struct {
	Resolver Resolver        // default: net.DefaultResolver
	TLS      *tlsconn.Config // for tls addresses; default: that of the zero tlsconn.Options
}

// Dial connects to a stream address with the zero Opener.
func Dial(l *reactor.Loop, a address.Address, o transport.Options, h transport.Handler) (transport.Conn, error) {
	return Opener{}.Dial(l, a, o, h)
}

// Listen listens on a stream address with the zero Opener.
func Listen(l *reactor.Loop, a address.Address, o transport.Options, accept transport.Accept) (transport.Listener, error) {
	return Opener{}.Listen(l, a, o, accept)
}

// Packet opens a packet socket with the zero Opener.
func Packet(l *reactor.Loop, local, remote address.Address, o transport.Options, h transport.PacketHandler) (transport.PacketConn, error) {
	return Opener{}.Packet(l, local, remote, o, h)
}

// Dial connects to a stream address. OnOpen or OnClose tells how it went, never
// from inside Dial.
func (op Opener) Dial(l *reactor.Loop, a address.Address, o transport.Options, h transport.Handler) (transport.Conn, error) {
	switch a.Scheme {
	case address.TCP:
		if a.NeedsLookup() {
			return op.dialName(l, a, o, h), nil
		}
		return tcp.Dial(l, a, o, h)
	case address.TLS:
		return tlsconn.Dial(l, op.Dial, a, o, op.TLS, h) // it calls back for the TCP address
	case address.Unix, address.UnixPacket:
		return unixsock.Dial(l, a, o, h)
	case address.FIFO:
		return pipe.Dial(l, a, o, h)
	case address.Exec:
		return child.Dial(l, a, o, h)
	}
	return nil, unsupported("connect", a)
}

// Listen listens on a stream address.
func (op Opener) Listen(l *reactor.Loop, a address.Address, o transport.Options, accept transport.Accept) (transport.Listener, error) {
	a, err := op.now(l, "listen", a, o)
	if err != nil {
		return nil, err
	}
	switch a.Scheme {
	case address.TCP:
		return tcp.Listen(l, a, o, accept)
	case address.TLS:
		return tlsconn.Listen(l, tcp.Listen, a, o, op.TLS, accept)
	case address.Unix, address.UnixPacket:
		return unixsock.Listen(l, a, o, accept)
	case address.FIFO:
		return pipe.Listen(l, a, o, accept)
	}
	return nil, unsupported("listen", a)
}

// Packet opens a packet socket bound to local, with remote as its default
// destination; one of them may be zero.
func (op Opener) Packet(l *reactor.Loop, local, remote address.Address, o transport.Options, h transport.PacketHandler) (transport.PacketConn, error) {
	local, err := op.now(l, "bind", local, o)
	if err != nil {
		return nil, err
	}
	switch a := cmp.Or(remote, local); {
	case !remote.IsZero() && !local.IsZero() && remote.Scheme != local.Scheme:
		return nil, &transport.OpError{Op: "bind", Addr: local, Err: fmt.Errorf("%w: it cannot send to %s", transport.ErrUnsupported, remote)}
	case a.Scheme == address.UDP && remote.NeedsLookup():
		return op.packetName(l, local, remote, o, h), nil
	case a.Scheme == address.UDP:
		return udp.Open(l, local, remote, o, h)
	case a.Scheme == address.UnixGram:
		return unixsock.OpenGram(l, local, remote, o, h)
	default:
		return nil, unsupported("bind", a)
	}
}

// dialName looks the host up and then tries what was found.
func (op Opener) dialName(l *reactor.Loop, a address.Address, o transport.Options, h transport.Handler) transport.Conn {
	var c *stream.Conn
	cancel := op.lookUp(l, a, o, func(found []address.Address, err error) {
		if err != nil {
			c.Fail("look up", err)
			return
		}
		targets := make([]stream.Target, len(found))
		for i, a := range found {
			targets[i] = tcp.Target(a, o)
		}
		c.Connect(targets...)
	})
	c = stream.Prepare(l, tcp.Config(a, o), h, cancel)
	return c
}

// packetName looks the host up and then opens the socket for the first address
// that the system accepts: nothing tells whether anyone is there.
func (op Opener) packetName(l *reactor.Loop, local, remote address.Address, o transport.Options, h transport.PacketHandler) transport.PacketConn {
	c := dgram.Prepare(l, udp.Config(local, remote, o), h)
	cancel := op.lookUp(l, remote, o, func(found []address.Address, err error) {
		if err != nil {
			c.Abort(&transport.OpError{Op: "look up", Addr: remote, Err: err})
			return
		}
		for _, a := range found {
			if err = udp.Attach(c, local, a, o); err == nil {
				return
			}
		}
		c.Abort(err)
	})
	c.OnEnd(cancel)
	return c
}

// unsupported says why an address cannot be opened this way.
func unsupported(op string, a address.Address) error {
	why := "scheme " + a.Scheme.String() + ": "
	switch {
	case a.Scheme == address.None:
		why = "no address given: "
	case op == "bind" && a.Scheme == address.UnixPacket:
		why = "unixpacket has connections: "
	case op == "listen" && a.Scheme == address.Exec:
		why = "a command is run and talked to: connect to it: "
	case op == "bind":
		why = a.Scheme.String() + " carries streams, not packets: "
	case a.IsDatagram():
		why = a.Scheme.String() + " carries packets, not streams: "
	}
	return &transport.OpError{Op: op, Addr: a, Err: fmt.Errorf("%s%w", why, transport.ErrUnsupported)}
}
