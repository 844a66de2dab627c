package transporttest

import (
	"context"
	"io"
	"log/slog"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/ed-toolbox/ed/core/reactor"
)

// patience is how long a test waits for anything before it fails.
const patience = time.Minute

// World is one loop with a test around it. Everything happens on the test's
// goroutine, so callbacks may use t.
type World struct {
	T    *testing.T
	Loop *reactor.Loop
}

// NewWorld makes a loop that is closed after the test; then the test must have
// left no descriptor and no goroutine behind.
func NewWorld(t *testing.T) *World {
	t.Helper()
	NoLeaks(t)
	l, err := reactor.New(reactor.Options{Name: t.Name(), Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return &World{T: t, Loop: l}
}

// NoLeaks has the test fail if it leaves a descriptor or a goroutine behind, when all that it cleans up later than this call is
// done. Whoever has no World calls it first.
func NoLeaks(t testing.TB) {
	t.Helper()
	time.AfterFunc(time.Hour, func() {}).Stop() // the runtime opens two descriptors for its first timer, and keeps them
	before, routines := descriptors(t), runtime.NumGoroutine()
	t.Cleanup(func() {
		if t.Failed() {
			return // whatever was open then is open still
		}
		eventually(t, "descriptors left open", func() bool { return descriptors(t) <= before })
		eventually(t, "goroutines left running", func() bool { return runtime.NumGoroutine() <= routines })
	})
}

// Until turns the loop until cond holds, and fails the test if it never does.
func (w *World) Until(what string, cond func() bool) {
	w.T.Helper()
	ok := false
	check := w.Loop.Every(time.Millisecond, "until", func(int) {
		if cond() {
			ok = true
			w.Loop.Stop()
		}
	})
	w.run(patience)
	check.Cancel()
	if !ok {
		w.T.Fatalf("%s: it never came to that", what)
	}
}

// Idle turns the loop until nothing is left on it.
func (w *World) Idle() {
	w.T.Helper()
	if !w.run(patience) {
		for _, s := range w.Loop.Sources() {
			w.T.Logf("left: %+v", s)
		}
		w.T.Fatal("the loop never became idle")
	}
}

// For turns the loop for a while in which something is not to happen.
func (w *World) For(d time.Duration) {
	w.T.Helper()
	stop := w.Loop.After(d, "for", w.Loop.Stop)
	w.run(patience)
	stop.Cancel()
}

// run returns false if the loop had to be ended from outside.
func (w *World) run(d time.Duration) bool {
	w.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	err := w.Loop.Run(ctx)
	if err != nil && ctx.Err() == nil {
		w.T.Fatal(err)
	}
	return err == nil
}

// descriptors counts the open descriptors of the process.
func descriptors(t testing.TB) int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// eventually waits for what other goroutines do.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !cond(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Error(what)
			return
		}
	}
}
