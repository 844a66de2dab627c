package watch_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/core/watch"
)

var errTest = errors.New("test")

func TestBackground(t *testing.T) {
	cause := errors.New("inner")
	for _, test := range []struct {
		name  string
		work  func(context.Context) (int, error)
		want  int
		check func(t *testing.T, err error)
	}{
		{"result", func(context.Context) (int, error) { return 7, nil }, 7, func(t *testing.T, err error) { require.NoError(t, err) }},
		{"error", func(context.Context) (int, error) { return 1, errTest }, 1, func(t *testing.T, err error) { require.ErrorIs(t, err, errTest) }},
		{"panic", func(context.Context) (int, error) { panic("oh") }, 0, func(t *testing.T, err error) {
			var p *watch.PanicError
			require.ErrorAs(t, err, &p)
			require.Equal(t, "oh", p.Value)
			require.Contains(t, string(p.Stack), "background_test.go")
			require.Equal(t, "panic in background task: oh", err.Error())
		}},
		{"panic with an error", func(context.Context) (int, error) { panic(cause) }, 0, func(t *testing.T, err error) {
			require.ErrorIs(t, err, cause)
		}},
		{"goexit", func(context.Context) (int, error) { runtime.Goexit(); return 1, nil }, 0, func(t *testing.T, err error) {
			require.ErrorContains(t, err, "goroutine")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLoop(t)
			calls := 0
			_, err := watch.Background(l, test.work, func(n int, err error) {
				calls++
				require.True(t, l.OnLoop())
				require.Equal(t, test.want, n)
				test.check(t, err)
			})
			require.NoError(t, err)
			run(t, l)
			require.Equal(t, 1, calls)
		})
	}
}

func TestPoolBounds(t *testing.T) {
	l := newLoop(t)
	p := watch.NewPool(l, watch.PoolOptions{Workers: 3, Queue: 5})
	var now, most atomic.Int32
	var order []int
	var together sync.WaitGroup
	together.Add(3)
	for i := range 8 {
		_, err := watch.Run(p, func(context.Context) (int, error) {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			if i < 3 {
				together.Done()
				together.Wait()
			}
			now.Add(-1)
			return i, nil
		}, func(n int, err error) { order = append(order, n) })
		require.NoError(t, err)
	}
	_, err := watch.Run(p, func(context.Context) (int, error) { return 0, nil }, func(int, error) { t.Error("called") })
	require.ErrorIs(t, err, watch.ErrBusy)
	require.Equal(t, 3, p.Running())
	require.Equal(t, 5, p.Waiting())
	run(t, l)
	require.ElementsMatch(t, []int{0, 1, 2, 3, 4, 5, 6, 7}, order)
	require.Equal(t, int32(3), most.Load())
	require.Zero(t, p.Running()+p.Waiting())
}

func TestTaskCancel(t *testing.T) {
	l := newLoop(t)
	p := watch.NewPool(l, watch.PoolOptions{Workers: 1})
	untilEnd := func(ctx context.Context) (int, error) {
		<-ctx.Done()
		return 1, ctx.Err()
	}
	var ends []string
	end := func(name string) func(int, error) {
		return func(_ int, err error) {
			require.ErrorIs(t, err, context.Canceled)
			ends = append(ends, name)
		}
	}
	a, err := watch.Run(p, untilEnd, end("running"))
	require.NoError(t, err)
	_, err = watch.Run(p, untilEnd, end("closed"))
	require.NoError(t, err)
	b, err := watch.Run(p, func(context.Context) (int, error) { t.Error("it ran"); return 0, nil }, end("queued"))
	require.NoError(t, err)
	b.Cancel()
	b.Cancel()
	require.Equal(t, 1, p.Waiting())
	require.Empty(t, ends, "not from inside Cancel")
	runUntil(t, l, func() bool { return len(ends) == 1 })
	require.Equal(t, []string{"queued"}, ends)
	a.Cancel()
	a.Cancel()
	runUntil(t, l, func() bool { return len(ends) == 2 })
	p.Close()
	run(t, l)
	require.Equal(t, []string{"queued", "running", "closed"}, ends)
	_, err = watch.Run(p, untilEnd, end(""))
	require.ErrorIs(t, err, watch.ErrClosed)
	b.Cancel()
}

// TestTaskPanic is about the callback: the next task must run all the same.
func TestTaskPanic(t *testing.T) {
	l := quietLoop(t)
	p := watch.NewPool(l, watch.PoolOptions{Workers: 1})
	done := 0
	for range 3 {
		_, err := watch.Run(p, func(context.Context) (int, error) { return 0, nil }, func(int, error) {
			done++
			panic("in the callback")
		})
		require.NoError(t, err)
	}
	run(t, l)
	require.Equal(t, 3, done)
}

// TestTaskFull has the result wait for room in the loop's queue.
func TestTaskFull(t *testing.T) {
	l, err := reactor.New(reactor.Options{PostLimit: 1})
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	ran, done := make(chan struct{}), 0
	require.NoError(t, l.Post(func() {}))
	_, err = watch.Background(l, func(context.Context) (int, error) { close(ran); return 0, nil }, func(int, error) { done++ })
	require.NoError(t, err)
	<-ran
	run(t, l)
	require.Equal(t, 1, done)
}

func TestTaskOfClosedLoop(t *testing.T) {
	l, err := reactor.New(reactor.Options{})
	require.NoError(t, err)
	hold := make(chan struct{})
	_, err = watch.Background(l, func(context.Context) (int, error) { <-hold; return 0, nil }, func(int, error) { t.Error("called") })
	require.NoError(t, err)
	require.NoError(t, l.Close())
	close(hold) // goleak sees whether the goroutine ends
}

func TestDone(t *testing.T) {
	l := newLoop(t)
	total, calls := 0, 0
	var d *watch.Done
	d = watch.NewDone(l, func(n int) {
		require.True(t, l.OnLoop())
		calls++
		if total += n; total == 4000 {
			d.Close()
			d.Close()
		}
	})
	for range 4 {
		go func() {
			for range 1000 {
				if err := d.Signal(); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	run(t, l)
	require.Equal(t, 4000, total)
	require.NoError(t, d.Signal())
	run(t, l)
	require.Equal(t, 4000, total)
}

func TestDoneOfFullAndClosedLoop(t *testing.T) {
	l, err := reactor.New(reactor.Options{PostLimit: 1})
	require.NoError(t, err)
	got := 0
	d := watch.NewDone(l, func(n int) { got = n })
	require.NoError(t, l.Post(func() {}))
	require.ErrorIs(t, d.Signal(), reactor.ErrFull)
	runUntil(t, l, func() bool { return true })
	require.NoError(t, d.Signal())
	runUntil(t, l, func() bool { return got > 0 })
	require.Equal(t, 2, got)
	d.Close()
	require.NoError(t, l.Close())
	require.ErrorIs(t, d.Signal(), reactor.ErrClosed)
}
