package stream

import "time"

// What callbacks of one turn wrote is sent together at its end, connection by
// connection. A peer on this machine is then woken once, finds many answers
// and works on them while we send the rest; if each was sent when its callback
// returned, both sides would sleep and wake for each, which costs more than the
// work. To keep the memory of the queues in the processor's cache, and answers
// from waiting for slow handlers of others, not too much is kept for not too
// long.
const (
	mostUnsent = 256 << 10 // bytes
	unsentTime = 500 * time.Microsecond
)

// unsent is the connections of a loop that have something to send.
type unsent struct {
	conns  []*Conn
	bytes  int
	since  time.Time
	queued bool // OnTurnEnd will come
}

// postpone leaves what is queued to the end of the turn. It returns false when
// that is too much, or there is something else to see to.
func (c *Conn) postpone() bool {
	n := c.Queued()
	if n == 0 || n > mostUnsent/4 || c.set.packets || c.is(blocked|owed|closing|finWanted|broken|dead) {
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

// send sends what was postponed. Nearly always that is all there is to do for a connection.
func (l *local) send() {
	u := &l.unsent
	for i, c := range u.conns {
		u.conns[i] = nil
		c.flush()
		if c.out != nil || c.is(blocked|owed|closing|finWanted|broken|dead) {
			c.later()
		}
	}
	u.conns, u.bytes = u.conns[:0], 0
}

// OnTurnEnd implements reactor.Ender.
func (l *local) OnTurnEnd() {
	l.unsent.queued = false
	l.send()
}
