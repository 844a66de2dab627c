package open

import (
	"os"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
	"github.com/ed-toolbox/ed/transport/tcp"
	"github.com/ed-toolbox/ed/transport/tlsconn"
	"github.com/ed-toolbox/ed/transport/udp"
	"github.com/ed-toolbox/ed/transport/unixsock"
)

// Inherited tells what a descriptor is bound to that this process was started with, as by systemd's socket activation. A
// socket for connections that does not listen is an error, and so is what is no socket of a scheme known here.
func Inherited(fd int) (address.Address, error) {
	a, err := sockaddr.Inherited(fd)
	if err != nil {
		return a, &transport.OpError{Op: "adopt", Addr: a, Err: err}
	}
	return a, nil
}

// Detach takes the descriptor out of a file, which is closed: the descriptor is the caller's, to be given to Adopt. An
// os.File would close it a second time, when it is collected.
func Detach(f *os.File) (int, error) { return sockaddr.Detach(f) }

// Adopt is Listen on such a descriptor. a is what Inherited says, or that with the scheme TLS in place of TCP: then what
// comes is encrypted. The listener closes the descriptor; with an error it still is the caller's.
func (op Opener) Adopt(l *reactor.Loop, fd int, a address.Address, o transport.Options, accept transport.Accept) (transport.Listener, error) {
	switch a.Scheme {
	case address.TCP:
		return tcp.Adopt(l, fd, o, accept)
	case address.TLS:
		listen := func(l *reactor.Loop, _ address.Address, o transport.Options, accept transport.Accept) (transport.Listener, error) {
			return tcp.Adopt(l, fd, o, accept)
		}
		return tlsconn.Listen(l, listen, a, o, op.TLS, accept)
	case address.Unix, address.UnixPacket:
		return unixsock.Adopt(l, fd, o, accept)
	}
	return nil, unsupported("listen", a)
}

// AdoptPacket is Packet on such a descriptor.
func AdoptPacket(l *reactor.Loop, fd int, a address.Address, o transport.Options, h transport.PacketHandler) (transport.PacketConn, error) {
	switch a.Scheme {
	case address.UDP:
		return udp.Adopt(l, fd, o, h)
	case address.UnixGram:
		return unixsock.AdoptGram(l, fd, o, h)
	}
	return nil, unsupported("bind", a)
}
