package reactor

import "time"

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
// adds, later. A delay counts from the end of the callback that gives it, or, outside of Run, from the call: so it costs no
// look at the clock. Due timers are called in the order of their times, equal ones in the order of arming. A timer armed in
// a turn is not called in that turn. Callbacks run on the loop's goroutine and must not block.
type Timer struct {
	loop *Loop
	key  key
}

// timers are a loop's timers.
type timers struct {
	wheel wheel
	calls calls
	dates dates
	fresh fresh
	spare spare
}

func (t *timers) init() { t.wheel.soonest, t.wheel.known = never, true }

// due says whether a timer may be due; next may be early, but not late.
func (t *timers) due(limit int64) bool {
	w := &t.wheel
	return w.soonest <= limit && w.pending > 0 && w.next() <= limit
}

func (t *timers) close() {
	t.dates.close()
	*t = timers{}
	t.init()
}

// After has f called once, after d, in the next turn if that is not more than 0. The name is for people. On a closed loop, or without f, it gives the zero Timer.
func (l *Loop) After(d time.Duration, name string, f func()) Timer {
	if s, c := &l.timed.spare, &l.timed.calls; s.key != 0 && s.call == c.last && c.lastAt.is(name, f) {
		if w := &l.timed.fresh; w.n < freshMost {
			k := s.key
			s.key = 0
			w.append(armed{int64(d), k})
			return Timer{l, k}
		}
	}
	return l.once(d, name, f)
}

func (l *Loop) once(d time.Duration, name string, f func()) Timer {
	l.check("After")
	if f == nil || l.poll.fd < 0 {
		return Timer{}
	}
	t, n := l.newTimer(oneShot, l.timed.calls.share(name, f))
	l.arm(t.key, n, d)
	return t
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
	timer, n := l.newTimer(atDate, l.timed.calls.add(call{once: f, name: name, span: date}))
	l.armDate(timer.key.id(), n, date)
	return timer
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
	t, n := l.newTimer(interval, l.timed.calls.add(call{every: f, name: name, span: int64(d)}))
	l.arm(t.key, n, d)
	return t
}

func (l *Loop) newTimer(k timerKind, call uint32) (Timer, *node) {
	w := &l.timed.wheel
	l.stow()
	id := w.nodes.take()
	n := w.at(id)
	if n.dead {
		w.revive(n)
	}
	n.kind, n.call = k, call
	return Timer{l, newKey(id, n.gen)}, n
}

// Reset makes the timer due after d. It may be pending or, in its own callback, not; for an interval, d is also the time
// between ticks from now on; a date timer becomes an ordinary one. False: the timer is gone. To put a pending
// timer off costs next to nothing: time-outs may be reset with every message.
func (t Timer) Reset(d time.Duration) bool {
	l := t.loop
	if l == nil || !l.direct {
		return t.reset(d)
	}
	n, ok := t.node()
	if !ok {
		return false
	}
	if n.where < inSlot || n.kind != oneShot {
		return t.reset(d)
	}
	f := &l.timed.fresh
	i := f.n
	if i >= freshMost {
		return t.reset(d)
	}
	if f.list[i].key == t.key {
		f.list[i].delay = int64(d)
		return true
	}
	f.append(armed{int64(d), t.key})
	return true
}

// reset is Reset for all cases.
func (t Timer) reset(d time.Duration) bool {
	n := t.find("Reset")
	if n == nil {
		return false
	}
	l := t.loop
	switch {
	case n.kind == oneShot:
	case n.kind == interval:
		d = max(d, shortest)
		l.timed.calls.at(n.call).span = int64(d)
	default:
		n.kind = oneShot
		l.timed.dates.count--
	}
	l.arm(t.key, n, d)
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
	l.armDate(t.key.id(), n, c.span)
	return true
}

// Cancel ends the timer: no callback comes after it. It reports whether the timer was pending.
func (t Timer) Cancel() bool {
	l := t.loop
	if l == nil || !l.direct {
		return t.cancel()
	}
	n, ok := t.node()
	if !ok {
		return false
	}
	s := &l.timed.spare
	if n.where < inSlot || n.kind != oneShot || s.key != 0 || l.cur.id == t.key.id() {
		return t.cancel()
	}
	n.gen++ // handles do not match any more
	s.key, s.call = t.key.next(), n.call
	return true
}

// cancel is Cancel for all cases.
func (t Timer) cancel() bool {
	n := t.find("Cancel")
	if n == nil {
		return false
	}
	pending := n.where != idle
	t.loop.end(t.key, n)
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
