package router

import (
	"time"
)

// sweepEvery is how often each client is asked what has arrived: twice that is how long what went out is in doubt.
const sweepEvery = 5 * time.Second

// sweepMost is how many clients are asked at a time: it takes a system call each, and messages wait meanwhile.
const sweepMost = 128

// crowd is all clients, to be looked at a few at a time.
type crowd struct {
	list []*client
	next int
}

func (w *crowd) add(c *client) {
	c.index = len(w.list)
	w.list = append(w.list, c)
}

func (w *crowd) remove(c *client) {
	last := len(w.list) - 1
	w.list[c.index] = w.list[last]
	w.list[c.index].index = c.index
	w.list[last] = nil
	w.list = w.list[:last]
}

// sweep lets some clients forget what has arrived, and returns when to go on.
func (w *crowd) sweep() time.Duration {
	n := len(w.list)
	for range min(n, sweepMost) {
		if w.next >= n {
			w.next = 0
		}
		w.list[w.next].sweep()
		w.next++
	}
	return sweepEvery / time.Duration(max(1, (n+sweepMost-1)/sweepMost))
}

// alive is what is known of the process of another router, whose kernel acknowledges what it is sent even while it is suspended.
type alive struct {
	serial uint64 // of the last question
	asked  uint64 // bytes given with it
}

// sweep lets the client forget what it has read. A router of ours is asked for a sign of life first, behind what it was sent: only its
// answer says that it has read that.
func (c *client) sweep() {
	if c.wire.count > 0 && c.rules != nil && c.wire.far {
		a := &c.alive
		if c.rules.Answered() != a.serial {
			return
		}
		if c.wire.given != a.asked && c.rules.AskAlive(a.serial+1) {
			a.serial, a.asked = a.serial+1, c.wire.given
		}
	}
	c.wire.sweep()
}

// sweep is the timer of crowd.sweep.
func (d *daemon) sweep() { d.loop.After(d.crowd.sweep(), "sweep", d.sweep) }
