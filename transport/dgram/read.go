package dgram

import (
	"bytes"
	"os"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
	"golang.org/x/sys/unix"
)

// packetBudget is how many packets are read in one turn.
const packetBudget = 4 * sockaddr.BatchSize

// Pause implements transport.PacketConn.
func (c *Conn) Pause() {
	c.state |= paused
	c.watch()
}

// Resume implements transport.PacketConn.
func (c *Conn) Resume() {
	c.state &^= paused
	c.watch()
	c.goOn()
}

// goOn has what is held handed over, of which the kernel knows nothing.
func (c *Conn) goOn() {
	if len(c.held) > 0 && c.fd >= 0 {
		c.source.Again()
	}
}

// read hands over the packets that are there, up to the budget.
func (c *Conn) read(fd int) {
	if len(c.held) > 0 {
		c.handHeld()
	}
	in := c.shared.incoming()
	for left, bytes := packetBudget, c.cfg.ReadBudget; left > 0 && bytes > 0; {
		if c.is(paused | closing | dead) {
			return
		}
		n, errno := in.Receive(fd, c.cfg.MaxPacketIn, c.cfg.Senders)
		switch errno {
		case 0:
		case unix.EAGAIN:
			return
		case unix.EINTR:
			continue
		case unix.EBADF, unix.ENOTSOCK, unix.EINVAL, unix.EFAULT:
			c.end(c.opError("receive", os.NewSyscallError("recvmmsg", errno)))
			return
		default: // news of a packet sent earlier: udp(7)
			c.report(c.opError("receive", os.NewSyscallError("recvmmsg", errno)))
			left--
			continue
		}
		left -= n
		bytes -= c.hand(in, n)
		if n < sockaddr.BatchSize {
			return // that was all; an error behind it keeps the descriptor ready
		}
	}
	if !c.is(paused | closing | dead) {
		c.source.Again()
	}
}

// hand gives a batch to the handler and returns its bytes. What is left when the
// handler pauses waits for Resume.
func (c *Conn) hand(in *sockaddr.In, n int) (bytes int) {
	for c.next, c.batch = 0, n; c.next < c.batch && !c.is(closing|dead); {
		bytes += c.handNext(in, c.is(paused) || len(c.held) > 0)
	}
	c.batch = 0
	return bytes
}

// handNext gives the next packet of a batch to the handler, or holds it, and returns its bytes.
func (c *Conn) handNext(in *sockaddr.In, hold bool) int {
	i := c.next
	c.next++
	p, cut := in.Packet(i)
	if cut {
		c.stats.Truncated++
		return len(p)
	}
	var who transport.Credentials
	known := false
	if c.cfg.Senders {
		u, ok := in.Credentials(i)
		who, known = transport.Credentials{PID: int(u.Pid), UID: u.Uid, GID: u.Gid}, ok
	}
	if hold {
		c.hold(p, in.From(i), who, known)
	} else {
		c.deliver(p, in.From(i), who, known)
	}
	return len(p)
}

// keepBatch holds what is left of a batch in which the handler panicked: another socket will read into its memory.
func (c *Conn) keepBatch() {
	for c.next < c.batch && !c.is(closing|dead) {
		c.handNext(c.shared.in, true)
	}
	c.batch = 0
}

func (c *Conn) deliver(p []byte, from *sockaddr.Raw, who transport.Credentials, known bool) {
	c.stats.PacketsIn++
	c.stats.BytesIn += uint64(len(p))
	c.who, c.known = who, known
	c.h.OnPacket(c, p, c.sender(from))
	c.known = false
}

// heldPacket was received before the handler paused, in the same call.
type heldPacket struct {
	p     []byte
	from  sockaddr.Raw
	who   transport.Credentials
	known bool
}

func (c *Conn) hold(p []byte, from *sockaddr.Raw, who transport.Credentials, known bool) {
	c.held = append(c.held, heldPacket{bytes.Clone(p), *from, who, known})
}

// handHeld goes on where the handler paused.
func (c *Conn) handHeld() {
	for len(c.held) > 0 && !c.is(paused|closing|dead) {
		k := c.held[0]
		c.held = c.held[1:]
		c.deliver(k.p, &k.from, k.who, k.known)
	}
	if len(c.held) == 0 {
		c.held = nil
	}
}

// Peer implements transport.PacketSender.
func (c *Conn) Peer() (transport.Credentials, bool) { return c.who, c.known }

// sender decodes the address of a packet. That of an IP socket costs nothing
// unless it has a zone; names cost an allocation, so they are remembered.
func (c *Conn) sender(r *sockaddr.Raw) address.Address {
	if c.cfg.Scheme.IsIP() && !r.HasZone() {
		return r.Address(c.cfg.Scheme)
	}
	return c.names.find(r, c.cfg.Scheme)
}
