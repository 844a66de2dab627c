package reactor_test

import (
	"container/heap"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/reactor"
)

// BenchmarkTimersAgainst times the loop's timers, a heap of pointers and those of the standard library, in turn and with the same draws: what
// a processor and its memory are worth at the moment is the same for all three.
func BenchmarkTimersAgainst(b *testing.B) {
	for _, size := range sizes {
		b.Run("reset/"+size.name, func(b *testing.B) { benchAgainst(b, size.pending, reset) })
		b.Run("cancel+add/"+size.name, func(b *testing.B) { benchAgainst(b, size.pending, change) })
	}
}

// manyTimers are time-outs that are put off, or cancelled and made anew, by their number.
type manyTimers interface {
	reset(i int, d time.Duration)
	change(i int, d time.Duration)
}

func reset(t manyTimers, i int)  { t.reset(i, timeOut) }
func change(t manyTimers, i int) { t.change(i, timeOut) }

func benchAgainst(b *testing.B, n int, do func(t manyTimers, i int)) {
	const (
		each = 1000 // operations in a callback
		run  = 100  // callbacks of one way, before the next has its turn
		warm = 20   // of these that bring its memory to the processor
	)
	loop, ours := pending(b, n)
	draw, some := drawn(n), delays()
	queue, std := &timeHeap{since: time.Now()}, make(stdTimers, n)
	for i := range n {
		d := some[i%len(some)]
		queue.add(d)
		std[i] = time.AfterFunc(d, func() {})
	}
	b.Cleanup(std.stop)
	ways := []manyTimers{loopTimers{loop, ours, func() {}}, queue, std}
	units := []string{"ns", "heap-ns", "std-ns"}
	took := make([][]time.Duration, len(ways))

	turn, began := 0, time.Now()
	var step func()
	step = func() {
		now := time.Now()
		if way := turn / run % len(ways); turn%run > warm { // what the loop does behind the callback is measured with it
			took[way] = append(took[way], now.Sub(began))
		}
		if turn++; turn >= run*len(ways)*b.N {
			loop.Stop()
			return
		}
		t, at := ways[turn/run%len(ways)], turn*each
		began = time.Now()
		for i := at; i < at+each; i++ {
			do(t, draw[i&(len(draw)-1)])
		}
		_ = loop.Post(step)
	}
	_ = loop.Post(step)
	b.ResetTimer()
	require.NoError(b, loop.Run(context.Background()))
	b.StopTimer()
	for i, unit := range units {
		reportMedian(b, unit, took[i], each)
	}
}

type loopTimers struct {
	loop   *reactor.Loop
	timers []reactor.Timer
	f      func()
}

func (t loopTimers) reset(i int, d time.Duration) { t.timers[i].Reset(d) }

func (t loopTimers) change(i int, d time.Duration) {
	t.timers[i].Cancel()
	t.timers[i] = t.loop.After(d, "idle", t.f)
}

type stdTimers []*time.Timer

func (t stdTimers) reset(i int, d time.Duration) { t[i].Reset(d) }

func (t stdTimers) change(i int, d time.Duration) {
	t[i].Stop()
	t[i] = time.AfterFunc(d, func() {})
}

func (t stdTimers) stop() {
	for _, timer := range t {
		timer.Stop()
	}
}

// timeHeap is what programs do that keep their timers themselves. The clock is read for each, as they do.
type timeHeap struct {
	since time.Time
	all   []*heapTimer // by number
	order []*heapTimer
}

type heapTimer struct {
	when time.Duration
	at   int
}

func (h *timeHeap) Len() int           { return len(h.order) }
func (h *timeHeap) Less(i, j int) bool { return h.order[i].when < h.order[j].when }
func (h *timeHeap) Swap(i, j int) {
	h.order[i], h.order[j] = h.order[j], h.order[i]
	h.order[i].at, h.order[j].at = i, j
}
func (h *timeHeap) Push(x any) {
	t := x.(*heapTimer)
	t.at = len(h.order)
	h.order = append(h.order, t)
}
func (h *timeHeap) Pop() any {
	last := h.order[len(h.order)-1]
	h.order = h.order[:len(h.order)-1]
	return last
}

func (h *timeHeap) add(d time.Duration) {
	t := &heapTimer{when: d}
	h.all = append(h.all, t)
	heap.Push(h, t)
}

func (h *timeHeap) reset(i int, d time.Duration) {
	h.all[i].when = time.Since(h.since) + d
	heap.Fix(h, h.all[i].at)
}

func (h *timeHeap) change(i int, d time.Duration) {
	heap.Remove(h, h.all[i].at)
	h.all[i] = &heapTimer{when: time.Since(h.since) + d}
	heap.Push(h, h.all[i])
}
