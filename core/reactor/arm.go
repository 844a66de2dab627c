package reactor

import "time"

// freshMost is how many timers wait for the end of the callback; with more, the clock is read for them.
const freshMost = 64

// fresh are the timers armed since the last look at the clock. A look at it costs five times as much as the rest of arming a
// timer, and the loop has one after each callback anyway. Counting from there is late by what the callback still does, while
// counting from its beginning would be early. Each is settled in the order of arming, the latest of several of one
// timer wins; those of a timer that has gone since do not match any more.
type fresh struct {
	n    uint
	list [2 * freshMost]armed // from 1 on; the first has the key of no timer. The size saves the look at the bounds
}

type armed struct {
	delay int64
	key   key
}

// append adds one; there must be room.
func (f *fresh) append(a armed) {
	i := f.n + 1
	f.n = i
	f.list[i%uint(len(f.list))] = a
}

// arm makes a timer due after d.
func (l *Loop) arm(k key, n *node, d time.Duration) {
	if !l.inside {
		l.timed.wheel.set(k.id(), n, l.notYet(after(l.clock(), int64(d))))
		return
	}
	if n.where == idle {
		n.where = inFresh
		l.timed.wheel.pending++
	}
	f := &l.timed.fresh
	if f.list[f.n].key == k {
		f.list[f.n].delay = int64(d)
		return
	}
	if f.n == freshMost {
		l.settle(l.clock())
	}
	f.append(armed{int64(d), k})
}

// armDate makes a timer due at a date.
func (l *Loop) armDate(id uint32, n *node, date int64) {
	when := l.notYet(l.dateDue(date))
	l.settle(l.clock()) // they come first, this one too if it was armed before
	l.timed.wheel.set(id, n, when)
}

// settle gives the timers armed since the last look at the clock their time, and ends what waited for the end of the callback.
func (l *Loop) settle(now int64) {
	f, w := &l.timed.fresh, &l.timed.wheel
	least, most := max(0, l.limit+1-now), never-1-now // notYet and after
	seq := w.seq
	for i := uint(1); i <= f.n; i++ {
		a := &f.list[i%uint(len(f.list))]
		n := w.at(a.key.id())
		if n.gen != a.key.gen() {
			continue
		}
		when := now + min(max(a.delay, least), most)
		if n.where >= inSlot && when >= n.when { // the most frequent case of set
			seq++
			n.when, n.seq = when, seq
		} else {
			w.seq = seq
			w.set(a.key.id(), n, when)
			seq = w.seq
		}
	}
	w.seq = seq
	f.n = 0
	l.stow()
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
