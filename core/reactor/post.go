package reactor

import (
	"sync"
	"sync/atomic"
	"time"
)

// keepPosts is the largest queue whose memory is kept for the next burst.
const keepPosts = 1 << 16

// postsPerMark is how many posted functions share a look at the clock, which costs as much as all the rest of a post.
// They have no names to be slow by.
const postsPerMark = 16

// inbox is the only part of a loop that other goroutines touch. It has cache lines of its own.
type inbox struct {
	_    [64]byte
	some atomic.Bool // queue is not empty: lets a turn pass without the lock

	mu       sync.Mutex
	queue    []func()
	limit    int
	wakeFD   int
	asleep   bool // the loop waits, and nobody has rung yet
	running  bool
	closed   bool
	accepted uint64
	refused  uint64
	wakes    uint64

	_ [64]byte
}

// Post has f called on the loop's goroutine, in the order of posting. It may be called from any goroutine, also from the
// loop's own and before Run, and never blocks. Only the first post that finds the loop waiting costs a system call.
// The error is ErrClosed after Close, or ErrFull; f is not called then.
func (l *Loop) Post(f func()) error { return l.inbox.put(f) }

// postPause is how long PostWait waits for room.
const postPause = time.Millisecond

// PostWait is Post for what must not be lost: it waits as long as too many functions wait. It may be called from any goroutine
// but the loop's own. The error is ErrClosed; f is not called then.
func (l *Loop) PostWait(f func()) error {
	for {
		err := l.Post(f)
		if err != ErrFull {
			return err
		}
		<-time.After(postPause)
	}
}

func (b *inbox) put(f func()) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return ErrClosed
	}
	if len(b.queue) >= b.limit {
		b.refused++
		return ErrFull
	}
	b.queue = append(b.queue, f)
	b.accepted++
	if len(b.queue) == 1 {
		b.some.Store(true)
	}
	b.rouse()
	return nil
}

// wake ends the wait, if there is one, without posting anything.
func (b *inbox) wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.rouse()
	}
}

// rouse rings once for each wait. The lock is held: the descriptor cannot be closed under it.
func (b *inbox) rouse() {
	if b.asleep {
		b.asleep = false
		b.wakes++
		ring(b.wakeFD)
	}
}

// sleep announces a wait. It is refused when something was posted or the context ended meanwhile.
func (b *inbox) sleep(over *atomic.Bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asleep = len(b.queue) == 0 && !over.Load()
	return b.asleep
}

func (b *inbox) rise() {
	b.mu.Lock()
	b.asleep = false
	b.mu.Unlock()
}

// take exchanges the queue for an empty one.
func (b *inbox) take(empty []func()) []func() {
	b.mu.Lock()
	defer b.mu.Unlock()
	full := b.queue
	b.queue = empty
	b.some.Store(false)
	return full
}

func (b *inbox) start() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return ErrClosed
	case b.running:
		return ErrRunning
	}
	b.running = true
	return nil
}

func (b *inbox) end() {
	b.mu.Lock()
	b.running, b.asleep = false, false
	b.mu.Unlock()
}

// close reports whether it was the first.
func (b *inbox) close() (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.running {
		return false, ErrRunning
	}
	first := !b.closed
	b.closed, b.queue = true, nil
	b.some.Store(false)
	return first, nil
}

// posts are the functions taken from the inbox.
type posts struct {
	batch []func()
	next  int
}

func (p *posts) waiting() bool { return p.next < len(p.batch) }

// fill takes what was posted, once the batch before is done.
func (p *posts) fill(b *inbox) {
	if p.waiting() || !b.some.Load() {
		return
	}
	empty := p.batch[:0]
	if cap(empty) > keepPosts {
		empty = nil
	}
	p.batch, p.next = b.take(empty), 0
}

// runPosts calls at most PostsPerTurn posted functions.
func (l *Loop) runPosts() {
	unmarked := 0
	for p := &l.posts; p.waiting() && l.cur.left > 0 && !l.stopping; {
		f := p.batch[p.next]
		p.batch[p.next] = nil
		p.next++
		l.cur.left--
		l.cur.kind = inPost
		f()
		if unmarked++; unmarked == postsPerMark {
			unmarked = 0
			l.mark()
		}
	}
	if unmarked > 0 {
		l.mark()
	}
}
