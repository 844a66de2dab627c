package watch

import (
	"sync"

	"github.com/ed-toolbox/ed/core/reactor"
)

// Done tells a loop that something elsewhere is done. Any number of signals that come before the loop looks are one
// call, so the memory is that of one post.
type Done struct {
	loop   *reactor.Loop
	f      func(n int)
	closed bool // belongs to the loop, as do all fields but those below

	mu     sync.Mutex
	count  int
	posted bool
}

// NewDone makes a Done that calls f on the loop's goroutine; n is how many signals came since the call before. It keeps the
// loop alive until Close.
func NewDone(l *reactor.Loop, f func(n int)) *Done {
	l.Hold()
	return &Done{loop: l, f: f}
}

// Signal has f called soon. It may be called from any goroutine and does not block. The error is that of Loop.Post,
// reactor.ErrClosed or reactor.ErrFull; the signal is then counted with the next one that gets through.
func (d *Done) Signal() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.count++
	if d.posted {
		return nil
	}
	err := d.loop.Post(d.deliver)
	d.posted = err == nil
	return err
}

func (d *Done) deliver() {
	d.mu.Lock()
	n := d.count
	d.count, d.posted = 0, false
	d.mu.Unlock()
	if !d.closed {
		d.f(n)
	}
}

// Close ends it, on the loop's goroutine: f is not called any more, and later signals do nothing. Closing twice is nothing.
func (d *Done) Close() {
	if d.closed {
		return
	}
	d.closed = true
	d.loop.Release()
}
