package reactor_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/core/reactor"
)

func TestLoopIsAliveWhile(t *testing.T) {
	for _, c := range []struct {
		name string
		keep func(t *testing.T, l *reactor.Loop, end func(func()))
	}{
		{"nothing", func(_ *testing.T, _ *reactor.Loop, end func(func())) { end(nil) }},
		{"a source", func(t *testing.T, l *reactor.Loop, end func(func())) {
			one, _ := socketPair(t)
			end(add(t, l, one, reactor.Read, nil).Remove)
		}},
		{"a source without interest", func(t *testing.T, l *reactor.Loop, end func(func())) {
			one, _ := socketPair(t)
			s := add(t, l, one, 0, nil)
			end(func() { require.NoError(t, s.SetEnabled(false)) })
		}},
		{"a timer", func(_ *testing.T, l *reactor.Loop, end func(func())) {
			tm := l.After(time.Hour, "far", func() {})
			end(func() { tm.Cancel() })
		}},
		{"a date", func(_ *testing.T, l *reactor.Loop, end func(func())) {
			tm := l.At(time.Now().Add(time.Hour), "far", func() {})
			end(func() { tm.Cancel() })
		}},
		{"a hold", func(_ *testing.T, l *reactor.Loop, end func(func())) {
			l.Hold()
			end(l.Release)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLoop(t, reactor.Options{})
			c.keep(t, l, func(end func()) {
				if end == nil {
					run(t, l)
					return
				}
				done := start(l, context.Background())
				eventually(t, "waits", func() bool { return reactor.Asleep(l) })
				require.NoError(t, l.Post(end))
				require.NoError(t, wait(t, done))
			})
		})
	}
}

func TestPostedAndLaterWorkIsDoneBeforeTheEnd(t *testing.T) {
	l := newLoop(t, reactor.Options{PostsPerTurn: 1})
	var did []string
	for _, s := range []string{"a", "b", "c"} {
		require.NoError(t, l.Post(func() { did = append(did, s) }))
	}
	l.Later(ender(func() {
		did = append(did, "later")
		l.Later(ender(func() { did = append(did, "later again") }))
	}))
	run(t, l)
	require.Equal(t, []string{"a", "later", "b", "later again", "c"}, did)
}

func TestContextEndsRun(t *testing.T) {
	reason := errors.New("enough")
	t.Run("while it waits", func(t *testing.T) {
		l := newLoop(t, reactor.Options{})
		l.Hold()
		ctx, cancel := context.WithCancelCause(context.Background())
		done := start(l, ctx)
		eventually(t, "waits", func() bool { return reactor.Asleep(l) })
		cancel(reason)
		require.Equal(t, reason, wait(t, done))
	})
	t.Run("while it works", func(t *testing.T) {
		l := newLoop(t, reactor.Options{})
		ctx, cancel := context.WithCancelCause(context.Background())
		defer cancel(nil)
		add(t, l, readable(t), reactor.Read, func(reactor.Source, reactor.Interest) { cancel(reason) })
		require.Equal(t, reason, l.Run(ctx))
	})
	t.Run("before it runs", func(t *testing.T) {
		l := newLoop(t, reactor.Options{})
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		ran := false
		require.NoError(t, l.Post(func() { ran = true }))
		require.Equal(t, context.Canceled, l.Run(ctx))
		require.False(t, ran)
		run(t, l)
		require.True(t, ran, "a loop may run again")
	})
	t.Run("deadline", func(t *testing.T) {
		l := newLoop(t, reactor.Options{})
		l.Hold()
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		require.Equal(t, context.DeadlineExceeded, l.Run(ctx))
	})
}

func TestStop(t *testing.T) {
	t.Run("before Run", func(t *testing.T) {
		l := newLoop(t, reactor.Options{})
		l.Hold()
		l.Stop()
		run(t, l)
	})
	t.Run("from another goroutine", func(t *testing.T) {
		l := newLoop(t, reactor.Options{})
		l.Hold()
		done := start(l, context.Background())
		eventually(t, "waits", func() bool { return reactor.Asleep(l) })
		require.NoError(t, l.Post(l.Stop))
		require.NoError(t, wait(t, done))
	})
	t.Run("flushes, but starts nothing new", func(t *testing.T) {
		l := newLoop(t, reactor.Options{})
		var did []string
		note := func(s string) func() { return func() { did = append(did, s) } }
		require.NoError(t, l.Post(func() {
			l.Stop()
			l.Later(ender(note("later")))
		}))
		require.NoError(t, l.Post(note("post")))
		l.After(0, "timer", note("timer"))
		run(t, l)
		require.Equal(t, []string{"later"}, did)
		run(t, l)
		require.Equal(t, []string{"later", "post", "timer"}, did, "it is still there for the next run")
	})
}

func TestSecondRunIsRefused(t *testing.T) {
	l := newLoop(t, reactor.Options{})
	require.NoError(t, l.Post(func() {
		require.ErrorIs(t, l.Run(context.Background()), reactor.ErrRunning, "recursive")
		require.ErrorIs(t, l.Close(), reactor.ErrRunning)
		other := start(l, context.Background())
		require.ErrorIs(t, <-other, reactor.ErrRunning, "concurrent")
	}))
	run(t, l)
	require.NoError(t, l.Close())
	require.NoError(t, l.Close())
	require.ErrorIs(t, l.Run(context.Background()), reactor.ErrClosed)
}

func TestCloseLeavesSourcesAndTimersInert(t *testing.T) {
	l := newLoop(t, reactor.Options{})
	one, two := socketPair(t)
	s := add(t, l, one, reactor.Read, nil)
	timers := []reactor.Timer{
		l.After(time.Hour, "", func() {}), l.At(time.Now().Add(time.Hour), "", func() {}), l.Every(time.Hour, "", func(int) {}),
	}
	require.NoError(t, l.Close())
	require.False(t, s.Valid())
	for _, tm := range timers {
		require.False(t, tm.Active())
		require.False(t, tm.Reset(0))
		require.False(t, tm.Cancel())
	}
	require.Equal(t, reactor.Timer{}, l.After(0, "", func() {}))
	require.Equal(t, reactor.Timer{}, l.At(time.Now(), "", func() {}))
	require.Equal(t, reactor.Timer{}, l.Every(time.Second, "", func(int) {}))
	send(t, two)
	_, err := unix.Read(one, make([]byte, 1))
	require.NoError(t, err, "descriptors of sources stay open")
}

func TestInterruptedWaitGoesOn(t *testing.T) {
	for _, coarse := range []bool{false, true} {
		l := newLoop(t, reactor.Options{})
		if coarse {
			reactor.SetCoarse(l)
		}
		heard := make(chan os.Signal, 1)
		signal.Notify(heard, unix.SIGUSR1)
		thread := make(chan int, 1)
		l.Hold()
		var turns atomic.Int32
		l.AfterWait(func() { turns.Add(1) })
		require.NoError(t, l.Post(func() { thread <- unix.Gettid() }))
		done := make(chan error, 1)
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			done <- l.Run(context.Background())
		}()
		id := <-thread
		eventually(t, "many turns without a wake-up", func() bool {
			require.NoError(t, unix.Tgkill(unix.Getpid(), id, unix.SIGUSR1))
			return turns.Load() > 10
		})
		require.NoError(t, l.Post(l.Release))
		require.NoError(t, wait(t, done))
		require.LessOrEqual(t, l.Stats().Wakes, uint64(1))
		signal.Stop(heard)
	}
}

func TestSpin(t *testing.T) {
	l := newLoop(t, reactor.Options{Spin: time.Millisecond})
	l.Hold()
	done := start(l, context.Background())
	answered := make(chan struct{})
	for range 100 {
		require.NoError(t, l.Post(func() { answered <- struct{}{} }))
		<-answered
	}
	eventually(t, "waits in the end", func() bool { return reactor.Asleep(l) })
	require.NoError(t, l.Post(l.Release))
	require.NoError(t, wait(t, done))
}

// TestSpinIsPartOfTheWait: a loop that has polled in vain waits only for the rest of the time until the next timer. A busy machine may make
// that late; then it is tried again.
func TestSpinIsPartOfTheWait(t *testing.T) {
	const after, spin = 42 * time.Millisecond, 40 * time.Millisecond
	l := newLoop(t, reactor.Options{Spin: spin})
	for range 50 {
		began := time.Now()
		l.After(after, "due", func() {})
		require.NoError(t, l.Run(context.Background()))
		if time.Since(began) < after+spin/2 {
			return
		}
	}
	t.Fatal("never in time")
}

func TestOwnershipIsChecked(t *testing.T) {
	l := newLoop(t, reactor.Options{Name: "mine"})
	one, _ := socketPair(t)
	s := add(t, l, one, reactor.Read, nil)
	tm := l.After(time.Hour, "far", func() {})
	done := start(l, context.Background())
	eventually(t, "waits", func() bool { return reactor.Asleep(l) })
	for name, call := range map[string]func(){
		"Stop":      l.Stop,
		"After":     func() { l.After(0, "", func() {}) },
		"Cancel":    func() { tm.Cancel() },
		"Remove":    s.Remove,
		"Stats":     func() { l.Stats() },
		"Later":     func() { l.Later(nil) },
		"Buffer":    func() { l.Buffer() },
		"SetName":   func() { s.SetName("") },
		"AfterWait": func() { l.AfterWait(func() {}) },
	} {
		func() {
			defer func() {
				v := recover()
				require.Contains(t, v, name)
				require.Contains(t, v, `"mine"`)
				require.Contains(t, v, "use Post")
			}()
			call()
		}()
	}
	require.False(t, l.OnLoop())
	require.NoError(t, l.Post(func() {
		if !l.OnLoop() {
			panic("not on the loop")
		}
		s.Remove()
		tm.Cancel()
	}))
	require.NoError(t, wait(t, done))
	require.Zero(t, l.Stats().Panics)
}

// TestRunAfterGoexit: a callback that ends the goroutine of Run takes their callbacks away from nobody.
func TestRunAfterGoexit(t *testing.T) {
	for _, at := range []string{"source 1", "end 1"} {
		t.Run(at, func(t *testing.T) {
			l := newLoop(t, reactor.Options{})
			var log []string
			note := func(what string) {
				if log = append(log, what); what == at {
					runtime.Goexit()
				}
			}
			for i := range 3 {
				add(t, l, readable(t), reactor.Read, func(s reactor.Source, _ reactor.Interest) {
					s.Remove()
					l.Later(ender(func() { note(fmt.Sprint("end ", i)) }))
					note(fmt.Sprint("source ", i))
				})
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				_ = l.Run(context.Background())
			}()
			<-done
			run(t, l)
			require.ElementsMatch(t, []string{"source 0", "source 1", "source 2", "end 0", "end 1", "end 2"}, log)
		})
	}
}

// What watches the wall clock for dates is closed with the loop.
func TestCloseLeavesNoDescriptor(t *testing.T) {
	descriptors := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		require.NoError(t, err)
		return len(list)
	}
	before := descriptors()
	l, err := reactor.New(reactor.Options{})
	require.NoError(t, err)
	l.At(time.Now().Add(time.Hour), "date", func() {})
	require.Greater(t, descriptors(), before)
	require.NoError(t, l.Close())
	require.Equal(t, before, descriptors())
}
