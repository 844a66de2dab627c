package tcp

import (
	"math"
	"os"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
	"github.com/ed-toolbox/ed/transport/stream"
	"golang.org/x/sys/unix"
)

// Dial connects to a, whose host name must have been looked up. OnOpen or
// OnClose tells how it went, never from inside Dial.
func Dial(l *reactor.Loop, a address.Address, o transport.Options, h transport.Handler) (transport.Conn, error) {
	if err := check("connect", a); err != nil {
		return nil, err
	}
	return stream.Dial(l, Config(a, o), h, Target(a, o)), nil
}

// Config is what the engine needs to know of a connection to a.
func Config(a address.Address, o transport.Options) stream.Config {
	return stream.Config{Options: o, Scheme: address.TCP, Remote: a}
}

// Target is the recipe of a socket that connects to a.
func Target(a address.Address, o transport.Options) stream.Target {
	return stream.Target{Addr: a, Open: func() (int, error) {
		fd, raw, err := socket(a, o)
		if err != nil {
			return -1, err
		}
		err = sockaddr.Connect(fd, &raw)
		if err != nil && err != unix.EINPROGRESS && err != unix.EINTR {
			_ = unix.Close(fd)
			return -1, os.NewSyscallError("connect", err)
		}
		if err != nil {
			err = unix.EINPROGRESS // an interrupted connect goes on too: connect(2)
		}
		return fd, err
	}}
}

// Listen binds a and accepts connections; port 0 takes a free one, which
// Listener.Addr tells.
func Listen(l *reactor.Loop, a address.Address, o transport.Options, accept transport.Accept) (transport.Listener, error) {
	if err := check("listen", a); err != nil {
		return nil, err
	}
	fd, bound, err := bind(a, o)
	if err != nil {
		return nil, &transport.OpError{Op: "listen", Addr: a, Err: err}
	}
	ln, err := stream.Listen(l, fd, stream.Config{Options: o, Scheme: address.TCP, Local: bound}, accept)
	if err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return ln, nil
}

func check(op string, a address.Address) error {
	switch {
	case a.Scheme != address.TCP:
		return &transport.OpError{Op: op, Addr: a, Err: transport.ErrUnsupported}
	case a.NeedsLookup():
		return &transport.OpError{Op: op, Addr: a, Err: os.NewSyscallError("socket", unix.EDESTADDRREQ)}
	}
	return nil
}

// bind makes a listening socket and tells its real address.
func bind(a address.Address, o transport.Options) (int, address.Address, error) {
	o = o.WithDefaults()
	fd, raw, err := socket(a, o)
	if err != nil {
		return -1, a, err
	}
	fail := func(call string, err error) (int, address.Address, error) {
		_ = unix.Close(fd)
		return -1, a, os.NewSyscallError(call, err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return fail("setsockopt", err)
	}
	if err := sockaddr.Bind(fd, &raw); err != nil {
		return fail("bind", err)
	}
	if err := unix.Listen(fd, o.Backlog); err != nil {
		return fail("listen", err)
	}
	if raw, err = sockaddr.Local(fd); err != nil {
		return fail("getsockname", err)
	}
	return fd, raw.Address(address.TCP), nil
}

// socket makes a socket with its options. Accepted sockets inherit them from
// the listening one (tcp(7)), which saves the calls.
func socket(a address.Address, o transport.Options) (int, sockaddr.Raw, error) {
	raw, err := sockaddr.From(a, 0)
	if err != nil {
		return -1, raw, os.NewSyscallError("socket", err)
	}
	fd, err := unix.Socket(raw.Family(), unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, raw, os.NewSyscallError("socket", err)
	}
	if err := configure(fd, raw.Family(), o); err != nil {
		_ = unix.Close(fd)
		return -1, raw, os.NewSyscallError("setsockopt", err)
	}
	return fd, raw, nil
}

func configure(fd, family int, o transport.Options) error {
	if family == unix.AF_INET6 {
		only := 1
		if o.DualStack {
			only = 0
		}
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only); err != nil {
			return err
		}
	}
	return adjust(fd, o)
}

// adjust sets what may be set on a socket that is bound already, too.
func adjust(fd int, o transport.Options) error {
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return err
	}
	if o.UserTimeout > 0 {
		ms := int(min(max(o.UserTimeout/time.Millisecond, 1), math.MaxInt32))
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, ms); err != nil {
			return err
		}
	}
	return keepAlive(fd, o.KeepAlive)
}

// longestIdle is the most that the kernel takes, in seconds: MAX_TCP_KEEPIDLE.
const longestIdle = 32767

// keepAlive has dead peers found out: idle is the time before the first probe
// and between probes.
func keepAlive(fd int, idle time.Duration) error {
	if idle < 0 {
		return nil
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1); err != nil || idle == 0 {
		return err
	}
	seconds := int(min((idle+time.Second-1)/time.Second, longestIdle))
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, seconds); err != nil {
		return err
	}
	return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, seconds)
}
