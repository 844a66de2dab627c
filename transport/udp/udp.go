package udp

import (
	"cmp"
	"net/netip"
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
// zero address leaves that part out. A multicast group as local is joined; one, or a
// broadcast address, as remote is sent to without being connected. Host names must have been looked up. Port
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
	return dgram.Config{Options: o, Scheme: address.UDP, Local: local, Remote: remote, Permit: permit}
}

// Attach makes the socket for a prepared connection.
func Attach(c *dgram.Conn, local, remote address.Address, o transport.Options) error {
	fd, bound, connected, err := socket(local, remote, o)
	if err != nil {
		return err
	}
	if err := c.Attach(fd, bound, remote, connected); err != nil {
		_ = unix.Close(fd)
		return &transport.OpError{Op: "bind", Addr: cmp.Or(local, remote), Err: err}
	}
	return nil
}

// opening is a socket in the making.
type opening struct {
	fd            int
	family        int
	local, remote address.Address
	options       transport.Options
}

// socket makes the descriptor. It is connected if the remote is one host: what
// comes back from a group or a broadcast comes from other addresses.
func socket(local, remote address.Address, o transport.Options) (fd int, bound address.Address, connected bool, err error) {
	for _, a := range []address.Address{local, remote} {
		if !a.IsZero() && a.Scheme != address.UDP {
			return -1, bound, false, &transport.OpError{Op: "bind", Addr: a, Err: transport.ErrUnsupported}
		}
	}
	first := cmp.Or(local, remote)
	raw, err := sockaddr.From(first, 0)
	if err != nil {
		return -1, bound, false, &transport.OpError{Op: "bind", Addr: first, Err: os.NewSyscallError("socket", err)}
	}
	fd, err = unix.Socket(raw.Family(), unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, bound, false, &transport.OpError{Op: "bind", Addr: first, Err: os.NewSyscallError("socket", err)}
	}
	p := opening{fd, raw.Family(), local, remote, o}
	shared := !remote.IsZero() && (isGroup(remote) || isBroadcast(remote))
	if err = p.bind(shared); err == nil && !remote.IsZero() {
		err = p.connect(shared)
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, bound, false, err
	}
	name, err := sockaddr.Local(fd)
	if err != nil {
		_ = unix.Close(fd)
		return -1, bound, false, &transport.OpError{Op: "bind", Addr: first, Err: os.NewSyscallError("getsockname", err)}
	}
	return fd, name.Address(address.UDP), !remote.IsZero() && !shared, nil
}

// bind names the socket, and joins the group if the name is one. One that sends to
// many gets a port at once, so that it has a name for those who answer.
func (p *opening) bind(shared bool) error {
	fail := func(err error) error {
		return &transport.OpError{Op: "bind", Addr: cmp.Or(p.local, p.remote), Err: err}
	}
	if p.family == unix.AF_INET6 && !p.options.DualStack {
		if err := unix.SetsockoptInt(p.fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1); err != nil {
			return fail(os.NewSyscallError("setsockopt", err))
		}
	}
	if p.local.IsZero() && shared {
		any := address.Address{Scheme: address.UDP, IP: netip.IPv4Unspecified()}
		if p.family == unix.AF_INET6 {
			any.IP = netip.IPv6Unspecified()
		}
		return p.name(any)
	}
	if p.local.IsZero() {
		return nil
	}
	group := isGroup(p.local)
	if group || isBroadcast(p.local) { // all of this host who want it get it
		if err := unix.SetsockoptInt(p.fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return fail(os.NewSyscallError("setsockopt", err))
		}
	}
	if err := p.name(p.local); err != nil {
		return err
	}
	if group {
		if err := join(p.fd, p.local, p.options); err != nil {
			return &transport.OpError{Op: "join", Addr: p.local, Err: err}
		}
	}
	if to := p.local; group || p.options.Interface != "" || p.options.Hops > 0 || p.options.NoLoop {
		if !group {
			to = address.Address{}
		}
		if err := sending(p.fd, p.family == unix.AF_INET, to, p.options); err != nil {
			return fail(err)
		}
	}
	return nil
}

func (p *opening) name(a address.Address) error {
	raw, err := sockaddr.From(a, p.family)
	if err == nil {
		err = sockaddr.Bind(p.fd, &raw)
	}
	if err != nil {
		return &transport.OpError{Op: "bind", Addr: a, Err: os.NewSyscallError("bind", err)}
	}
	return nil
}

// connect prepares for the remote.
func (p *opening) connect(shared bool) error {
	to, err := sockaddr.From(p.remote, p.family)
	switch {
	case err != nil:
	case !shared:
		if err = sockaddr.Connect(p.fd, &to); err == unix.EACCES { // a broadcast address that a route makes one
			if err = allowBroadcast(p.fd); err == nil {
				err = sockaddr.Connect(p.fd, &to)
			}
		}
	case isGroup(p.remote):
		if err := sending(p.fd, p.family == unix.AF_INET, p.remote, p.options); err != nil {
			return &transport.OpError{Op: "connect", Addr: p.remote, Err: err}
		}
	default:
		err = allowBroadcast(p.fd)
	}
	if err != nil {
		return &transport.OpError{Op: "connect", Addr: p.remote, Err: os.NewSyscallError("connect", err)}
	}
	return nil
}
