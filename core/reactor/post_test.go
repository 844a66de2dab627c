package reactor_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/reactor"
)

func TestThousandPostsCostOneWakeUp(t *testing.T) {
	l := newLoop(t, reactor.Options{})
	l.Hold()
	done := start(l, context.Background())
	eventually(t, "waits", func() bool { return reactor.Asleep(l) })
	gate, count := make(chan struct{}), 0
	require.NoError(t, l.Post(func() { <-gate }))
	for range 1000 {
		require.NoError(t, l.Post(func() { count++ }))
	}
	require.NoError(t, l.Post(l.Release))
	close(gate)
	require.NoError(t, wait(t, done))
	require.Equal(t, 1000, count)
	require.EqualValues(t, 1, l.Stats().Wakes)
	require.EqualValues(t, 1002, l.Stats().Posts)
}

func TestPostsOfTheLoopItselfCostNoWakeUp(t *testing.T) {
	l, left := newLoop(t, reactor.Options{}), 1000
	var again func()
	again = func() {
		if left--; left > 0 {
			require.NoError(t, l.Post(again))
		}
	}
	require.NoError(t, l.Post(again))
	run(t, l)
	require.Zero(t, left)
	require.Zero(t, l.Stats().Wakes)
}

func TestPostsFromManyGoroutinesKeepTheirOrder(t *testing.T) {
	const posters, each = 8, 5000
	l := newLoop(t, reactor.Options{PostsPerTurn: 100})
	l.Hold()
	done := start(l, context.Background())
	var next [posters]int
	ordered := true
	var wg sync.WaitGroup
	for p := range posters {
		wg.Go(func() {
			for i := range each {
				if l.Post(func() {
					ordered = ordered && next[p] == i
					next[p]++
				}) != nil {
					panic("refused")
				}
			}
		})
	}
	wg.Wait()
	require.NoError(t, l.Post(l.Release))
	require.NoError(t, wait(t, done))
	require.True(t, ordered)
	for _, n := range next {
		require.Equal(t, each, n)
	}
}

func TestPostsPerTurn(t *testing.T) {
	l := newLoop(t, reactor.Options{PostsPerTurn: 10})
	var inTurn, most, total int
	for range 95 {
		require.NoError(t, l.Post(func() { inTurn++; total++ }))
	}
	l.BeforeWait(func() { most, inTurn = max(most, inTurn), 0 })
	run(t, l)
	require.Equal(t, 95, total)
	require.Equal(t, 10, most)
	require.EqualValues(t, 10, l.Stats().Turns)
}

func TestPostsDoNotStarveSources(t *testing.T) {
	l := newLoop(t, reactor.Options{PostsPerTurn: 10})
	served := false
	var again func()
	again = func() {
		if !served {
			require.NoError(t, l.Post(again))
		}
	}
	require.NoError(t, l.Post(again))
	add(t, l, readable(t), reactor.Read, func(s reactor.Source, _ reactor.Interest) {
		served = true
		s.Remove()
	})
	run(t, l)
	require.True(t, served)
}

func TestPostLimit(t *testing.T) {
	l := newLoop(t, reactor.Options{PostLimit: 3})
	for range 3 {
		require.NoError(t, l.Post(func() {}))
	}
	require.ErrorIs(t, l.Post(func() {}), reactor.ErrFull)
	run(t, l)
	require.NoError(t, l.Post(func() {}))
	require.EqualValues(t, 1, l.Stats().Refused)
	require.NoError(t, l.Close())
	require.ErrorIs(t, l.Post(func() {}), reactor.ErrClosed)
}

func TestPostAndCloseRace(t *testing.T) {
	for range 20 {
		l := newLoop(t, reactor.Options{})
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for l.Post(func() {}) == nil {
					continue
				}
			})
		}
		require.NoError(t, l.Close())
		wg.Wait()
	}
}

func TestPostsFromOutsideAllocateNothing(t *testing.T) {
	t.Setenv("ED_VERIFY", "")
	l := newLoop(t, reactor.Options{})
	l.Hold()
	done := start(l, context.Background())
	ran := make(chan struct{}, 1)
	f, last := func() {}, func() { ran <- struct{}{} }
	burst := func() {
		for range 999 {
			_ = l.Post(f)
		}
		_ = l.Post(last)
		<-ran
	}
	for range 10 { // both queues grow to their size
		burst()
	}
	require.Less(t, testing.AllocsPerRun(100, burst), 2.0, "for a thousand posts")
	require.NoError(t, l.Post(l.Stop))
	require.NoError(t, wait(t, done))
}

// Posted functions share looks at the clock, but nothing is lost: neither the time they took, nor that timers are not
// early.
func TestPostsShareTheClock(t *testing.T) {
	l, now := clocked(t)
	const posts, each = 100, time.Millisecond
	begin := l.Now() // the clock is at 0
	var armed, came time.Duration
	for i := range posts {
		require.NoError(t, l.Post(func() {
			require.LessOrEqual(t, *now-l.Now().Sub(begin), 16*each)
			*now += each
			if i == 50 {
				armed = *now
				l.After(5*time.Millisecond, "timer", func() { came = *now })
			}
		}))
	}
	until(t, l, now, func() bool { return came > 0 })
	require.Equal(t, posts*each, l.Stats().Busy)
	require.GreaterOrEqual(t, came, armed+5*time.Millisecond)
}

// TestPostWait: who waits for room gets it, or hears that there will be none.
func TestPostWait(t *testing.T) {
	full := func() *reactor.Loop {
		l := newLoop(t, reactor.Options{PostLimit: 1})
		require.NoError(t, l.Post(func() {}))
		require.ErrorIs(t, l.Post(func() {}), reactor.ErrFull)
		return l
	}
	waits := func(l *reactor.Loop, f func()) <-chan error {
		before, done := l.Stats().Refused, make(chan error, 1)
		go func() { done <- l.PostWait(f) }()
		eventually(t, "waits for room", func() bool { return l.Stats().Refused > before })
		return done
	}
	l, called := full(), false
	l.Hold()
	done := waits(l, func() { called = true; l.Release() })
	run(t, l)
	require.NoError(t, wait(t, done))
	require.True(t, called)

	l = full()
	done = waits(l, func() {})
	require.NoError(t, l.Close())
	require.ErrorIs(t, wait(t, done), reactor.ErrClosed)
}
