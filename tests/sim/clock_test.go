package sim_test

import (
	"container/heap"
	"time"
)

// event is something that happens at a time; those of the same time in the order in which they were planned.
type event struct {
	at     time.Duration
	serial int
	run    func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].serial < e[j].serial
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	old := *e
	last := old[len(old)-1]
	*e = old[:len(old)-1]
	return last
}

// clock is simulated time.
type clock struct {
	now     time.Duration
	serial  int
	pending events
}

// after plans f.
func (c *clock) after(d time.Duration, f func()) {
	c.serial++
	heap.Push(&c.pending, event{c.now + d, c.serial, f})
}

// runUntil lets everything happen that is planned until then.
func (c *clock) runUntil(end time.Duration) {
	for len(c.pending) > 0 && c.pending[0].at <= end {
		e := heap.Pop(&c.pending).(event)
		c.now = e.at
		e.run()
	}
	c.now = end
}

// date is simulated time as the rules see it.
func (c *clock) date() time.Time { return time.Unix(1768770000, 0).Add(c.now) }
