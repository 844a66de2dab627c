package watch

import (
	"errors"
	"fmt"
	"time"

	"github.com/ed-toolbox/ed/core/reactor"
)

// ListenOptions describe a watch to Listening. The zero value is good.
type ListenOptions struct {
	Interval time.Duration // pause after the first try; doubled after each; 0: 100 ms
	Max      time.Duration // longest pause; 0: 5 s
	Timeout  time.Duration // for all of it; 0: no end
	Path     string        // of a Unix socket: its creation ends the pause
	Name     string        // for people; "": "listening"
}

// ListenWatch waits until something listens.
type ListenWatch struct {
	loop    *reactor.Loop
	probe   func(done func(error))
	f       func(error)
	options ListenOptions

	running  bool // between start and the call of f
	try      int  // number of the current try, to know answers of earlier ones
	trying   bool
	hurry    bool // the path was made while a try was under way
	pause    time.Duration
	last     error // of the last try
	retry    reactor.Timer
	deadline reactor.Timer
	files    *FileWatch
}

// Listening has f(nil) called once, on the loop's goroutine, when something listens at an address. What the address is, probe knows:
// it begins to connect, without blocking, and calls done with the outcome on the loop's goroutine, at once or later; it should
// give up by itself after some seconds. A try that succeeds is the last one; the connection is probe's to close.
// Between tries there are pauses, 100 ms at first, then doubled up to Max. f gets an error that wraps ErrTimeout
// and that of the last try when Timeout has passed.
//
// A Unix socket exists a moment before something listens on it, so with Path the pauses begin anew when the path appears.
// Where files cannot be watched, the pauses alone must do.
//
// The watch keeps the loop alive until f was called or Close. Rearm begins anew, for instance when the connection was lost.
func Listening(l *reactor.Loop, probe func(done func(error)), f func(error), o ListenOptions) *ListenWatch {
	if o.Interval <= 0 {
		o.Interval = 100 * time.Millisecond
	}
	if o.Max <= 0 {
		o.Max = 5 * time.Second
	}
	o.Max = max(o.Max, o.Interval)
	if o.Name == "" {
		o.Name = "listening"
	}
	w := &ListenWatch{loop: l, probe: probe, f: f, options: o}
	w.Rearm()
	return w
}

// Rearm begins anew, on the loop's goroutine. While the watch runs, it begins the pauses anew. The first try comes in a
// later callback.
func (w *ListenWatch) Rearm() {
	w.pause = 0
	if w.running {
		w.soon()
		return
	}
	w.running, w.last = true, nil
	w.loop.Hold()
	w.watchPath()
	if w.options.Timeout > 0 {
		w.deadline = w.loop.After(w.options.Timeout, w.options.Name, func() {
			err := error(ErrTimeout)
			if w.last != nil {
				err = fmt.Errorf("%w: %w", err, w.last)
			}
			w.finish(err)
		})
	}
	w.retry = w.loop.After(0, w.options.Name, w.begin)
}

// watchPath is a help, no condition: its errors are covered by the pauses.
func (w *ListenWatch) watchPath() {
	if w.options.Path == "" {
		return
	}
	made := func(e FileEvent) {
		if e.Op&(Create|Rename|Attrib) != 0 {
			w.pause = 0
			w.soon()
		}
	}
	files, err := Files(w.loop, made, FileOptions{
		Patterns: []string{Escape(w.options.Path)}, Ops: Create | Rename | Attrib, Name: w.options.Name,
	})
	if err == nil {
		w.files = files
	}
}

// soon ends the pause.
func (w *ListenWatch) soon() {
	if w.trying {
		w.hurry = true
		return
	}
	w.retry.Cancel()
	w.retry = w.loop.After(0, w.options.Name, w.begin)
}

func (w *ListenWatch) begin() {
	w.try++
	w.trying, w.hurry = true, false
	try, returned := w.try, false
	defer func() {
		if !returned {
			w.tried(try, errProbe)
		}
	}()
	w.probe(func(err error) { w.tried(try, err) })
	returned = true
}

// errProbe is the outcome of a probe that panicked.
var errProbe = errors.New("probe panicked")

// tried takes the outcome of a try; those of a watch that was closed, or told twice, are left out.
func (w *ListenWatch) tried(try int, err error) {
	if !w.running || !w.trying || try != w.try {
		return
	}
	w.trying, w.last = false, err
	switch {
	case err == nil:
		w.finish(nil)
	case w.hurry:
		w.soon()
	default:
		w.pause = min(max(2*w.pause, w.options.Interval), w.options.Max)
		w.retry = w.loop.After(w.pause, w.options.Name, w.begin)
	}
}

func (w *ListenWatch) finish(err error) {
	w.stop()
	if err != nil {
		err = fmt.Errorf("wait for %s: %w", w.options.Name, err)
	}
	w.f(err)
}

func (w *ListenWatch) stop() {
	if !w.running {
		return
	}
	w.running, w.trying = false, false
	w.retry.Cancel()
	w.deadline.Cancel()
	if w.files != nil {
		w.files.Close()
		w.files = nil
	}
	w.loop.Release()
}

// Close ends the watch, on the loop's goroutine: f is not called any more. A try under way is not interrupted. Closing twice is
// nothing.
func (w *ListenWatch) Close() { w.stop() }
