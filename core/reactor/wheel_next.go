package reactor

import "math/bits"

func (w *wheel) unmark(at uint) {
	w.marks[at/64] &^= 1 << (at % 64)
	level := at / width
	if m := w.level(level); m[0]|m[1]|m[2]|m[3] == 0 {
		w.used &^= 1 << level
	}
}

// level gives the marks of a level.
func (w *wheel) level(n uint) []uint64 { return w.marks[n*(width/64):][:width/64] }

// firstSlot finds the used slot that comes first and the tick it begins with.
func (w *wheel) firstSlot() (at uint, tick int64, ok bool) {
	if w.used == 0 {
		return 0, 0, false
	}
	level := uint(bits.TrailingZeros8(w.used))
	for i, m := range w.level(level) {
		if m != 0 {
			digit := uint(i*64 + bits.TrailingZeros64(m))
			shift := level * digitBits
			tick = w.cursor>>(shift+digitBits)<<(shift+digitBits) | int64(digit)<<shift
			return level*width + digit, tick, true
		}
	}
	panic("reactor: a wheel level is marked used and has no used slot")
}

// advance brings all timers due up to limit to near, and the rest closer.
func (w *wheel) advance(limit int64) {
	to := limit >> tickBits
	for {
		at, tick, ok := w.firstSlot()
		if !ok || tick > to {
			break
		}
		w.cursor = tick
		w.known = false
		id := w.slots[at].first
		w.slots[at] = chain{}
		w.unmark(at)
		if at < width {
			w.near.addTick(w, id, tick)
			continue
		}
		for id != 0 {
			n := w.at(id)
			next := n.next
			if n.dead {
				n.bury()
			} else {
				w.place(id, n)
			}
			id = next
		}
	}
	w.cursor = max(w.cursor, to)
}

// next is the time until which no timer is due: exactly the earliest, or, where very many are close together, a
// little before it.
func (w *wheel) next() int64 {
	if w.known && (w.first == 0 || w.at(w.first).dueAt(w.soonest)) {
		return w.soonest
	}
	w.known, w.soonest, w.first = true, never, 0
	if e, ok := w.near.peek(w); ok {
		w.soonest, w.first = e.when, e.id
		return e.when
	}
	for moved := 0; ; {
		at, tick, ok := w.firstSlot()
		if !ok {
			return w.soonest
		}
		end := (tick + 1<<(at/width*digitBits)) << tickBits
		id, looked := w.slots[at].first, 0
		for id != 0 {
			n := w.at(id)
			if looked == scanMost || moved == moveMost {
				w.soonest, w.first = tick<<tickBits, 0
				return w.soonest
			}
			next := n.next
			switch {
			case n.dead:
				w.unlink(n)
				n.bury()
				moved++
			case n.when >= end: // it was put off
				w.unlink(n)
				w.place(id, n)
				moved++
			default:
				if n.when < w.soonest {
					w.soonest, w.first = n.when, id
				}
				looked++
			}
			id = next
		}
		if looked > 0 {
			return w.soonest
		}
	}
}

// dueAt says whether a timer is pending and due at when.
func (n *node) dueAt(when int64) bool { return n.when == when && n.where >= inNear && !n.dead }

// pop takes the earliest timer that is due at limit; advance(limit) comes first.
func (w *wheel) pop(limit int64) (uint32, bool) {
	e, ok := w.near.peek(w)
	if !ok || e.when > limit {
		return 0, false
	}
	w.near.drop(e)
	w.at(e.id).where = idle
	w.pending--
	w.known = false
	return e.id, true
}
