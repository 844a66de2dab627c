package bench

import (
	"time"
)

// dueAtOnce is how many messages are sent before the loop turns to its other work: a medium that loses what it has no room
// for would take them for ever.
const dueAtOnce = 4096

// pump sends what is due, as far as there are clients that may send.
func (w *worker) pump() {
	end := w.until
	now := w.clock()
	if w.awake(now); w.head < now && !w.blocked && w.free.n > 0 {
		w.own = now
	}
	for n := 1; w.head <= now && n <= dueAtOnce; n++ {
		if w.head >= end {
			if w.phase == catchingUp {
				w.drain()
			}
			return
		}
		if w.free.n == 0 {
			w.blocked = true
			w.flush()
			return
		}
		c := w.free.pop()
		if !c.mayIssue() {
			continue
		}
		if w.blocked {
			w.blocked, w.freed = false, now
		}
		due := w.head
		if !w.plan.catchUp && w.freed > due && now-due > int64(time.Millisecond) {
			w.skip(c, due)
			continue
		}
		if !c.issue(due, now) {
			continue // it is not in the list any more
		}
		w.note(due, now)
		w.head = w.schedule.next()
		if c.mayIssue() {
			w.free.push(c)
		}
		if n%32 == 0 {
			now = w.clock()
		}
	}
	w.flush()
	if w.phase == catchingUp && w.head >= end {
		w.drain()
		return
	}
	w.arm(now)
}

// fillAtOnce is how many bytes the clients are given at the start of a closed loop before the loop turns to its other work: some windows
// would take minutes to fill, and gigabytes.
const fillAtOnce = 1 << 20

// fillFrom fills the windows of the clients for the first time, from one of them on.
func (w *worker) fillFrom(first int) {
	if w.phase != sending {
		return
	}
	w.time = w.clock()
	for until := w.bytesOut + fillAtOnce; first < len(w.clients) && w.bytesOut < until; first++ {
		w.clients[first].fill(w.time)
	}
	w.flush()
	if first < len(w.clients) {
		w.loop.After(0, "fill", func() { w.fillFrom(first) })
	}
}

// skip leaves a message out that the service kept from being sent when it was due (--no-catchup).
func (w *worker) skip(c *client, due int64) {
	if w.measured(due) {
		w.now.unsent++
		w.now.kept++
		w.now.held++
	}
	w.head = w.schedule.next()
	w.free.push(c)
}

// arm sets the timer for the next message.
func (w *worker) arm(now int64) {
	if w.armed == w.head && w.timer.Active() {
		return
	}
	w.armed = w.head
	in := time.Duration(w.head - now)
	if !w.timer.Reset(in) {
		w.timer = w.loop.After(in, "due", func() { w.pump() })
	}
}

// sweepEvery is how often the loop has something to do in any case, but for one-way messages, where it is more often.
const sweepEvery = 50 * time.Millisecond

// awake finds out that the generator did not run for a while, such as after SIGSTOP. Whoever was free meanwhile, or answered, is
// known only now: what was due before is late by the generator's own fault. Of what waited for the service when it ran last it is
// the time since then, unless that is left of another such while.
func (w *worker) awake(now int64) {
	if now-w.seen > int64(sweepEvery+lateTenth) {
		if w.blocked && w.head > w.own {
			w.since = w.seen
		}
		w.own = now
	}
	w.seen = now
}

// note says how late a message is by the generator's own fault: the time for which nobody was free does not count.
func (w *worker) note(due, now int64) {
	if !w.measured(due) {
		return
	}
	late := w.own - max(due, w.since) // then it would have been sent, or would have waited for others that were
	if w.freed > due {
		w.now.held++
		due = w.freed
	}
	late = max(late, now-due)
	if late > int64(time.Millisecond) {
		w.now.lateOver++
	}
	_ = w.now.late.RecordValue(max(late, 1))
}

// sent counts a message.
func (w *worker) sent(due int64, bytes int) {
	if w.now.index == warming && due >= w.from {
		w.tick(0)
	}
	w.now.sent++
	w.bytesOut += uint64(bytes)
	if w.measured(due) {
		w.now.due++
	}
	if w.left == 0 {
		w.until = min(w.until, due+1)
		if s := w.schedule; s != nil && s.random != nil {
			w.ends = s.after()
		}
		w.loop.After(0, "count", w.end) // not from inside a client
	}
}

// sentMany counts messages of a closed loop, which are due when they are sent.
func (w *worker) sentMany(now int64, n, bytes int) {
	if w.now.index == warming && now >= w.from {
		w.tick(0)
	}
	w.now.sent += uint64(n)
	w.bytesOut += uint64(bytes)
	if w.measured(now) {
		w.now.due += uint64(n)
	}
	if w.left == 0 {
		w.until = min(w.until, now+1)
		w.loop.After(0, "count", w.end)
	}
}
