package stream

import (
	"os"

	"github.com/ed-toolbox/ed/transport"
	"golang.org/x/sys/unix"
)

// readable says that the handler wants what the peer sends.
func (c *Conn) readable() bool {
	return !c.is(connecting | paused | eof | closing | dead)
}

// Pause implements transport.Conn.
func (c *Conn) Pause() {
	c.state |= paused
	c.loop.ahead.keep(c)
	if c.is(broken) {
		c.later() // nobody else would end it if nothing waits
	}
	if !c.is(busy | dead | connecting) {
		c.watch()
	}
}

// Resume implements transport.Conn.
func (c *Conn) Resume() {
	c.state &^= paused
	if c.is(dead | connecting) {
		return
	}
	if !c.is(busy) {
		c.watch()
	}
	if c.set.toEnd || c.is(broken|fetched) {
		c.source.Again() // the kernel will not tell
	}
}

// read hands over what the kernel has, up to the budget. A read that filled
// less than was offered emptied the kernel's buffer, so no second one is made
// to hear EAGAIN; an end of stream behind it keeps the descriptor ready.
func (c *Conn) read() {
	switch {
	case c.is(lingering):
		c.linger()
		return
	case c.hears():
		c.hearOut()
		return
	case c.set.way == Out:
		c.lookForReader()
		return
	}
	if c.set.packets {
		c.readPackets()
		return
	}
	buf := c.loop.Buffer()
	for budget := c.set.ReadBudget; c.readable(); {
		p := buf[:min(len(buf), budget)]
		var n int
		var errno unix.Errno
		if c.is(fetched) {
			p, n, errno = c.loop.ahead.take(c)
		} else {
			n, errno = c.recv(p)
		}
		switch {
		case errno == unix.EINTR:
			continue
		case errno == unix.EAGAIN:
			c.giveUp()
			return
		case errno != 0:
			c.end(c.fault("read", os.NewSyscallError(c.call("recv", "read"), errno)))
			return
		case n == 0:
			c.endOfStream()
			return
		}
		c.in += uint64(n)
		c.reads++
		c.state |= busy
		c.h.OnData(c, p[:n:n]) // behind it may be what was fetched for another
		c.state &^= busy
		if n == len(p) || c.set.toEnd || c.is(broken) {
			c.settle()
		}
		if budget -= n; budget <= 0 && c.readable() {
			c.source.Again()
			return
		}
		if n < len(p) && !c.is(broken) && !c.set.toEnd {
			return
		}
	}
}

// endOfStream deals with the peer's end of stream. The replies still queued go out
// before anything is closed.
func (c *Conn) endOfStream() {
	c.state |= eof
	if c.giveUp() {
		return
	}
	e, ok := c.h.(transport.EOFHandler)
	if !ok {
		c.Close()
		return
	}
	c.state |= busy
	e.OnEOF(c)
	c.state &^= busy
}

// giveUp ends a connection whose writing had failed, now that nothing more can
// be read from it.
func (c *Conn) giveUp() bool {
	if !c.is(broken) {
		return false
	}
	c.end(c.rare.err)
	return true
}
