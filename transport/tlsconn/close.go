package tlsconn

import (
	"errors"

	"github.com/ed-toolbox/ed/transport"
)

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

// Close implements transport.Conn. A handshake is waited for only by a server that has something queued.
func (c *Conn) Close() error {
	switch {
	case c.is(closing | dead):
	case c.is(isOpen) || c.set.role == server && c.took > 0:
		c.state |= closing
		c.later()
	default:
		if c.set.role == client {
			c.err = c.fault("connect", transport.ErrClosed)
		}
		c.leave()
	}
	return nil
}

// Abort implements transport.Conn.
func (c *Conn) Abort(err error) {
	if c.is(dead) {
		return
	}
	if c.err == nil {
		c.err = err
	}
	c.state |= closing | leaving
	c.drop()
	c.below.Abort(err)
	c.adieu()
}

// afterFlush goes on once everything is encrypted: half-close, or end.
func (c *Conn) afterFlush() {
	if c.is(finWanted|closing) && !c.is(finSent|broken) {
		c.state |= finSent
		_ = c.tls.CloseWrite() // it fails only if the connection below is broken, which ends it
		if !c.is(closing) {
			_ = c.below.CloseWrite()
		}
	}
	if c.is(closing) || c.is(finSent) && c.is(eof) {
		c.leave()
	}
}

// leave has the connection below sent what it holds and closed; it has a deadline of its own for that.
func (c *Conn) leave() {
	if !c.is(leaving) {
		c.state |= closing | leaving
		c.drop()
		_ = c.below.Close()
		c.adieu()
	}
}

// adieu sees to the end where no connection is below any more to tell of it.
func (c *Conn) adieu() {
	if c.is(orphan) {
		c.later()
	}
}

// fail ends the connection because of the peer, which is told why by an alert that is on its way already.
func (c *Conn) fail(op string, err error) {
	if c.err == nil {
		c.err = c.fault(op, err)
	}
	c.leave()
}

// limitClose gives the queue a deadline if Close did not send it at once.
func (c *Conn) limitClose() {
	if !c.is(closing) || c.is(dead|leaving) || c.set.CloseTimeout < 0 || c.timer.Active() {
		return
	}
	before := c.below.Stats().BytesOut
	c.timer = c.loop.After(c.set.CloseTimeout, c.set.Name, func() {
		if c.is(eof) && c.below.Stats().BytesOut > before {
			c.limitClose() // the peer has said all it had to, and still listens
			return
		}
		c.below.Abort(c.fault("write", transport.ErrTimeout))
	})
}

// closed is the end of the connection below, and so of this one.
func (c *Conn) closed(err error) {
	c.timer.Cancel()
	if c.is(shaking) {
		c.half.shake.fail(errHungUp)
	}
	if c.alarm != nil {
		c.alarm.Stop()
	}
	c.account()
	if err == nil && c.is(isOpen) && c.is(unread) && !c.is(eof|closing) {
		// Both streams have ended, but the handler paused before the last of what came.
		c.state |= orphan
		c.half.ended = true
		c.loop.Hold()
		return
	}
	c.finish(c.verdict(err))
}

// finish delivers OnClose.
func (c *Conn) finish(err error) {
	c.drop()
	c.half.in = nil
	c.state |= dead
	c.h.OnClose(c, err)
}

// verdict is the error of OnClose.
func (c *Conn) verdict(err error) error {
	var op *transport.OpError
	switch {
	case c.err != nil:
		return c.err
	case err == nil && c.is(shaking) && !c.is(closing):
		return c.fault("handshake", errHungUp)
	case err == nil:
		return nil
	case c.is(eof) && c.gone == c.took && !c.lacks() && !errors.Is(err, transport.ErrTimeout) && errors.As(err, &op) && (op.Op == "read" || op.Op == "write"):
		return nil // the peer had said that it was done, and did not wait for us to say so
	}
	return raise(err)
}

// lacks says that the peer's kernel never acknowledged all plaintext that it was sent.
func (c *Conn) lacks() bool {
	n, known := c.Unacked()
	return known && n > 0
}
