package reactor_test

import (
	"context"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/reactor"
)

const timeOut = time.Minute

var sizes = []struct {
	name    string
	pending int
}{{"10k", 10_000}, {"1M", 1_000_000}}

// BenchmarkTimers is what a service does with the time-outs of its connections: through the public API, in callbacks of a
// running loop, for connections drawn at random, or one after the other. A callback does a thousand operations, so that they are measured and
// not the turn; what the loop does with the timers after the callback is measured with them.
func BenchmarkTimers(b *testing.B) {
	minute := []time.Duration{timeOut}
	for _, size := range sizes {
		n := size.pending
		b.Run("reset/"+size.name, func(b *testing.B) { benchReset(b, n, drawn(n), minute) })
		b.Run("reset-in-turn/"+size.name, func(b *testing.B) { benchReset(b, n, inTurn(n), minute) })
		b.Run("reset-anywhere/"+size.name, func(b *testing.B) { benchReset(b, n, drawn(n), delays()) })
		b.Run("cancel+add/"+size.name, func(b *testing.B) { benchChange(b, n, drawn(n), minute) })
		b.Run("cancel+add-in-turn/"+size.name, func(b *testing.B) { benchChange(b, n, inTurn(n), minute) })
		b.Run("cancel+add-anywhere/"+size.name, func(b *testing.B) { benchChange(b, n, drawn(n), delays()) })
	}
}

// benchReset: every message puts the time-out of its connection off.
func benchReset(b *testing.B, n int, draw []int, some []time.Duration) {
	l, timers := pending(b, n)
	inCallbacks(b, l, 1000, func(from, to int) {
		for i := from; i < to; i++ {
			timers[draw[i&(len(draw)-1)]].Reset(some[i&(len(some)-1)])
		}
	})
}

// benchChange: the time-out is cancelled and another one made.
func benchChange(b *testing.B, n int, draw []int, some []time.Duration) {
	l, timers := pending(b, n)
	f := func() {}
	inCallbacks(b, l, 1000, func(from, to int) {
		for i := from; i < to; i++ {
			t := &timers[draw[i&(len(draw)-1)]]
			t.Cancel()
			*t = l.After(some[i&(len(some)-1)], "idle", f)
		}
	})
}

// BenchmarkTimerEach is a callback that resets one time-out, and one that does not, with 10,000 pending.
func BenchmarkTimerEach(b *testing.B) {
	for _, c := range []struct {
		name  string
		reset bool
	}{{"without", false}, {"with", true}} {
		b.Run(c.name, func(b *testing.B) {
			l, timers := pending(b, 10_000)
			draw := drawn(len(timers))
			inCallbacks(b, l, 1, func(i, _ int) {
				if c.reset {
					timers[draw[i&(len(draw)-1)]].Reset(timeOut)
				}
			})
		})
	}
}

// BenchmarkTimerFire is a timer that comes up, its callback, and arming it anew, with many others pending.
func BenchmarkTimerFire(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			l, _ := pending(b, size.pending)
			const busy = 1000
			left := b.N
			var timers [busy]reactor.Timer
			for i := range timers {
				timers[i] = l.After(0, "busy", func() {
					if left--; left <= 0 {
						l.Stop()
						return
					}
					timers[i].Reset(0)
				})
			}
			b.ReportAllocs()
			b.ResetTimer()
			require.NoError(b, l.Run(context.Background()))
		})
	}
}

// BenchmarkCollectMillion is a garbage collection with a million timers and one without, in turn; a round is an operation.
// The least of all of a kind counts: what other work on the machine adds is much more than a million timers. Whoever
// makes a function for each timer has the collector visit those: that is the second one.
func BenchmarkCollectMillion(b *testing.B) {
	shared := func() {}
	for _, c := range []struct {
		name string
		f    func(i int) func()
	}{
		{"one function", func(int) func() { return shared }},
		{"each its own", func(i int) func() { return func() { runtime.KeepAlive(i) } }},
	} {
		b.Run(c.name, func(b *testing.B) {
			with, without, scan := time.Hour, time.Hour, 0.0
			for range b.N {
				l := quickLoop(b)
				without = min(without, collect())
				scan -= float64(scannable())
				for i := range 1_000_000 {
					l.After(timeOut+time.Duration(i), "idle", c.f(i))
				}
				with = min(with, collect())
				scan += float64(scannable())
				require.NoError(b, l.Close())
			}
			b.ReportMetric(float64(with-without)/1e6, "ms-more")
			b.ReportMetric(float64(without)/1e6, "ms-without")
			b.ReportMetric(scan/float64(b.N)/1e6, "MB-scanned-more")
		})
	}
}

// collect is the time of a collection, the least of a few after one that cleans up.
func collect() time.Duration {
	runtime.GC()
	least := time.Hour
	for range 20 {
		began := time.Now()
		runtime.GC()
		least = min(least, time.Since(began))
	}
	return least
}

// inCallbacks has do called on the running loop, with so many of b.N operations a callback. The median is that of
// callbacks: each from its beginning to the beginning of the next.
func inCallbacks(b *testing.B, l *reactor.Loop, each int, do func(from, to int)) {
	next, began := 0, time.Now()
	periods := make([]time.Duration, 0, b.N/each+1)
	var step func()
	step = func() {
		now := time.Now()
		periods = append(periods, now.Sub(began))
		began = now
		to := min(b.N, next+each)
		do(next, to)
		if next = to; next == b.N {
			l.Stop()
		} else {
			_ = l.Post(step)
		}
	}
	_ = l.Post(step)
	b.ReportAllocs()
	b.ResetTimer()
	require.NoError(b, l.Run(context.Background()))
	b.StopTimer()
	reportMedian(b, "median-ns/op", periods, each)
}

// delays are some of half a minute to a minute and a half.
func delays() []time.Duration {
	list := make([]time.Duration, 1<<12)
	for i := range list {
		list[i] = timeOut/2 + time.Duration(rand.Int64N(int64(timeOut)))
	}
	return list
}

// drawn and inTurn give numbers below n, as many as a power of two.
func drawn(n int) []int {
	list := make([]int, 1<<16)
	for i := range list {
		list[i] = rand.IntN(n)
	}
	return list
}

func inTurn(n int) []int {
	list := make([]int, 1<<20)
	for i := range list {
		list[i] = i % n
	}
	return list
}

// pending gives a loop with n time-outs.
func pending(b *testing.B, n int) (*reactor.Loop, []reactor.Timer) {
	l, f, some := quickLoop(b), func() {}, delays()
	timers := make([]reactor.Timer, n)
	for i := range timers {
		timers[i] = l.After(some[i%len(some)], "idle", f)
	}
	return l, timers
}
