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
	scanMost = 16   // timers looked at to find the earliest in a slot
	moveMost = 1024 // timers that were put off and are brought to their place meanwhile
)

// node is one timer. It has no pointers: neither a million timers nor the lists they are in cost the garbage collector
// anything. At 32 bytes two share a cache line and none lies across two.
type node struct {
	when       int64
	seq        uint32 // among equal times, the order of arming
	next, prev uint32 // neighbours in the slot
	gen        uint32 // counts the timers this node has been
	call       uint32
	where      uint16
	kind       timerKind
	dead       bool // cancelled, and still in its slot
}

// Values of node.where; others are slots of the wheel, counted from inSlot.
const (
	idle    uint16 = iota // free, or a one-shot in its callback
	inFresh               // armed in this callback: it has no place yet
	inNear                // in the sorted part
	inSlot
)

type chain struct{ first, last uint32 }

// key is the number of a node and, above it, its generation: one word to keep, copy and compare.
type key uint64

func newKey(id, gen uint32) key { return key(gen)<<32 | key(id) }

func (k key) id() uint32  { return uint32(k) }
func (k key) gen() uint32 { return uint32(k >> 32) }

// next is the key of the next timer that the node is.
func (k key) next() key { return k + 1<<32 }

// wheel is a hierarchical timing wheel. The level of a timer is the highest digit (to base 256) in which its tick
// differs from the cursor, its slot is that digit. So all timers of a level come before all of the next, and the
// first used slot of the lowest used level has the earliest.
//
// A timer that is put off stays in its slot, which is too early for it then, and goes to the right one when the wheel
// gets there: most time-outs are put off again and again and never come up. One that is cancelled stays as well, until the
// wheel gets there or the node is used again; that is a free one then, so they are never more than there were timers.
type wheel struct {
	nodes   slab[node]
	slots   [levels * width]chain
	marks   [levels * width / 64]uint64 // used slots
	used    uint8                       // used levels
	cursor  int64                       // tick up to which timers have gone to near
	seq     uint32                      // of the timer armed last
	near    near
	pending int // timers that are not idle

	soonest int64  // no timer is due before
	first   uint32 // the timer that is due then; 0: soonest only comes before all
	known   bool   // soonest is up to date if first is due then still; what puts off and cancels does not look
}

func (w *wheel) at(id uint32) *node { return w.nodes.at(id) }

// set makes a timer due at when, wherever it is.
func (w *wheel) set(id uint32, n *node, when int64) {
	before := n.when
	w.seq++
	n.when, n.seq = when, w.seq
	if when <= w.soonest {
		w.soonest, w.first, w.known = when, id, true
	}
	switch {
	case n.where == idle:
		w.pending++
	case n.where == inNear:
		n.where = idle
		w.near.left(w)
	case n.where >= inSlot:
		if when >= before || w.slotOf(when>>tickBits) == n.where {
			return
		}
		w.unlink(n)
	}
	w.place(id, n)
}

// slotOf is where a timer of that tick belongs.
func (w *wheel) slotOf(tick int64) (where uint16) {
	if tick <= w.cursor {
		return inNear
	}
	level := uint(bits.Len64(uint64(tick^w.cursor))-1) / digitBits
	digit := uint(tick>>(level*digitBits&63)) % width
	return inSlot + uint16(level*width+digit)
}

// place puts a timer where it belongs by its time.
func (w *wheel) place(id uint32, n *node) {
	where := w.slotOf(n.when >> tickBits)
	if where == inNear {
		w.near.addLate(id, n)
		return
	}
	at := uint(where - inSlot)
	slot := &w.slots[at]
	n.where, n.next, n.prev = where, 0, slot.last
	if slot.last == 0 {
		slot.first = id
		w.marks[at/64] |= 1 << (at % 64)
		w.used |= 1 << (at / width)
	} else {
		w.at(slot.last).next = id
	}
	slot.last = id
}

// disarm makes a pending timer idle, or leaves it dead in its slot.
func (w *wheel) disarm(n *node) {
	if n.where >= inSlot {
		w.kill(n)
		return
	}
	w.pending--
	near := n.where == inNear
	n.where = idle
	if near {
		w.near.left(w)
	}
}

// kill is disarm for what is in a slot.
func (w *wheel) kill(n *node) {
	n.dead = true
	w.pending--
}

// revive makes a dead one pending again, in the slot that it has.
func (w *wheel) revive(n *node) {
	n.dead = false
	w.pending++
}

// bury makes a dead one idle that no slot has any longer.
func (n *node) bury() { n.where, n.dead = idle, false }

// unlink takes a timer out of its slot.
func (w *wheel) unlink(n *node) {
	at := uint(n.where - inSlot)
	slot := &w.slots[at]
	n.where = idle
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
		w.unmark(at)
	}
}
