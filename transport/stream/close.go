package stream

import (
	"os"
	"time"

	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
	"golang.org/x/sys/unix"
)

// lingerTime is how long unread input is discarded after the queue went out.
const lingerTime = time.Second

// CloseWrite implements transport.Conn.
func (c *Conn) CloseWrite() error {
	if c.is(finWanted | closing | dead) {
		return nil
	}
	c.state |= finWanted
	if !c.is(busy) {
		c.later()
	}
	return nil
}

// Close implements transport.Conn.
func (c *Conn) Close() error {
	switch {
	case c.is(closing | dead):
	case c.is(connecting) && c.set.dialled:
		c.end(&transport.OpError{Op: "connect", Addr: c.Remote(), Err: transport.ErrClosed})
	default:
		c.forget()
		c.state |= closing
		c.later()
	}
	return nil
}

// Abort implements transport.Conn.
func (c *Conn) Abort(err error) {
	if c.is(dead) {
		return
	}
	if c.fd >= 0 && c.set.scheme.IsIP() && !c.is(connecting) {
		// The peer must not take what it got for the whole.
		_ = unix.SetsockoptLinger(int(c.fd), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	}
	c.end(err)
}

// afterFlush goes on once the queue is empty: half-close, or end.
func (c *Conn) afterFlush() {
	if c.is(finWanted) && !c.is(finSent) {
		c.sendEOF()
	}
	switch {
	case c.is(lingering | dead):
	case c.is(closing):
		c.linger()
	case c.is(finSent) && c.is(eof):
		c.end(nil) // nothing can happen any more
	}
}

func (c *Conn) sendEOF() {
	c.state |= finSent
	switch {
	case c.set.pair != nil:
		c.releaseOut()
	case !c.set.plain:
		// It fails only if the peer is gone, which reading would tell; but at the end of stream nothing is read.
		if err := unix.Shutdown(int(c.fd), unix.SHUT_WR); err != nil && c.is(eof) {
			c.end(c.fault("write", c.pending(err)))
		}
	}
}

// pending is the error that the socket keeps for us, or else.
func (c *Conn) pending(otherwise error) error {
	if err := sockaddr.Pending(int(c.fd)); err != nil {
		return os.NewSyscallError("send", err)
	}
	return os.NewSyscallError("shutdown", otherwise)
}

// linger closes the descriptor when nothing unread is left on it: closing it
// before would make the kernel send a reset, and the peer might lose the last
// reply. A peer that is still sending is heard out, for a while.
func (c *Conn) linger() {
	if c.is(eof) || c.set.plain && !c.set.hearOut {
		c.end(nil)
		return
	}
	n, more, over := c.discard()
	if over || n == 0 && !c.is(lingering) && !c.set.hearOut { // nothing came: the usual case
		c.end(nil)
		return
	}
	c.startLinger()
	if more {
		c.source.Again()
	}
}

// discard drops what has come, up to the budget of a turn. There may be more at
// once, or it is over: nothing comes any more.
func (c *Conn) discard() (n int, more, over bool) {
	buf := c.loop.Buffer()
	for n < c.set.ReadBudget {
		k, errno := c.recv(buf)
		switch {
		case errno == unix.EINTR:
		case errno == unix.EAGAIN:
			return n, false, false
		case errno != 0 || k == 0:
			return n, false, true
		default:
			n += k
			c.in += uint64(k)
			c.reads++
		}
	}
	return n, true, false
}

func (c *Conn) startLinger() {
	if c.is(lingering) {
		return
	}
	c.state |= lingering
	if !c.is(finSent) {
		c.sendEOF()
	}
	c.deadline(lingerTime, func() { c.end(nil) })
}

// limitClose gives the queue a deadline if Close did not send it at once.
func (c *Conn) limitClose() {
	if !c.is(closing) || c.is(dead|lingering) || c.set.CloseTimeout < 0 || c.lazy().timer.Active() {
		return
	}
	before := c.to
	c.deadline(c.set.CloseTimeout, func() {
		if c.is(eof) && c.to > before {
			c.limitClose() // the peer has said all it had to, and still listens
			return
		}
		c.Abort(c.fault("write", transport.ErrTimeout))
	})
}

// deadline replaces the timer of c.
func (c *Conn) deadline(d time.Duration, f func()) {
	r := c.lazy()
	r.timer.Cancel()
	r.timer = c.loop.After(d, c.set.Name, f)
}

func (c *Conn) lazy() *rare {
	if c.rare == nil {
		c.rare = new(rare)
	}
	return c.rare
}

// end closes the descriptor. OnClose comes at the end of the turn, so that it
// never comes from inside a call of the handler.
func (c *Conn) end(err error) {
	if c.is(dead) {
		return
	}
	c.forget()
	c.keepUnacked()
	c.discardQueue()
	c.state = c.state&(queued|connecting) | dead
	if c.rare != nil {
		c.rare.timer.Cancel()
		if d := c.rare.dial; d != nil {
			d.release(nil)
			if d.cancel != nil {
				d.cancel()
			}
		}
		c.rare.dial = nil
	}
	if err != nil {
		c.lazy().err = err
	}
	c.release()
	c.later()
}

// release closes the descriptor.
func (c *Conn) release() {
	if c.fd >= 0 {
		c.source.Remove()
		c.giveBack(int(c.fd))
		c.fd = -1
	}
	c.releaseOut()
}

// finish delivers OnClose.
func (c *Conn) finish() {
	if c.is(ended) {
		return
	}
	c.state |= ended
	if l := c.set.listener; l != nil {
		l.gone()
	}
	var err error
	if c.rare != nil {
		err = c.rare.err
	}
	c.h.OnClose(c, err)
}
