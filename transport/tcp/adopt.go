package tcp

import (
	"errors"
	"os"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
	"github.com/ed-toolbox/ed/transport/stream"
	"golang.org/x/sys/unix"
)

// Adopt is Listen on a descriptor that somebody else has bound and listens on, such as systemd for socket activation. The
// listener closes it; with an error it still is the caller's.
func Adopt(l *reactor.Loop, fd int, o transport.Options, accept transport.Accept) (transport.Listener, error) {
	bound, err := sockaddr.Take(fd, address.TCP)
	if err != nil {
		return nil, &transport.OpError{Op: "adopt", Addr: bound, Err: err}
	}
	if err := adjust(fd, o); err != nil && !errors.Is(err, unix.ENOPROTOOPT) { // a socket of MPTCP has fewer options
		return nil, &transport.OpError{Op: "adopt", Addr: bound, Err: os.NewSyscallError("setsockopt", err)}
	}
	ln, err := stream.Listen(l, fd, stream.Config{Options: o, Scheme: address.TCP, Local: bound}, accept)
	if err != nil {
		return nil, err
	}
	return ln, nil
}
