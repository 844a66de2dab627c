package udp

import (
	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/dgram"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
)

// Adopt is Open on a descriptor that somebody else has bound, such as systemd for socket activation. The connection closes
// it; with an error it still is the caller's.
func Adopt(l *reactor.Loop, fd int, o transport.Options, h transport.PacketHandler) (transport.PacketConn, error) {
	bound, err := sockaddr.Take(fd, address.UDP)
	if err != nil {
		return nil, &transport.OpError{Op: "adopt", Addr: bound, Err: err}
	}
	c, err := dgram.New(l, fd, Config(bound, address.Address{}, o), h)
	if err != nil {
		return nil, &transport.OpError{Op: "adopt", Addr: bound, Err: err}
	}
	return c, nil
}
