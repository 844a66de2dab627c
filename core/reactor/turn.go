package reactor

import (
	"cmp"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// current says what callback runs, for statistics and for the care after a panic.
type current struct {
	kind  kind
	id    uint32 // of the source or timer
	gen   uint32
	left  int    // posted functions that this turn may still call
	hooks *hooks // the list being called
	gone  string // name of a source or timer that its own callback has ended
}

type kind uint8

const (
	inNothing kind = iota
	inPost
	inTimer
	inFetch
	inSource
	inHook
	inEnder
)

// work is the first half of a turn, up to the wait: steps 1 to 3 of the package comment.
func (l *Loop) work() {
	l.stats.turns++
	l.limit = l.now
	if !l.stopping {
		if l.posts.fill(&l.inbox); l.posts.waiting() {
			l.cur.left = l.options.PostsPerTurn
			l.guard((*Loop).runPosts)
		}
		if l.timed.due(l.limit) {
			l.limit = l.proven(l.limit)
			late := l.heldUp()
			l.timed.wheel.advance(l.limit)
			if late {
				l.catchUp()
			}
			l.guard((*Loop).runTimers)
		}
	}
	l.runHooks(&l.before)
	l.flush()
}

// wait is step 4. A peek that costs little comes first; only when it brings nothing and nothing else is to be done does
// the loop block.
func (l *Loop) wait() error {
	began := l.now
	n, err := l.poll.peek()
	if n == 0 && err == nil && l.options.Spin > 0 {
		n, err = l.spin()
	}
	if n == 0 && err == nil {
		if d := l.patience(); d != 0 && l.inbox.sleep(l.over) {
			n, err = l.poll.wait(d)
			l.inbox.rise()
		}
	}
	l.now = l.exact()
	l.looked = l.now
	l.stats.waiting += l.now - began
	if err != nil {
		return err
	}
	l.collect(n)
	return nil
}

// patience is how long the loop may wait: 0 not at all, negative for ever.
func (l *Loop) patience() time.Duration {
	if l.busy() || l.alwaysReady() {
		return 0
	}
	if l.timed.wheel.pending == 0 {
		return -1
	}
	// The clock of the wait began later than l.now was read: it can only end late, never early.
	return max(0, time.Duration(l.timed.wheel.next()-l.now))
}

// spin polls for a while instead of waiting. A wait after it begins when it ended.
func (l *Loop) spin() (n int, err error) {
	d := l.patience()
	if d < 0 || d > l.options.Spin {
		d = l.options.Spin
	}
	for end := l.now + int64(d); n == 0 && err == nil && !l.inbox.some.Load() && !l.over.Load() && l.clock() < end; {
		n, err = l.poll.peek()
	}
	l.now = l.exact()
	return n, err
}

// collect makes the list of sources to call, in order: what epoll found, what was left over, what is always ready.
func (l *Loop) collect(n int) {
	l.ready, l.at, l.ahead, l.mixed = l.ready[:0], 0, 0, false
	for i := range n {
		if e := &l.poll.events[i]; e.Fd != wakeSlot {
			l.report(ref{uint32(e.Fd), uint32(e.Pad)}, e.Events)
		}
	}
	l.poll.grow(n)
	for _, r := range l.again {
		if s := l.places.slot(r.slot); s.gen == r.gen {
			s.flags &^= isAgain
			want := s.wanted()
			if want&Read != 0 {
				want = Read
			}
			l.enqueue(r, s, want)
		}
	}
	l.again = l.again[:0]
	if len(l.always) > 0 {
		l.collectAlways()
	}
	if l.mixed {
		slices.SortStableFunc(l.ready, func(a, b ready) int { return cmp.Compare(a.priority, b.priority) })
	}
}

// report takes one event of epoll.
func (l *Loop) report(r ref, events uint32) {
	s := l.places.slot(r.slot)
	if s.gen != r.gen {
		l.stats.stale++ // of a source removed since, whatever has its slot or descriptor now
		l.renew()
		return
	}
	var found Interest
	if events&^unix.EPOLLOUT != 0 { // EPOLLIN, EPOLLHUP, EPOLLERR
		found |= Read
	}
	if events&^unix.EPOLLIN != 0 {
		found |= Write
	}
	want := s.wanted()
	if s.kernel != want {
		// Only now does it matter that epoll knows of the change. A failure here means that the descriptor was
		// closed behind our back, which the source's next change says.
		if l.sync(r.slot) != nil {
			l.renew()
		}
	}
	l.enqueue(r, s, found&want)
}

func (l *Loop) enqueue(r ref, s *slot, found Interest) {
	if found == 0 {
		return
	}
	if s.ready == 0 {
		if n := len(l.ready); n > 0 && s.priority < l.ready[n-1].priority {
			l.mixed = true
		}
		l.ready = append(l.ready, ready{r, s.priority})
	}
	s.ready |= found
}

// collectAlways adds the regular files, and forgets those that were removed.
func (l *Loop) collectAlways() {
	kept := l.always[:0]
	for _, r := range l.always {
		if s := l.places.slot(r.slot); s.gen == r.gen {
			kept = append(kept, r)
			l.enqueue(r, s, s.wanted())
		}
	}
	l.always = kept
}

func (l *Loop) alwaysReady() bool {
	for _, r := range l.always {
		if s := l.places.slot(r.slot); s.gen == r.gen && s.wanted() != 0 {
			return true
		}
	}
	return false
}

// serve is step 5.
func (l *Loop) serve() {
	l.runHooks(&l.after)
	if len(l.ready) > 0 {
		l.guard((*Loop).runReady)
	}
}

// runReady calls the sources found. Each is looked at again first: a callback before it may have removed or disabled
// it, or changed what it waits for.
func (l *Loop) runReady() {
	for l.at < len(l.ready) {
		if l.at >= l.ahead {
			l.fetch()
		}
		r := l.ready[l.at].ref
		l.at++
		s := l.places.slot(r.slot)
		if s.gen != r.gen {
			l.stats.stale++
			continue
		}
		found := s.ready & s.wanted()
		s.ready = 0
		if found == 0 {
			continue
		}
		s.events++
		l.stats.events++
		l.cur.kind, l.cur.id, l.cur.gen = inSource, r.slot, r.gen
		l.places.owner(r.slot).handler.OnReady(Source{l, r.slot, r.gen}, found)
		l.mark()
	}
}
