package tlsconn

import (
	"crypto/tls"
	"time"

	"github.com/ed-toolbox/ed/transport"
)

// role is which side of the handshake is ours.
type role uint8

const (
	client role = iota
	server
)

// start begins the handshake, on a goroutine of its own: it computes for a millisecond or so, and crypto/tls cannot be
// interrupted in it.
func (c *Conn) start() {
	x := newExchange(c.loop, c.tend)
	c.state |= shaking
	c.half.shake = x
	c.half.name = peerName(c.below.Remote().String())
	if d := c.patience(); d > 0 {
		// Not a timer of the loop: the goroutine must end even if the loop never turns again.
		c.alarm = time.AfterFunc(d, func() {
			x.fail(transport.ErrTimeout)
			_ = x.loop.PostWait(c.late) // a loop that is closed has nothing to end
		})
	}
	go shake(x, c.set, &c.half, c.shaken)
}

// patience is how long the handshake may take; negative: for ever. A client is given no more than what connecting has
// left of its time.
func (c *Conn) patience() time.Duration {
	d := c.set.config.options.HandshakeTimeout
	if c.set.role == server || c.set.ConnectTimeout < 0 {
		return d
	}
	left := max(1, c.set.ConnectTimeout-c.loop.Now().Sub(c.opened))
	if d < 0 {
		return left
	}
	return min(d, left)
}

// outcome is how a handshake ended.
type outcome struct {
	conn *tls.Conn
	err  error
	change
}

// shake is the goroutine. It touches nothing of the connection but its half.
func shake(x *exchange, set *settings, h *half, done func(outcome)) {
	m, what := set.config.look()
	x.enter()
	o := outcome{change: what}
	if set.role == server {
		o.conn = tls.Server(h, m.server)
	} else {
		config := m.client.Clone()
		config.ServerName = set.host
		o.conn = tls.Client(h, config)
	}
	o.err = o.conn.Handshake()
	x.leave()
	_ = x.loop.PostWait(func() { done(o) }) // a loop that is closed has nobody to tell
}

// tend sends what the handshake wrote.
func (c *Conn) tend() {
	x := c.half.shake
	if x == nil || c.is(dead) {
		return
	}
	out, room := x.take()
	if len(out) > 0 && c.below.Write(out) == nil { // an error is one that the connection below ends with
		c.given += uint64(len(out))
	}
	if room {
		c.below.Resume()
	}
}

// late ends a handshake that takes too long.
func (c *Conn) late() {
	if c.is(shaking) && !c.is(dead|leaving) {
		c.below.Abort(c.fault("handshake", transport.ErrTimeout))
	}
}

// shaken takes the connection over from the handshake.
func (c *Conn) shaken(o outcome) {
	c.tend()
	rest := c.half.shake.rest()
	c.half.shake = nil
	c.report(o.change)
	if c.alarm != nil {
		c.alarm.Stop()
	}
	c.tls = o.conn
	c.state &^= shaking
	c.half.in = rest
	switch {
	case c.is(dead | leaving):
		return
	case o.err != nil:
		c.fail("handshake", Explain(o.err))
		return
	case c.is(paused):
		c.below.Pause()
	default:
		c.below.Resume()
	}
	c.opened = c.loop.Now()
	c.guarded(c.open)
}

// report tells of certificates that were exchanged.
func (c *Conn) report(what change) {
	switch {
	case !what.seen:
	case what.err != nil:
		c.set.Logger.Warn("certificate files have changed and cannot be used, the old ones stay", "connection", c.set.Name, "error", what.err)
	default:
		c.set.Logger.Info("certificate files read again", "connection", c.set.Name)
	}
}

// open tells the handler that the connection can be used, and goes on with what came behind the handshake.
func (c *Conn) open() {
	c.state |= isOpen
	c.state |= busy
	c.h.OnOpen(c)
	c.state &^= busy
	c.settle()
	c.read()
	c.limitClose()
}
