package reactor

import "math"

// find checks the handle.
func (t Timer) find(method string) *node {
	if t.loop == nil {
		return nil
	}
	t.loop.check(method)
	n, _ := t.node()
	return n
}

// node finds it unless the timer is gone; after Close all are.
func (t Timer) node() (n *node, ok bool) {
	chunks := t.loop.timed.wheel.nodes.chunks
	if k := int(t.key.id() >> chunkBits); k < len(chunks) {
		if n := &chunks[k][t.key%chunkSize]; n.gen == t.key.gen() {
			return n, true
		}
	}
	return nil, false
}

// drop ends a timer, if it has not ended yet.
func (t Timer) drop() {
	if n, ok := t.node(); ok {
		t.loop.end(t.key, n)
	}
}

// end gives the node of a timer back.
func (l *Loop) end(k key, n *node) {
	w := &l.timed.wheel
	if n.where >= inSlot {
		w.kill(n)
	} else if n.where != idle {
		w.disarm(n)
	}
	if n.kind == atDate {
		l.timed.dates.count--
	}
	if l.cur.id == k.id() && l.cur.kind == inTimer && l.cur.gen == k.gen() {
		l.cur.gone = l.timerName(n)
	}
	l.timed.calls.release(n.call)
	n.call = 0
	n.gen++ // handles do not match any more
	w.nodes.give(k.id())
}

// runTimers is step 2: all timers that were due when the turn began.
func (l *Loop) runTimers() {
	w := &l.timed.wheel
	for !l.stopping {
		id, ok := w.pop(l.limit)
		if !ok {
			return
		}
		l.fire(id, w.at(id))
	}
}

func (l *Loop) fire(id uint32, n *node) {
	missed, c := 0, l.timed.calls.at(n.call)
	switch n.kind {
	case atDate:
		if when, early := l.dateEarly(c.span); early {
			l.timed.wheel.set(id, n, when)
			return
		}
	case interval:
		late := (l.limit - n.when) / c.span
		l.timed.wheel.set(id, n, n.when+(late+1)*c.span)
		l.stats.missed += uint64(late)
		missed = int(min(late, math.MaxInt)) // which is 35 minutes of microseconds where an int has 32 bits
	}
	gen := n.gen
	l.cur.kind, l.cur.id, l.cur.gen = inTimer, id, gen
	l.stats.fired++
	if c.once != nil {
		c.once()
	} else {
		c.every(missed)
	}
	l.mark()
	if n.gen == gen && n.where == idle {
		Timer{l, newKey(id, gen)}.drop()
	}
}
