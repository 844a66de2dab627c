package reactor

import "time"

// lateTime is how late timers must be, or how long ago the last look at the sources, for the loop to look at them before it calls the
// timers. A turn takes less, and so does a processor that others want too, as a rule; and no peer is given so little to answer.
const lateTime = int64(20 * time.Millisecond)

// heldUp says whether the loop comes late to timers that are due: a callback took long, the process was stopped, or its machine was.
func (l *Loop) heldUp() bool { return l.limit-min(l.timed.wheel.soonest, l.looked) > lateTime }

// catchUp calls every source that is ready, once. What the timers wait for may have come in time and be in a socket since. As in any turn,
// what was put off by the callbacks of sources is done before sources are called again.
func (l *Loop) catchUp() {
	for left := l.places.taken + 1; left > 0; { // the wake descriptor is told of like a source
		l.runHooks(&l.before)
		l.flush()
		room := len(l.poll.events)
		n, err := l.poll.peek()
		if err != nil {
			return // the wait says so too
		}
		l.looked = l.now
		l.collect(n)
		l.serve()
		if n < room {
			return
		}
		left -= n // epoll tells of those that it did not tell of yet before it begins anew
	}
}
