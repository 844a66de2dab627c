package dgram

import (
	"os"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
	"golang.org/x/sys/unix"
)

// retryAfter is how soon a full receiver is tried again where no readiness
// tells.
const retryAfter = time.Millisecond

// WriteTo implements transport.PacketConn.
func (c *Conn) WriteTo(p []byte, to address.Address) error {
	if c.is(closing | dead) {
		return transport.ErrClosed
	}
	if len(p) > c.cfg.MaxPacket {
		return transport.ErrTooBig
	}
	var raw sockaddr.Raw
	switch {
	case !to.IsZero() && !(c.cfg.Connected && to == c.cfg.Remote):
		var err error
		if raw, err = sockaddr.From(to, c.ipFamily()); err != nil {
			return &transport.OpError{Op: "send", Addr: to, Err: os.NewSyscallError("sendto", err)}
		}
	case c.fd >= 0 && c.cfg.Remote.IsZero():
		return transport.ErrNoRemote
	}
	if c.cfg.Scheme.IsIP() {
		return c.collect(p, &raw)
	}
	return c.writeNow(p, &raw)
}

// collect queues a packet for the end of the callback or turn: the network says
// what became of it later anyway. A whole batch goes out at once.
func (c *Conn) collect(p []byte, raw *sockaddr.Raw) error {
	if !c.fits(len(p)) {
		c.flush()
	}
	if err := c.enqueue(p, raw); err != nil {
		return err
	}
	switch {
	case c.queue.len() >= sockaddr.BatchSize:
		c.flush()
	case !c.is(busy | blocked):
		c.later()
	}
	return nil
}

// writeNow sends a packet unless others wait before it: over a Unix socket the
// result is known at once, and the caller wants it.
func (c *Conn) writeNow(p []byte, raw *sockaddr.Raw) error {
	if c.mustQueue(raw) {
		return c.enqueue(p, raw)
	}
	switch errno := c.send(p, raw); errno {
	case 0:
		return nil
	case unix.EAGAIN:
		c.block()
		return c.enqueue(p, raw)
	case unix.EMSGSIZE:
		return transport.ErrTooBig
	default:
		err := c.sendError(raw, errno)
		c.stats.Errors++
		c.stats.LastError = err
		return err
	}
}

// mustQueue says whether a packet to raw has to wait behind others.
func (c *Conn) mustQueue(raw *sockaddr.Raw) bool {
	if c.fd < 0 {
		return true
	}
	if c.readinessTells() {
		return c.is(blocked)
	}
	return c.queue.has(raw) // each receiver has its own queue in the kernel
}

func (c *Conn) enqueue(p []byte, raw *sockaddr.Raw) error {
	if !c.fits(len(p)) {
		c.state |= owed
		c.stats.Full++
		return transport.ErrFull
	}
	c.queue.push(p, raw, c.loop.Now())
	c.stats.HighWater = max(c.stats.HighWater, c.queue.len())
	return nil
}

func (c *Conn) fits(n int) bool {
	return c.queue.len() < c.cfg.QueuePackets && c.queue.bytes+n <= c.cfg.HighMark
}

// flush sends what is queued.
func (c *Conn) flush() {
	switch {
	case c.queue.len() == 0 || c.fd < 0 || c.is(blocked) && c.readinessTells():
	case c.cfg.Scheme.IsIP():
		c.flushBatches()
	default:
		c.flushEach()
	}
}

// flushEach sends packet by packet. Where each receiver has its own queue, one
// that is full does not hold up the others.
func (c *Conn) flushEach() {
	c.stuck = c.stuck[:0]
	now := c.loop.Now()
	c.queue.filter(func(k *packet) (keep bool) {
		if c.isStuck(&k.to) {
			return !c.expired(k, now)
		}
		switch errno := c.send(c.queue.data(k), &k.to); errno {
		case 0:
			return false
		case unix.EAGAIN:
			c.stuck = append(c.stuck, k.to)
			return !c.expired(k, now)
		default:
			c.report(c.sendError(&k.to, errno))
			return false
		}
	})
	c.state &^= blocked
	if c.queue.len() > 0 {
		c.block()
	}
}

// isStuck says that a packet to raw would have to overtake another.
func (c *Conn) isStuck(raw *sockaddr.Raw) bool {
	if c.readinessTells() {
		return len(c.stuck) > 0
	}
	for i := range c.stuck {
		if c.stuck[i].Equal(raw) {
			return true
		}
	}
	return false
}

// expired drops a packet whose receiver has been stuck for too long.
func (c *Conn) expired(k *packet, now time.Time) bool {
	if c.readinessTells() || c.cfg.CloseTimeout < 0 || now.Sub(k.since) < c.cfg.CloseTimeout {
		return false
	}
	c.report(&transport.OpError{Op: "send", Addr: c.address(&k.to), Err: transport.ErrTimeout})
	return true
}

// block arranges to go on later.
func (c *Conn) block() {
	c.state |= blocked
	switch {
	case c.readinessTells():
		c.watch()
	case !c.retry.Active():
		c.retry = c.loop.After(retryAfter, c.cfg.Name, func() {
			c.state &^= blocked
			c.later()
		})
	}
}

// readinessTells says that epoll knows when to go on: not for a Unix socket
// that is not connected, which is always ready.
func (c *Conn) readinessTells() bool { return c.cfg.Connected || c.cfg.Scheme.IsIP() }

func (c *Conn) ipFamily() int {
	if c.cfg.Scheme.IsIP() {
		return c.family
	}
	return 0
}

// address decodes a destination; zero stands for the remote.
func (c *Conn) address(raw *sockaddr.Raw) address.Address {
	if raw.IsZero() {
		return c.cfg.Remote
	}
	return raw.Address(c.cfg.Scheme)
}

// sendError says which packet failed, and how.
func (c *Conn) sendError(raw *sockaddr.Raw, errno unix.Errno) error {
	if errno == unix.EMSGSIZE {
		return &transport.OpError{Op: "send", Addr: c.address(raw), Err: transport.ErrTooBig}
	}
	return &transport.OpError{Op: "send", Addr: c.address(raw), Err: os.NewSyscallError("sendto", errno)}
}
