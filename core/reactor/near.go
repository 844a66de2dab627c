package reactor

import (
	"cmp"
	"slices"
)

// entry is a timer in the sorted part. Its node has the low half of seq in next, which near has no other use for; where
// that differs, the timer was cancelled or armed anew, and the entry is void.
type entry struct {
	when int64
	seq  uint64 // among equals, the order of arming
	id   uint32
}

// near holds the timers of the ticks up to the cursor, in exact order: a run, sorted a tick at a time and used up from
// its front, and a heap for those armed after their tick was sorted.
type near struct {
	run  []entry
	head int
	late []entry
	seq  uint64
}

func earlier(a, b *entry) bool { return a.when < b.when || a.when == b.when && a.seq < b.seq }

func order(a, b entry) int {
	if c := cmp.Compare(a.when, b.when); c != 0 {
		return c
	}
	return cmp.Compare(a.seq, b.seq)
}

// addTick appends all timers of the wheel's next tick, a chain, to the run.
func (r *near) addTick(w *wheel, id uint32) {
	if r.head == len(r.run) {
		r.run, r.head = r.run[:0], 0
	}
	start := len(r.run)
	for id != 0 {
		n := w.at(id)
		next := n.next
		r.run = append(r.run, r.enter(id, n))
		id = next
	}
	slices.SortFunc(r.run[start:], order)
}

// enter moves a timer into near.
func (r *near) enter(id uint32, n *node) entry {
	r.seq++
	n.where, n.next = inNear, uint32(r.seq)
	return entry{n.when, r.seq, id}
}

// addLate puts one timer into the heap.
func (r *near) addLate(id uint32, n *node) {
	r.late = append(r.late, r.enter(id, n))
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
	}
	for len(r.late) > 0 && !r.late[0].holds(w) {
		r.dropLate()
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
	if r.head < len(r.run) && r.run[r.head].seq == e.seq {
		r.head++
	} else {
		r.dropLate()
	}
}

func (e *entry) holds(w *wheel) bool {
	n := w.at(e.id)
	return n.where == inNear && n.next == uint32(e.seq)
}
