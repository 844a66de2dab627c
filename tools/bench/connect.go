package bench

import (
	"fmt"

	"github.com/ed-toolbox/ed/transport"
)

// attempt is one connection of a storm: it is dialled, and when it is there it has done its work.
type attempt struct {
	c         *client
	conn      transport.Conn
	due, sent int64
	open      bool
}

// try dials.
func (c *client) try(due, now int64) bool {
	w := c.w
	a := &attempt{c: c, due: due, sent: now}
	c.dialled = a
	w.left--
	w.inFlight++
	w.alive++
	w.sent(due, 0)
	conn, err := w.plan.open.Dial(w.loop, w.plan.target, w.media(), a)
	if err != nil {
		w.fail(err)
		return true
	}
	a.conn = conn
	return true
}

// done frees the client for the next attempt.
func (a *attempt) done() {
	w := a.c.w
	a.c.dialled = nil
	w.inFlight--
	w.settle(a.c)
}

// OnOpen implements transport.Handler. The connection is reset, so that no port stays taken for a minute.
func (a *attempt) OnOpen(conn transport.Conn) {
	w := a.c.w
	a.open, w.heard = true, true
	if w.phase == done {
		conn.Abort(nil)
		return
	}
	w.time = w.clock()
	w.record(a.due, a.sent)
	if w.plan.hold {
		w.held = append(w.held, conn)
	} else {
		conn.Abort(nil)
	}
	a.done()
}

// OnData implements transport.Handler.
func (a *attempt) OnData(_ transport.Conn, p []byte) { a.c.w.bytesIn += uint64(len(p)) }

// OnDrain implements transport.Handler.
func (a *attempt) OnDrain(transport.Conn) {}

// OnClose implements transport.Handler.
func (a *attempt) OnClose(_ transport.Conn, err error) {
	w := a.c.w
	w.alive--
	switch {
	case w.phase == done:
		w.stopIfClosed()
	case !a.open:
		w.time = w.clock()
		w.failed(err)
		a.done()
	case w.plan.hold:
		if err == nil {
			err = fmt.Errorf("the service closed the connection")
		}
		w.now.failure(err)
	}
}
