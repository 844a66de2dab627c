package reactor

import (
	"math"
	"math/bits"
)

// Times are nanoseconds since the loop's base. A tick is 2^20 of them, about a millisecond; a wheel has 256 slots a
// level, and six levels hold every time there is. Ticks only sort timers coarsely: see near.go for the exact order.
const (
	tickBits  = 20
	digitBits = 8
	width     = 1 << digitBits
	levels    = 6

	never    = math.MaxInt64
	scanMost = 16 // timers looked at to find the earliest in a slot
)

// node is one timer. It has no pointers: neither a million timers nor the lists they are in cost the garbage collector
// anything. At 32 bytes two share a cache line and none lies across two.
type node struct {
	when       int64
	next, prev uint32 // neighbours in the slot
	gen        uint32 // counts the timers this node has been
	call       uint32
	where      uint16
	kind       timerKind
}

// Values of node.where; others are slots of the wheel, counted from inSlot.
const (
	idle   uint16 = iota // free, or a one-shot in its callback
	inNear               // in the sorted part
	inSlot
)

type chain struct{ first, last uint32 }

// wheel is a hierarchical timing wheel. The level of a timer is the highest digit (to base 256) in which its tick
// differs from the cursor, its slot is that digit. So all timers of a level come before all of the next, the
// first used slot of the lowest used level has the earliest, and timers of equal tick are always in the same slot, in
// the order of arming.
type wheel struct {
	nodes   slab[node]
	slots   [levels * width]chain
	marks   [levels][width / 64]uint64 // used slots
	used    uint8                      // used levels
	cursor  int64                      // tick up to which timers have gone to near
	near    near
	pending int

	soonest int64 // no timer is due before
	known   bool  // soonest is up to date
}

func (w *wheel) at(id uint32) *node { return w.nodes.at(id) }

// arm makes an idle timer due at when.
func (w *wheel) arm(id uint32, when int64) {
	n := w.at(id)
	n.when = when
	w.pending++
	if when < w.soonest {
		w.soonest = when
	}
	w.place(id, n)
}

// place puts a timer where it belongs by its time.
func (w *wheel) place(id uint32, n *node) {
	tick := n.when >> tickBits
	if tick <= w.cursor {
		w.near.addLate(id, n)
		return
	}
	level := (bits.Len64(uint64(tick^w.cursor)) - 1) / digitBits
	digit := int(tick>>(level*digitBits)) & (width - 1)
	at := level*width + digit
	slot := &w.slots[at]
	n.where, n.next, n.prev = inSlot+uint16(at), 0, slot.last
	if slot.last == 0 {
		slot.first = id
		w.marks[level][digit>>6] |= 1 << (digit & 63)
		w.used |= 1 << level
	} else {
		w.at(slot.last).next = id
	}
	slot.last = id
}

// disarm makes an armed timer idle.
func (w *wheel) disarm(n *node) {
	if n.when <= w.soonest {
		w.known = false
	}
	w.pending--
	where := n.where
	n.where = idle
	if where == inNear {
		return // its entry there no longer matches
	}
	slot := &w.slots[where-inSlot]
	if n.prev == 0 {
		slot.first = n.next
	} else {
		w.at(n.prev).next = n.next
	}
	if n.next == 0 {
		slot.last = n.prev
	} else {
		w.at(n.next).prev = n.prev
	}
	if slot.first == 0 {
		w.unmark(int(where - inSlot))
	}
}

func (w *wheel) unmark(at int) {
	level, digit := at/width, at%width
	m := &w.marks[level]
	m[digit>>6] &^= 1 << (digit & 63)
	if m[0]|m[1]|m[2]|m[3] == 0 {
		w.used &^= 1 << level
	}
}

// first finds the used slot that comes first and the tick it begins with.
func (w *wheel) first() (at int, tick int64, ok bool) {
	if w.used == 0 {
		return 0, 0, false
	}
	level := bits.TrailingZeros8(w.used)
	for i, m := range w.marks[level] {
		if m != 0 {
			digit := i<<6 + bits.TrailingZeros64(m)
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
		at, tick, ok := w.first()
		if !ok || tick > to {
			break
		}
		w.cursor = tick
		w.known = false
		id := w.slots[at].first
		w.slots[at] = chain{}
		w.unmark(at)
		if at < width {
			w.near.addTick(w, id)
			continue
		}
		for id != 0 {
			n := w.at(id)
			next := n.next
			w.place(id, n)
			id = next
		}
	}
	w.cursor = max(w.cursor, to)
}

// next is the time until which no timer is due: exactly the earliest, or, where very many are close together, a
// little before it.
func (w *wheel) next() int64 {
	if w.known {
		return w.soonest
	}
	w.known, w.soonest = true, never
	if e, ok := w.near.peek(w); ok {
		w.soonest = e.when
		return e.when
	}
	at, tick, ok := w.first()
	if !ok {
		return never
	}
	id := w.slots[at].first
	for range scanMost {
		n := w.at(id)
		w.soonest = min(w.soonest, n.when)
		if id = n.next; id == 0 {
			return w.soonest
		}
	}
	w.soonest = tick << tickBits
	return w.soonest
}

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
