package udp

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

// MaxPacket is what fits into one datagram over IPv4.
const MaxPacket = 65507

// Open makes a socket that is bound to local, connected to remote, or both; a
// zero address leaves that part out. Host names must have been looked up. Port
// 0 of local takes a free one, which PacketConn.Local tells.
func Open(l *reactor.Loop, local, remote address.Address, o transport.Options, h transport.PacketHandler) (transport.PacketConn, error) {
	c := dgram.Prepare(l, Config(local, remote, o), h)
	if err := Attach(c, local, remote, o); err != nil {
		return nil, err
	}
	return c, nil
}

// Config is what the engine needs to know.
func Config(local, remote address.Address, o transport.Options) dgram.Config {
	o.MaxPacket = min(cmp.Or(max(o.MaxPacket, 0), transport.DefaultMaxPacketUDP), MaxPacket)
	return dgram.Config{Options: o, Scheme: address.UDP, Local: local, Remote: remote}
}

// Attach makes the socket for a prepared connection.
func Attach(c *dgram.Conn, local, remote address.Address, o transport.Options) error {
	fd, bound, err := socket(local, remote, o)
	if err != nil {
		return err
	}
	if err := c.Attach(fd, bound, remote, !remote.IsZero()); err != nil {
		_ = unix.Close(fd)
		return &transport.OpError{Op: "bind", Addr: cmp.Or(local, remote), Err: err}
	}
	return nil
}

func socket(local, remote address.Address, o transport.Options) (fd int, bound address.Address, err error) {
	for _, a := range []address.Address{local, remote} {
		if !a.IsZero() && a.Scheme != address.UDP {
			return -1, bound, &transport.OpError{Op: "bind", Addr: a, Err: transport.ErrUnsupported}
		}
	}
	first := cmp.Or(local, remote)
	raw, err := sockaddr.From(first, 0)
	if err != nil {
		return -1, bound, &transport.OpError{Op: "bind", Addr: first, Err: os.NewSyscallError("socket", err)}
	}
	fd, err = unix.Socket(raw.Family(), unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, bound, &transport.OpError{Op: "bind", Addr: first, Err: os.NewSyscallError("socket", err)}
	}
	fail := func(op, call string, a address.Address, err error) (int, address.Address, error) {
		_ = unix.Close(fd)
		return -1, bound, &transport.OpError{Op: op, Addr: a, Err: os.NewSyscallError(call, err)}
	}
	if raw.Family() == unix.AF_INET6 && !o.DualStack {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1); err != nil {
			return fail("bind", "setsockopt", first, err)
		}
	}
	if !local.IsZero() {
		if err := sockaddr.Bind(fd, &raw); err != nil {
			return fail("bind", "bind", local, err)
		}
	}
	if !remote.IsZero() {
		to, err := sockaddr.From(remote, raw.Family())
		if err == nil {
			err = sockaddr.Connect(fd, &to)
		}
		if err == unix.EACCES { // a broadcast address: whoever names it means it, as with the C++ tools
			if err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BROADCAST, 1); err == nil {
				err = sockaddr.Connect(fd, &to)
			}
		}
		if err != nil {
			return fail("connect", "connect", remote, err)
		}
	}
	name, err := sockaddr.Local(fd)
	if err != nil {
		return fail("bind", "getsockname", first, err)
	}
	return fd, name.Address(address.UDP), nil
}
