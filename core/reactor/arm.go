package reactor

import "time"

// freshMost is how many timers wait for the end of the callback; with more, the clock is read for them.
const freshMost = 64

// fresh are the timers armed since the last look at the clock. A look at it costs five times as much as the rest of arming a
// timer, and the loop has one after each callback anyway. Counting from there is late by what the callback still does, while
// counting from its beginning would be early. Each is settled in the order of arming, the latest of several of one
// timer wins; those of a timer that has gone since do not match any more.
type fresh struct {
	n    int
	list [freshMost]armed
}

type armed struct {
	delay   int64
	id, gen uint32
}

// arm makes a timer due after d.
func (l *Loop) arm(t Timer, n *node, d time.Duration) {
	if !l.inside {
		l.timed.wheel.set(t.id, n, l.notYet(after(l.clock(), int64(d))))
		return
	}
	if n.where == idle {
		n.where = inFresh
		l.timed.wheel.pending++
	}
	f := &l.timed.fresh
	if f.n > 0 {
		if last := &f.list[f.n-1]; last.id == t.id && last.gen == t.gen {
			last.delay = int64(d)
			return
		}
		if f.n == freshMost {
			l.settle(l.clock())
		}
	}
	f.list[f.n] = armed{int64(d), t.id, t.gen}
	f.n++
}

// armDate makes a timer due at a date.
func (l *Loop) armDate(id uint32, n *node, date int64) {
	when := l.notYet(l.dateDue(date))
	l.settle(l.clock()) // they come first, this one too if it was armed before
	l.timed.wheel.set(id, n, when)
}

// add is arm for a timer that has a slot, is not the last one of the list, and comes while a callback runs and there is room.
func (f *fresh) add(l *Loop, t Timer, d time.Duration) bool {
	if !l.inside || f.n >= freshMost {
		return false
	}
	f.list[f.n] = armed{int64(d), t.id, t.gen}
	f.n++
	return true
}

// settle gives the timers armed since the last look at the clock their time.
func (l *Loop) settle(now int64) {
	f, w := &l.timed.fresh, &l.timed.wheel
	for i := range f.list[:f.n] {
		a := &f.list[i]
		n := w.at(a.id)
		if n.gen != a.gen {
			continue
		}
		when := l.notYet(after(now, a.delay))
		if n.where >= inSlot && when >= n.when && n.when > w.soonest { // the most frequent case of set
			w.seq++
			n.when, n.seq = when, w.seq
		} else {
			w.set(a.id, n, when)
		}
	}
	f.n = 0
}

// after is the time d after now.
func after(now, d int64) int64 {
	if d > never-1-now {
		return never - 1
	}
	return now + max(0, d)
}

// notYet puts off what would be due in this turn to the next.
func (l *Loop) notYet(when int64) int64 { return max(when, l.limit+1) }
