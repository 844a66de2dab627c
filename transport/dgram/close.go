package dgram

import (
	"github.com/ed-toolbox/ed/transport"
	"golang.org/x/sys/unix"
)

// Close implements transport.PacketConn.
func (c *Conn) Close() error {
	if !c.is(closing | dead) {
		c.state |= closing
		c.later()
	}
	return nil
}

// Abort implements transport.PacketConn.
func (c *Conn) Abort(err error) { c.end(err) }

// limitClose gives the queue a deadline if Close did not send it at once.
func (c *Conn) limitClose() {
	if !c.is(closing) || c.is(dead) || c.cfg.CloseTimeout < 0 || c.limit.Active() {
		return
	}
	c.limit = c.loop.After(c.cfg.CloseTimeout, c.cfg.Name, func() { c.end(c.opError("send", transport.ErrTimeout)) })
}

// end closes the descriptor; OnClose comes at the end of the turn.
func (c *Conn) end(err error) {
	if c.is(dead) {
		return
	}
	c.state |= dead
	c.err = err
	c.retry.Cancel()
	c.limit.Cancel()
	c.queue.drop()
	c.held = nil
	if c.fd >= 0 {
		c.source.Remove()
		_ = unix.Close(c.fd)
		c.fd = -1
	}
	if c.ear != nil {
		c.ear.close()
		c.ear = nil
	}
	if c.cfg.Closed != nil {
		c.cfg.Closed()
	}
	c.later()
}

// finish delivers OnClose.
func (c *Conn) finish() {
	if !c.is(ended) {
		c.tellFault()
		c.state |= ended
		c.h.OnClose(c, c.err)
	}
}
