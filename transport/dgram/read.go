package dgram

import (
	"os"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
	"golang.org/x/sys/unix"
)

// packetBudget is how many packets are read in one turn.
const packetBudget = 256

// Pause implements transport.PacketConn.
func (c *Conn) Pause() {
	c.state |= paused
	c.watch()
}

// Resume implements transport.PacketConn.
func (c *Conn) Resume() {
	c.state &^= paused
	c.watch()
}

// read hands over the packets that are there, up to the budget.
func (c *Conn) read() {
	buf := c.loop.Buffer()
	buf = buf[:min(len(buf), c.cfg.MaxPacketIn)]
	var from sockaddr.Raw
	left := c.cfg.ReadBudget
	for range packetBudget {
		if left <= 0 || c.is(paused|closing|dead) {
			break
		}
		n, errno := sockaddr.RecvFrom(c.fd, buf, &from)
		switch errno {
		case 0:
		case unix.EAGAIN:
			return
		case unix.EINTR:
			continue
		case unix.EBADF, unix.ENOTSOCK, unix.EINVAL, unix.EFAULT:
			c.end(c.opError("receive", os.NewSyscallError("recvfrom", errno)))
			return
		default: // news of a packet sent earlier: udp(7)
			c.report(c.opError("receive", os.NewSyscallError("recvfrom", errno)))
			continue
		}
		left -= n
		if n > len(buf) {
			c.stats.Truncated++
			continue
		}
		c.stats.PacketsIn++
		c.stats.BytesIn += uint64(n)
		c.h.OnPacket(c, buf[:n], c.sender(&from))
	}
	if !c.is(paused | closing | dead) {
		c.source.Again()
	}
}

// sender decodes the address of a packet. Packets often come from the same
// place several times running, and a path costs an allocation.
func (c *Conn) sender(r *sockaddr.Raw) address.Address {
	if r.Equal(&c.from) {
		return c.fromAddr
	}
	c.from, c.fromAddr = *r, r.Address(c.cfg.Scheme)
	if c.cfg.Scheme.IsUnix() && c.fromAddr.Path == "" {
		c.fromAddr = address.Address{}
	}
	return c.fromAddr
}
