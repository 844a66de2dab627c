package transporttest

import (
	"slices"
	"syscall"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
)

// arrive takes a segment off the network. What comes for an end that is closed
// is taken and forgotten, as a lingering close does.
func (c *memConn) arrive(s segment) {
	if c.dead {
		c.acknowledge(len(s.data), false)
		return
	}
	c.inbox = append(c.inbox, s)
	if wait := time.Until(s.due); wait > 0 {
		c.loop.After(wait, "delay", c.process)
		return
	}
	c.process()
}

// Pause implements transport.Conn.
func (c *memConn) Pause() { c.paused = true }

// Resume implements transport.Conn.
func (c *memConn) Resume() {
	if c.paused {
		c.paused = false
		post(c.loop, c.process)
	}
}

// process hands over what has arrived.
func (c *memConn) process() {
	c.guarded(func() {
		for len(c.inbox) > 0 && c.isOpen && !c.paused && !c.dead && time.Until(c.inbox[0].due) <= 0 {
			s := c.inbox[0]
			switch {
			case s.rst:
				c.end(c.fault("read", syscall.ECONNRESET))
			case s.fin:
				c.inbox = c.inbox[1:]
				c.endOfStream()
			default:
				c.hand(s.data)
			}
		}
		c.settle()
	})
}

// hand gives the handler the next piece of the first segment.
func (c *memConn) hand(data []byte) {
	n := len(data)
	if c.net.faults.Chunk > 0 {
		n = min(n, c.net.faults.Chunk)
	}
	if c.inbox[0].data = data[n:]; n == len(data) {
		c.inbox = c.inbox[1:]
	}
	c.acknowledge(n, !c.closing)
	c.stats.BytesIn += uint64(n)
	c.stats.Reads++
	if !c.closing {
		c.call(func() { c.h.OnData(c, data[:n:n]) })
		c.settle()
	}
}

// acknowledge lets the other side send n more bytes, and tells whether these
// went to the handler.
func (c *memConn) acknowledge(n int, given bool) {
	if peer := c.peer; peer != nil && n > 0 {
		post(peer.loop, func() {
			peer.credit += n
			if given {
				peer.acked += uint64(n)
			}
			if peer.isOpen && !peer.dead {
				peer.guarded(peer.settle)
			}
		})
	}
}

func (c *memConn) endOfStream() {
	c.eof = true
	if c.closing {
		return
	}
	if h, ok := c.h.(transport.EOFHandler); ok {
		c.call(func() { h.OnEOF(c) })
		return
	}
	c.Close()
}

// SetHandler and the methods below implement transport.Conn.
func (c *memConn) SetHandler(h transport.Handler)              { c.h = h }
func (c *memConn) Local() address.Address                      { return c.local }
func (c *memConn) Remote() address.Address                     { return c.remote }
func (c *memConn) Peer() (cred transport.Credentials, ok bool) { return cred, false }
func (c *memConn) Queued() int                                 { return len(c.out) }
func (c *memConn) Congested() bool                             { return c.owed }
func (c *memConn) ID() uint64                                  { return c.id }

// Unacked implements transport.Acknowledger: what the other end's handler has not
// been given.
func (c *memConn) Unacked() (int, bool) { return int(c.stats.BytesOut - c.acked), true }

// Ended implements transport.Ending.
func (c *memConn) Ended() bool {
	return c.eof || c.closing || c.dead || slices.ContainsFunc(c.inbox, func(s segment) bool { return s.fin || s.rst })
}

// Stats implements transport.Conn.
func (c *memConn) Stats() transport.Stats {
	s := c.stats
	s.Queued = len(c.out)
	return s
}
