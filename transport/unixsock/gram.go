package unixsock

import (
	"cmp"
	"os"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/dgram"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
	"golang.org/x/sys/unix"
)

// OpenGram makes a datagram socket. A zero local address gets an abstract name
// from the kernel, so that it can be answered. With a remote address, that is
// where WriteTo sends by default, and the only place packets are taken from; it
// need not exist yet: sending tells.
func OpenGram(l *reactor.Loop, local, remote address.Address, o transport.Options, h transport.PacketHandler) (transport.PacketConn, error) {
	for _, a := range []address.Address{local, remote} {
		if !a.IsZero() && a.Scheme != address.UnixGram {
			return nil, &transport.OpError{Op: "bind", Addr: a, Err: transport.ErrUnsupported}
		}
	}
	local.Scheme = address.UnixGram
	o.MaxPacket = cmp.Or(max(o.MaxPacket, 0), transport.DefaultMaxPacketUnix)
	o = o.WithDefaults()
	fd, file, err := bind(local, unix.SOCK_DGRAM, o)
	if err != nil {
		return nil, &transport.OpError{Op: "bind", Addr: local, Err: err}
	}
	c, err := openGram(l, fd, dgram.Config{Options: o, Scheme: address.UnixGram, Remote: remote, Closed: file.Remove}, h)
	if err != nil {
		_ = unix.Close(fd)
		file.Remove()
		return nil, &transport.OpError{Op: "bind", Addr: local, Err: err}
	}
	return c, nil
}

func openGram(l *reactor.Loop, fd int, cfg dgram.Config, h transport.PacketHandler) (*dgram.Conn, error) {
	name, err := sockaddr.Local(fd)
	if err != nil {
		return nil, os.NewSyscallError("getsockname", err)
	}
	cfg.Local = name.Address(address.UnixGram)
	if !cfg.Remote.IsZero() {
		to, err := sockaddr.From(cfg.Remote, 0)
		if err != nil {
			return nil, os.NewSyscallError("connect", err)
		}
		switch err := sockaddr.Connect(fd, &to); err {
		case nil:
			cfg.Connected = true
		case unix.ECONNREFUSED, unix.ENOENT: // nobody there yet
		default:
			return nil, os.NewSyscallError("connect", err)
		}
	}
	return dgram.New(l, fd, cfg, h)
}
