package stream

import (
	"cmp"
	"net/netip"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
	"golang.org/x/sys/unix"
)

// SetHandler implements transport.Conn.
func (c *Conn) SetHandler(h transport.Handler) { c.h = h }

// ID implements transport.Conn.
func (c *Conn) ID() uint64 { return c.id }

// Queued implements transport.Conn.
func (c *Conn) Queued() int {
	if c.out == nil {
		return 0
	}
	return c.out.len()
}

// Congested implements transport.Conn.
func (c *Conn) Congested() bool { return c.is(owed) }

// Stats implements transport.Conn.
func (c *Conn) Stats() transport.Stats {
	var truncated uint64
	if c.rare != nil {
		truncated = c.rare.truncated
	}
	return transport.Stats{
		BytesIn: c.in, BytesOut: c.to, Reads: c.reads, Writes: c.writes,
		Queued: c.Queued(), HighWater: int(c.high), Opened: time.Unix(0, c.opened), Truncated: truncated,
	}
}

// Local implements transport.Conn.
func (c *Conn) Local() address.Address {
	if c.fd >= 0 && c.set.scheme != address.None && !c.set.plain {
		if r, err := sockaddr.Local(int(c.fd)); err == nil {
			return cmp.Or(r.Address(c.set.scheme), c.set.local)
		}
	}
	return c.set.local
}

// Remote implements transport.Conn.
func (c *Conn) Remote() address.Address {
	if c.rare != nil && !c.rare.remote.IsZero() {
		return c.rare.remote
	}
	if c.port != 0 {
		return address.FromAddrPort(c.set.scheme, netip.AddrPortFrom(netip.AddrFrom16(c.ip), c.port))
	}
	return c.set.remote
}

// Peer implements transport.Conn.
func (c *Conn) Peer() (transport.Credentials, bool) {
	if c.fd < 0 && c.rare != nil && c.rare.discarded != nil {
		return c.rare.discarded.who, c.rare.discarded.known
	}
	if c.fd < 0 || !c.set.scheme.IsUnix() || c.dialling() {
		return transport.Credentials{}, false
	}
	u, err := unix.GetsockoptUcred(int(c.fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return transport.Credentials{}, false
	}
	return transport.Credentials{PID: int(u.Pid), UID: u.Uid, GID: u.Gid}, true
}

// Ended implements transport.Ending.
func (c *Conn) Ended() bool {
	if c.fd < 0 || c.is(eof|broken|closing|dead) {
		return !c.dialling()
	}
	p := []unix.PollFd{{Fd: c.fd, Events: unix.POLLRDHUP}}
	n, err := unix.Poll(p, 0)
	return err == nil && n > 0
}

func (c *Conn) fault(op string, err error) error {
	return &transport.OpError{Op: op, Addr: c.Remote(), Err: err}
}
