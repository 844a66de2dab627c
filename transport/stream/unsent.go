package stream

import (
	"time"
	"unsafe"
)

// What callbacks of one turn wrote is sent together at its end, connection by
// connection. A peer on this machine is then woken once, finds many answers
// and works on them while we send the rest; if each was sent when its callback
// returned, both sides would sleep and wake for each, which costs more than the
// work. To keep the memory of the queues in the processor's cache, and answers
// from waiting for slow handlers of others, not too much is kept for not too
// long.
const (
	mostUnsent = 256 << 10 // bytes
	longAnswer = 16 << 10  // bytes of one connection that do not wait: its peer has enough to do with them
	unsentTime = 500 * time.Microsecond
)

// unsent is the connections of a loop that have something to send.
type unsent struct {
	conns  []*Conn
	bytes  int
	since  time.Time
	queued bool     // OnTurnEnd will come
	calls  [64]call // of some of them
}

// postpone leaves what is queued to the end of the turn. It returns false when
// that is too much, or there is something else to see to.
func (c *Conn) postpone() bool {
	n := c.Queued()
	if n == 0 || n > longAnswer || c.set.packets || c.is(blocked|owed|closing|finWanted|broken|dead) {
		return false
	}
	l := c.loop
	u := &l.unsent
	switch {
	case len(u.conns) == 0:
		u.since = l.Now()
	case u.bytes+n > mostUnsent || len(u.conns)%8 == 0 && l.Now().Sub(u.since) > unsentTime:
		l.send()
		u.since = l.Now()
	}
	if !u.queued {
		u.queued = true
		l.Later(l)
	}
	u.conns = append(u.conns, c)
	u.bytes += n
	return true
}

// send sends what was postponed.
func (l *local) send() {
	u := &l.unsent
	for left := u.conns; len(left) > 0; {
		some := left[:min(len(left), len(u.calls))]
		left = left[len(some):]
		l.sendSome(some)
		clear(some)
	}
	u.conns, u.bytes = u.conns[:0], 0
}

// sendSome sends what was postponed of some connections. For nearly all of them one call is all there is to do.
func (l *local) sendSome(conns []*Conn) {
	calls, usual := l.unsent.calls[:0], conns[:0] // usual takes the places of those that were looked at
	for _, c := range conns {
		if c.out == nil || c.is(blocked|connecting|dead) || c.set.plain {
			c.flush()
			c.seeTo()
			continue
		}
		b := c.out.rest()
		calls, usual = append(calls, call{int(c.fd), unsafe.SliceData(b), len(b), 0}), append(usual, c)
	}
	if len(calls) == 0 {
		return
	}
	sendAll(calls)
	for i, c := range usual {
		call := &calls[i]
		call.p = nil // nobody may need the buffer any more
		n, errno := call.result()
		c.sent(call.size, n, errno)
		c.flush() // after an EINTR
		c.seeTo()
	}
}

// seeTo leaves to the end of the turn what there is to do when sending was not all.
func (c *Conn) seeTo() {
	if c.out != nil || c.is(blocked|owed|closing|finWanted|broken|dead) {
		c.later()
	}
}

// OnTurnEnd implements reactor.Ender.
func (l *local) OnTurnEnd() {
	l.unsent.queued = false
	l.send()
}
