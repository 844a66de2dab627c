package reactor

import (
	"cmp"
	"slices"
)

// entry is a timer in the sorted part. Where its node is elsewhere or has another seq, the timer was cancelled or armed
// anew, and the entry is void.
type entry struct {
	when int64
	seq  uint32 // among equals, the order of arming
	id   uint32
}

// near holds the timers of the ticks up to the cursor, in exact order: a run, sorted a tick at a time and used up from
// its front, and a heap for those armed after their tick was sorted.
type near struct {
	run  []entry
	head int
	late []entry
	void int // entries without their timer, in both
}

// mostVoid is how many void entries there may be before it matters that they are more than the others.
const mostVoid = 64

func earlier(a, b *entry) bool { return a.when < b.when || a.when == b.when && int32(a.seq-b.seq) < 0 }

func order(a, b entry) int {
	if c := cmp.Compare(a.when, b.when); c != 0 {
		return c
	}
	return int(int32(a.seq - b.seq)) // it goes round after four thousand million
}

// addTick appends the timers of the wheel's next tick, a chain, to the run. Those that were put off to later ticks go
// there, and dead ones are left out.
func (r *near) addTick(w *wheel, id uint32, tick int64) {
	if r.head == len(r.run) {
		r.run, r.head = r.run[:0], 0
	}
	start := len(r.run)
	for id != 0 {
		n := w.at(id)
		next := n.next
		switch {
		case n.dead:
			n.bury()
		case n.when>>tickBits > tick:
			w.place(id, n)
		default:
			r.run = append(r.run, enter(id, n))
		}
		id = next
	}
	slices.SortFunc(r.run[start:], order)
}

// enter makes the entry of a timer that comes to near.
func enter(id uint32, n *node) entry {
	n.where = inNear
	return entry{n.when, n.seq, id}
}

// left is told that the timer of an entry has gone. Void entries are dropped where they come first, and all of them when
// they are the most: a timer that is armed and cancelled all the time leaves nothing behind.
func (r *near) left(w *wheel) {
	r.void++
	if r.void <= mostVoid || 2*r.void <= len(r.run)-r.head+len(r.late) {
		return
	}
	void := func(e entry) bool { return !e.holds(w) }
	r.run, r.head = slices.DeleteFunc(r.run[r.head:], void), 0
	r.late = slices.DeleteFunc(r.late, void)
	slices.SortFunc(r.late, order) // a sorted list is a heap
	r.void = 0
}

// addLate puts one timer into the heap.
func (r *near) addLate(id uint32, n *node) {
	r.late = append(r.late, enter(id, n))
	h := r.late
	for i := len(h) - 1; i > 0; {
		parent := (i - 1) / 2
		if !earlier(&h[i], &h[parent]) {
			break
		}
		h[i], h[parent] = h[parent], h[i]
		i = parent
	}
}

func (r *near) dropLate() {
	h := r.late
	last := len(h) - 1
	h[0] = h[last]
	h = h[:last]
	r.late = h
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			return
		}
		if child+1 < last && earlier(&h[child+1], &h[child]) {
			child++
		}
		if !earlier(&h[child], &h[i]) {
			return
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}

// peek finds the earliest entry that still holds.
func (r *near) peek(w *wheel) (entry, bool) {
	for r.head < len(r.run) && !r.run[r.head].holds(w) {
		r.head++
		r.void--
	}
	for len(r.late) > 0 && !r.late[0].holds(w) {
		r.dropLate()
		r.void--
	}
	switch run := r.head < len(r.run); {
	case run && (len(r.late) == 0 || earlier(&r.run[r.head], &r.late[0])):
		return r.run[r.head], true
	case len(r.late) > 0:
		return r.late[0], true
	}
	return entry{}, false
}

// drop takes out what peek has found.
func (r *near) drop(e entry) {
	if r.head < len(r.run) && r.run[r.head] == e {
		r.head++
	} else {
		r.dropLate()
	}
}

func (e *entry) holds(w *wheel) bool {
	n := w.at(e.id)
	return n.where == inNear && n.seq == e.seq
}
