package reactor

import (
	"math"
	"time"
)

type timerKind uint8

const (
	oneShot timerKind = iota
	atDate
	interval
)

func (k timerKind) String() string {
	switch k {
	case atDate:
		return "date"
	case interval:
		return "interval"
	}
	return "once"
}

// shortest is the least interval: less would keep the loop from anything else.
const shortest = time.Microsecond

// Timer is a handle to a timer: small, to be copied. The zero Timer is none. A one-shot timer is gone when its callback
// has returned without arming it again, any timer after Cancel; handles of timers that are gone are harmless.
//
// A callback is never early: it comes at its time or, by at most the length of the turn and what the system
// adds, later. Due timers are called in the order of their times, equal ones in the order of arming. A timer armed in
// a turn is not called in that turn. Callbacks run on the loop's goroutine and must not block.
type Timer struct {
	loop *Loop
	id   uint32
	gen  uint32
}

// timers are a loop's timers.
type timers struct {
	wheel wheel
	calls calls
	dates dates
}

func (t *timers) init() { t.wheel.soonest, t.wheel.known = never, true }

// due says whether a timer may be due; next may be early, but not late.
func (t *timers) due(limit int64) bool { return t.wheel.pending > 0 && t.wheel.next() <= limit }

func (t *timers) close() {
	t.dates.close()
	*t = timers{}
	t.init()
}

// After has f called once, after d. The name is for people. On a closed loop, or without f, it gives the zero Timer.
func (l *Loop) After(d time.Duration, name string, f func()) Timer {
	l.check("After")
	if f == nil || l.poll.fd < 0 {
		return Timer{}
	}
	return l.newTimer(oneShot, l.timed.calls.share(name, f), l.later(d))
}

// At has f called once, when the wall clock has reached t: if the clock is set, the timer follows. A monotonic reading
// in t is not used.
func (l *Loop) At(t time.Time, name string, f func()) Timer {
	l.check("At")
	if f == nil || l.poll.fd < 0 {
		return Timer{}
	}
	date := unixNano(t)
	l.timed.dates.count++
	return l.newTimer(atDate, l.timed.calls.add(call{once: f, name: name, span: date}), l.dateDue(date))
}

// Every has f called each d, for the first time after d. The ticks are whole multiples of d after the start, however late
// a callback comes; missed says how many ticks were left out before this one because the loop was late. Less than a
// microsecond counts as one.
func (l *Loop) Every(d time.Duration, name string, f func(missed int)) Timer {
	l.check("Every")
	if f == nil || l.poll.fd < 0 {
		return Timer{}
	}
	d = max(d, shortest)
	return l.newTimer(interval, l.timed.calls.add(call{every: f, name: name, span: int64(d)}), l.later(d))
}

func (l *Loop) newTimer(k timerKind, call uint32, when int64) Timer {
	w := &l.timed.wheel
	id := w.nodes.take()
	n := w.at(id)
	n.gen++
	n.kind, n.call = k, call
	w.arm(id, l.notYet(when))
	return Timer{l, id, n.gen}
}

// Reset makes the timer due after d. It may be pending or, in its own callback, not; for an interval, d is also the time
// between ticks from now on; a date timer becomes an ordinary one. False: the timer is gone.
func (t Timer) Reset(d time.Duration) bool {
	n := t.find("Reset")
	if n == nil {
		return false
	}
	l := t.loop
	switch n.kind {
	case interval:
		d = max(d, shortest)
		l.timed.calls.at(n.call).span = int64(d)
	case atDate:
		n.kind = oneShot
		l.timed.dates.count--
	}
	t.rearm(n, l.later(d))
	return true
}

// ResetAt makes the timer due at a date. False: it is gone, or an interval.
func (t Timer) ResetAt(date time.Time) bool {
	n := t.find("ResetAt")
	if n == nil || n.kind == interval {
		return false
	}
	l := t.loop
	if n.kind != atDate {
		n.kind = atDate
		n.call = l.timed.calls.unshare(n.call)
		l.timed.dates.count++
	}
	c := l.timed.calls.at(n.call)
	c.span = unixNano(date)
	t.rearm(n, l.dateDue(c.span))
	return true
}

func (t Timer) rearm(n *node, when int64) {
	w := &t.loop.timed.wheel
	if n.where != idle {
		w.disarm(n)
	}
	w.arm(t.id, t.loop.notYet(when))
}

// Cancel ends the timer: no callback comes after it. It reports whether the timer was pending.
func (t Timer) Cancel() bool {
	n := t.find("Cancel")
	if n == nil {
		return false
	}
	pending := n.where != idle
	t.drop()
	return pending
}

// Active says whether a callback is to come.
func (t Timer) Active() bool {
	n := t.find("Active")
	return n != nil && n.where != idle
}

// Name is the name the timer was made with; "" when it is gone.
func (t Timer) Name() string {
	if n := t.find("Name"); n != nil {
		return t.loop.timed.calls.at(n.call).name
	}
	return ""
}

// find checks the handle.
func (t Timer) find(method string) *node {
	if t.loop == nil {
		return nil
	}
	t.loop.check(method)
	return t.node()
}

func (t Timer) node() *node {
	w := &t.loop.timed.wheel
	if t.id >= w.nodes.used { // the loop was closed
		return nil
	}
	if n := w.at(t.id); n.gen == t.gen && n.call != 0 {
		return n
	}
	return nil
}

// drop gives the node of a timer back, if it is not gone yet.
func (t Timer) drop() {
	n := t.node()
	if n == nil {
		return
	}
	l := t.loop
	if n.where != idle {
		l.timed.wheel.disarm(n)
	}
	if n.kind == atDate {
		l.timed.dates.count--
	}
	if l.cur.kind == inTimer && l.cur.id == t.id && l.cur.gen == t.gen {
		l.cur.gone = l.timerName(n)
	}
	l.timed.calls.release(n.call)
	n.call = 0
	l.timed.wheel.nodes.give(t.id)
}

// later is d from now. It looks at the clock: counting from the beginning of the callback would be early.
func (l *Loop) later(d time.Duration) int64 {
	now := l.clock()
	if d > 0 && int64(d) > math.MaxInt64-1-now {
		return never - 1
	}
	return now + max(0, int64(d))
}

// notYet puts off what would be due in this turn to the next.
func (l *Loop) notYet(when int64) int64 { return max(when, l.limit+1) }

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
			l.timed.wheel.arm(id, when)
			return
		}
	case interval:
		missed = int((l.limit - n.when) / c.span)
		l.timed.wheel.arm(id, n.when+int64(missed+1)*c.span)
		l.stats.missed += uint64(missed)
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
		Timer{l, id, gen}.drop()
	}
}
