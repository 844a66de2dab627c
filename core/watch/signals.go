package watch

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/core/signals"
)

const (
	lastSignal = int(signals.Last)
	// retryPost is how long to wait when the loop takes no more posts.
	retryPost = 10 * time.Millisecond
)

// SignalOptions describe a watch to Signals. The zero value is good.
type SignalOptions struct {
	Weak bool // do not keep the loop alive
}

// SignalWatch delivers signals on a loop.
type SignalWatch struct {
	loop    *reactor.Loop
	f       func(sig signals.Signal, n int)
	weak    bool
	closed  bool                // belongs to the loop, as does
	due     [lastSignal + 1]int // what f is to be told
	arrived chan os.Signal
	quit    chan struct{}
	over    chan struct{}

	mu     sync.Mutex
	counts [lastSignal + 1]int
	posted bool
}

// Signals has f called on the loop's goroutine for each of the signals that the process receives; n is how many of them
// came since the call before, as far as the system tells them apart. Several watches may have the same signal: each
// gets it. While one does, the signal's default action, such as the end of the process, is off; with the last watch it
// is back. Signals are delivered as package os/signal does it: no thread's mask is changed, nothing is inherited by
// children, and it works whatever threads there are.
//
// SIGKILL and SIGSTOP cannot be watched. The Go runtime sends SIGURG to itself: whoever watches that one gets many.
func Signals(l *reactor.Loop, f func(sig signals.Signal, n int), o SignalOptions, list ...signals.Signal) (*SignalWatch, error) {
	if len(list) == 0 {
		return nil, errors.New("watch signals: none given")
	}
	wanted := make([]os.Signal, len(list))
	for i, s := range list {
		if s < 1 || s > signals.Last || s == syscall.SIGKILL || s == syscall.SIGSTOP {
			return nil, fmt.Errorf("watch signal %s: %w", signals.Name(s), syscall.EINVAL)
		}
		wanted[i] = s
	}
	w := &SignalWatch{
		loop: l, f: f, weak: o.Weak,
		arrived: make(chan os.Signal, lastSignal), quit: make(chan struct{}), over: make(chan struct{}),
	}
	if !w.weak {
		l.Hold()
	}
	signal.Notify(w.arrived, wanted...)
	go w.collect()
	return w, nil
}

// collect counts what arrives. It never waits for the loop, so that os/signal never finds its channel full for long.
func (w *SignalWatch) collect() {
	defer close(w.over)
	retry := time.NewTimer(time.Hour)
	defer retry.Stop()
	for {
		var again bool
		select {
		case s := <-w.arrived:
			again = w.count(s.(signals.Signal))
		case <-retry.C:
			again = w.count(0)
		case <-w.quit:
			return
		}
		if again {
			retry.Reset(retryPost)
		}
	}
}

// count notes a signal, 0 for none, and posts unless that is done already. It asks to be called again when the loop
// is full; a closed loop stays closed.
func (w *SignalWatch) count(s signals.Signal) (again bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s > 0 && s <= signals.Last {
		w.counts[s]++
	}
	if w.posted {
		return false
	}
	err := w.loop.Post(w.deliver)
	w.posted = err == nil
	return errors.Is(err, reactor.ErrFull)
}

// deliver calls f. If f panics, the rest follows in the next turn.
func (w *SignalWatch) deliver() {
	w.mu.Lock()
	for s, n := range w.counts {
		w.due[s] += n
	}
	w.counts, w.posted = [lastSignal + 1]int{}, false
	w.mu.Unlock()
	again := w.loop.After(0, "signals", w.deliver)
	for s, n := range w.due {
		if n > 0 && !w.closed {
			w.due[s] = 0
			w.f(signals.Signal(s), n)
		}
	}
	again.Cancel()
}

// Close ends the watch, on the loop's goroutine: f is not called any more. Closing twice is nothing.
func (w *SignalWatch) Close() {
	if w.closed {
		return
	}
	w.closed = true
	signal.Stop(w.arrived)
	close(w.quit)
	<-w.over // it does not wait for anything
	if !w.weak {
		w.loop.Release()
	}
}
