package transporttest

import (
	"errors"
	"syscall"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
)

// memConn is one end of a stream in memory. The other end is reached only by
// posting to its loop.
type memConn struct {
	net           *Network
	loop          *reactor.Loop
	options       transport.Options
	h             transport.Handler
	local, remote address.Address
	listener      *memListener
	peer          *memConn
	limit         reactor.Timer
	stats         transport.Stats
	id            uint64

	out    []byte    // not sent yet
	acked  uint64    // bytes that the other side's handler was given
	credit int       // bytes that may be sent before the other side took some
	sent   int       // for CutAfter
	inbox  []segment // arrived, not handed over yet
	err    error

	isOpen, busy, queued, paused, eof, owed, finWanted, finSent, closing, dead, gone bool
}

// segment is what travels: bytes, the end of stream, or a reset.
type segment struct {
	due      time.Time
	data     []byte
	fin, rst bool
}

func newMemConn(n *Network, l *reactor.Loop, o transport.Options, h transport.Handler) *memConn {
	c := &memConn{net: n, loop: l, options: o.WithDefaults(), h: h, credit: n.faults.Window, id: n.next()}
	c.stats.Opened = l.Now()
	l.Hold()
	return c
}

// guarded runs callbacks; one that panics ends the connection, and the loop
// recovers it.
func (c *memConn) guarded(f func()) {
	returned := false
	defer func() {
		if !returned {
			c.busy = false
			c.Abort(c.fault("handle", errPanic))
		}
	}()
	f()
	returned = true
}

var errPanic = errors.New("handler panicked")

func (c *memConn) call(f func()) {
	c.busy = true
	f()
	c.busy = false
}

// connected is told by the listener.
func (c *memConn) connected(server *memConn) {
	c.peer = server
	if c.dead { // cancelled meanwhile
		c.send(segment{rst: true})
		return
	}
	c.limit.Cancel()
	c.open()
}

func (c *memConn) open() {
	c.isOpen = true
	c.guarded(func() {
		c.call(func() { c.h.OnOpen(c) })
		c.settle()
	})
}

// OnTurnEnd implements reactor.Ender.
func (c *memConn) OnTurnEnd() {
	c.queued = false
	c.guarded(func() {
		if c.isOpen && !c.dead {
			c.settle()
			c.limitClose()
		}
		if c.dead && !c.gone {
			c.gone = true
			if c.listener != nil {
				c.listener.stats.Open--
			}
			c.h.OnClose(c, c.err)
		}
	})
}

func (c *memConn) later() {
	if !c.queued {
		c.queued = true
		c.loop.Later(c)
	}
}

func (c *memConn) limitClose() {
	if c.closing && !c.dead && !c.limit.Active() {
		before := c.stats.BytesOut
		c.limit = c.loop.After(c.options.CloseTimeout, "close", func() {
			if c.eof && c.stats.BytesOut > before {
				c.limitClose()
				return
			}
			c.Abort(c.fault("write", transport.ErrTimeout))
		})
	}
}

// settle sends, tells of a drained queue, and ends what is to be ended.
func (c *memConn) settle() {
	c.flush()
	if c.owed && !c.dead && !c.closing && len(c.out) <= c.options.LowMark {
		c.owed = false
		c.call(func() { c.h.OnDrain(c) })
		c.flush()
		if c.owed && len(c.out) <= c.options.LowMark {
			c.later()
		}
	}
	if c.dead || len(c.out) > 0 {
		return
	}
	if (c.finWanted || c.closing) && !c.finSent {
		c.finSent = true
		c.send(segment{fin: true})
	}
	if c.closing || c.finSent && c.eof {
		c.end(nil)
	}
}

func (c *memConn) flush() {
	n := min(len(c.out), c.credit)
	if n == 0 || !c.isOpen || c.dead {
		return
	}
	cut := c.net.faults.CutAfter
	if cut > 0 {
		n = min(n, cut-c.sent)
	}
	c.credit -= n
	c.sent += n
	c.stats.BytesOut += uint64(n)
	c.stats.Writes++
	c.send(segment{data: append([]byte{}, c.out[:n]...)})
	if c.out = c.out[n:]; len(c.out) == 0 {
		c.out = nil
	}
	if cut > 0 && c.sent >= cut {
		c.send(segment{rst: true})
		c.end(c.fault("write", syscall.ECONNRESET))
	}
}

// send puts a segment on its way.
func (c *memConn) send(s segment) {
	if peer := c.peer; peer != nil {
		s.due = c.net.due()
		post(peer.loop, func() { peer.arrive(s) })
	}
}

// end is like closing a descriptor; OnClose comes at the end of the turn.
func (c *memConn) end(err error) {
	if c.dead {
		return
	}
	for _, s := range c.inbox {
		c.acknowledge(len(s.data), false) // taken and forgotten, like what is still to come
	}
	c.dead, c.err, c.out, c.inbox = true, err, nil, nil
	c.limit.Cancel()
	c.loop.Release()
	c.later()
}

// Close implements transport.Conn.
func (c *memConn) Close() error {
	switch {
	case c.dead:
	case !c.isOpen:
		c.end(c.fault("connect", transport.ErrClosed))
	default:
		c.closing = true
		c.later()
	}
	return nil
}

// Abort implements transport.Conn.
func (c *memConn) Abort(err error) {
	if !c.dead {
		c.send(segment{rst: true})
		c.end(err)
	}
}

// CloseWrite implements transport.Conn.
func (c *memConn) CloseWrite() error {
	c.finWanted = true
	c.later()
	return nil
}

// Write implements transport.Conn.
func (c *memConn) Write(p []byte) error {
	switch {
	case c.closing || c.finWanted || c.dead:
		return transport.ErrClosed
	case len(p) > c.options.HighMark:
		return transport.ErrTooBig
	case len(c.out)+len(p) > c.options.HighMark:
		if c.flush(); len(c.out)+len(p) > c.options.HighMark {
			c.owed = true
			return transport.ErrFull
		}
	}
	c.out = append(c.out, p...)
	c.stats.HighWater = max(c.stats.HighWater, len(c.out))
	c.owed = c.owed || len(c.out) > c.options.LowMark
	if !c.busy {
		c.later()
	}
	return nil
}

func (c *memConn) fault(op string, err error) error {
	return &transport.OpError{Op: op, Addr: c.remote, Err: err}
}
