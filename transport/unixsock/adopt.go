package unixsock

import (
	"cmp"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/dgram"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
	"github.com/ed-toolbox/ed/transport/stream"
)

// Adopt is Listen on a descriptor that somebody else has bound and listens on, such as systemd for socket activation. The
// listener closes it and leaves the file, if it has one, to who made it; with an error the descriptor still is the caller's.
func Adopt(l *reactor.Loop, fd int, o transport.Options, accept transport.Accept) (transport.Listener, error) {
	bound, err := sockaddr.Take(fd, address.Unix, address.UnixPacket)
	if err != nil {
		return nil, &transport.OpError{Op: "adopt", Addr: bound, Err: err}
	}
	cfg := Config(address.FromUnix(bound.Scheme, ""), o.WithDefaults())
	cfg.Local = bound
	ln, err := stream.Listen(l, fd, cfg, accept)
	if err != nil {
		return nil, err
	}
	return ln, nil
}

// AdoptGram is OpenGram on such a descriptor.
func AdoptGram(l *reactor.Loop, fd int, o transport.Options, h transport.PacketHandler) (transport.PacketConn, error) {
	bound, err := sockaddr.Take(fd, address.UnixGram)
	if err != nil {
		return nil, &transport.OpError{Op: "adopt", Addr: bound, Err: err}
	}
	o.MaxPacket = cmp.Or(max(o.MaxPacket, 0), transport.DefaultMaxPacketUnix)
	c, err := openGram(l, fd, dgram.Config{Options: o.WithDefaults(), Scheme: address.UnixGram, Senders: true}, h)
	if err != nil {
		return nil, &transport.OpError{Op: "adopt", Addr: bound, Err: err}
	}
	return c, nil
}
