package stream

import (
	"os"

	"github.com/ed-toolbox/ed/transport"
	"golang.org/x/sys/unix"
)

// direct is the size from which a write does not take the way through the
// queue if that is empty: copying would cost more than the call.
const direct = 64 << 10

// Write implements transport.Conn.
func (c *Conn) Write(p []byte) error {
	if c.is(closing | finWanted | broken | dead) {
		return transport.ErrClosed
	}
	if err := c.checkPacket(p); err != nil {
		return err
	}
	waiting := c.Queued()
	if waiting+len(p) > c.set.HighMark {
		if err := c.makeRoom(len(p)); err != nil {
			return err
		}
		waiting = c.Queued()
	}
	if waiting == 0 && len(p) >= direct && !c.set.packets && !c.set.lines && !c.is(blocked|connecting) {
		n, errno := c.send(p)
		switch {
		case errno == 0:
			c.to += uint64(n)
			c.writes++
			p = p[n:]
			if len(p) > 0 {
				c.state |= blocked
			}
		case errno == unix.EAGAIN:
			c.state |= blocked
		case errno != unix.EINTR:
			c.breakWrite(errno)
			return transport.ErrClosed
		}
	}
	if len(p) == 0 {
		return nil
	}
	c.append(p)
	if !c.is(busy) {
		c.later()
	}
	return nil
}

// makeRoom tries to get n more bytes under the high mark.
func (c *Conn) makeRoom(n int) error {
	if n > c.set.HighMark {
		return transport.ErrTooBig
	}
	c.flush()
	switch {
	case c.is(broken | dead):
		return transport.ErrClosed
	case c.Queued()+n > c.set.HighMark:
		c.state |= owed
		return transport.ErrFull
	}
	return nil
}

// append queues p.
func (c *Conn) append(p []byte) {
	if c.out == nil {
		c.out = c.loop.pool.get(max(int(c.hint), classOf(len(p))))
	}
	c.out = c.loop.pool.append(c.out, p)
	if c.set.packets {
		c.out.sizes = append(c.out.sizes, uint32(len(p)))
	}
	n := c.out.len()
	if n > c.set.LowMark {
		c.state |= owed
	}
	c.high = max(c.high, uint32(n))
}

// flush sends what is queued, as far as the kernel takes it.
func (c *Conn) flush() {
	if c.set.packets {
		c.flushPackets()
		return
	}
	for c.out != nil && !c.is(blocked|connecting|dead) {
		b := c.out.rest()
		if c.set.lines {
			b = piece(b)
		}
		n, errno := c.send(b)
		c.sent(len(b), n, errno)
	}
}

// sent is told what became of a call that was to send so many of the bytes queued.
func (c *Conn) sent(size, n int, errno unix.Errno) {
	if errno != 0 {
		c.notSent(errno)
		return
	}
	c.to += uint64(n)
	c.writes++
	if n == c.out.len() {
		c.hint = nextHint(c.out, n)
		c.drop()
		return
	}
	if c.out.off += n; n < size {
		c.block()
	}
}

// notSent is told of a call that sent nothing.
func (c *Conn) notSent(errno unix.Errno) {
	switch errno {
	case unix.EINTR:
	case unix.EAGAIN:
		c.block()
	default:
		c.breakWrite(errno)
	}
}

// block waits for write readiness. What is left may be little, and the wait
// long: it moves to a buffer of its size.
func (c *Conn) block() {
	c.state |= blocked
	c.out = c.loop.pool.shrink(c.out)
}

// drop gives the queue's buffer back.
func (c *Conn) drop() {
	if c.out != nil {
		c.loop.pool.put(c.out)
		c.out = nil
	}
}

// breakWrite notes that the peer takes nothing any more. What it sent before
// it went is still read; then the connection ends with this error.
func (c *Conn) breakWrite(errno unix.Errno) {
	c.lazy().err = c.fault("write", os.NewSyscallError(c.call("send", "write"), errno))
	c.state = c.state&^blocked | broken
	c.discardQueue()
	if c.beyond() {
		c.end(c.rare.err)
		return
	}
	c.source.Again()
	if !c.is(busy) {
		c.later()
	}
}

// beyond says that nothing more will come of a connection whose writing
// failed. A handler that paused may resume and hear what waits; if it waits for
// the queue, which is gone, OnDrain tells it.
func (c *Conn) beyond() bool {
	if !c.is(broken) || c.readable() {
		return false
	}
	return c.is(eof|closing|connecting) || !c.is(owed) && !c.unread()
}

// unread says whether there is anything left for a handler that paused.
func (c *Conn) unread() bool {
	if c.is(fetched) && len(c.rare.held.p) > 0 {
		return true
	}
	n, err := unix.IoctlGetInt(int(c.fd), unix.TIOCINQ)
	return err == nil && n > 0
}
