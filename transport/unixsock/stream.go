package unixsock

import (
	"cmp"
	"os"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
	"github.com/ed-toolbox/ed/transport/stream"
	"golang.org/x/sys/unix"
)

// Dial connects to a stream socket, or to one of packets (SOCK_SEQPACKET) if that is
// the scheme of a. OnOpen or OnClose tells how it went, never
// from inside Dial.
func Dial(l *reactor.Loop, a address.Address, o transport.Options, h transport.Handler) (transport.Conn, error) {
	if err := check("connect", a); err != nil {
		return nil, err
	}
	return stream.Dial(l, Config(a, o), h, Target(a)), nil
}

// Config is what the engine needs to know of a connection to a.
func Config(a address.Address, o transport.Options) stream.Config {
	o.MaxPacket = cmp.Or(max(o.MaxPacket, 0), transport.DefaultMaxPacketUnix)
	return stream.Config{Options: o, Scheme: a.Scheme, Remote: a, Packets: a.Scheme == address.UnixPacket}
}

// Target is the recipe of a socket that connects to a. Where a is a file, this
// touches the file system.
func Target(a address.Address) stream.Target {
	return stream.Target{Addr: a, Open: func() (int, error) {
		fd, raw, err := socket(a, kindOf(a))
		if err != nil {
			return -1, err
		}
		switch err = sockaddr.Connect(fd, &raw); err {
		case nil:
			return fd, nil
		case unix.EAGAIN, unix.EINTR: // the backlog is full; no readiness tells when it is not: unix(7)
			_ = unix.Close(fd)
			return -1, unix.EAGAIN
		default:
			_ = unix.Close(fd)
			return -1, os.NewSyscallError("connect", err)
		}
	}}
}

// Listen binds a socket of streams or packets and accepts connections.
func Listen(l *reactor.Loop, a address.Address, o transport.Options, accept transport.Accept) (transport.Listener, error) {
	if err := check("listen", a); err != nil {
		return nil, err
	}
	o = o.WithDefaults()
	fd, file, err := bind(a, kindOf(a), o)
	if err != nil {
		return nil, &transport.OpError{Op: "listen", Addr: a, Err: err}
	}
	cfg := Config(address.FromUnix(a.Scheme, ""), o)
	cfg.Local, cfg.Closed = a, file.Remove
	ln, err := stream.Listen(l, fd, cfg, accept)
	if err != nil {
		_ = unix.Close(fd)
		file.Remove()
		return nil, err
	}
	return ln, nil
}

// kindOf is the type of socket of a.
func kindOf(a address.Address) int {
	if a.Scheme == address.UnixPacket {
		return unix.SOCK_SEQPACKET
	}
	return unix.SOCK_STREAM
}

func check(op string, a address.Address) error {
	if a.Scheme != address.Unix && a.Scheme != address.UnixPacket {
		return &transport.OpError{Op: op, Addr: a, Err: transport.ErrUnsupported}
	}
	if a.Path == "" && op == "connect" {
		return &transport.OpError{Op: op, Addr: a, Err: os.NewSyscallError("connect", unix.EDESTADDRREQ)}
	}
	return nil
}

func socket(a address.Address, kind int) (int, sockaddr.Raw, error) {
	raw, err := sockaddr.From(a, 0)
	if err != nil {
		return -1, raw, os.NewSyscallError("bind", err)
	}
	fd, err := unix.Socket(unix.AF_UNIX, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	return fd, raw, os.NewSyscallError("socket", err)
}

// Bind makes a listening socket for somebody who does not use a loop, with the care that Listen takes. remove takes the file
// away again, if there is one and it is still the same; call it after the descriptor was closed.
func Bind(a address.Address, o transport.Options) (fd int, remove func(), err error) {
	if err := check("listen", a); err != nil {
		return -1, nil, err
	}
	o = o.WithDefaults()
	fd, file, err := bind(a, kindOf(a), o)
	if err != nil {
		return -1, nil, &transport.OpError{Op: "listen", Addr: a, Err: err}
	}
	return fd, file.Remove, nil
}
