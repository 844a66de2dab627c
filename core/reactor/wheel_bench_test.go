package reactor

import (
	"math/rand/v2"
	"testing"
	"time"
)

// BenchmarkWheel measures the wheel alone, without clock and callbacks, with timers spread over a minute.
func BenchmarkWheel(b *testing.B) {
	for _, size := range []struct {
		name    string
		pending int
	}{{"1M", 1_000_000}, {"10k", 10_000}} {
		b.Run("add+cancel/"+size.name, func(b *testing.B) { benchWheelAdd(b, size.pending) })
		b.Run("reset/"+size.name, func(b *testing.B) { benchWheelReset(b, size.pending) })
		b.Run("fire/"+size.name, func(b *testing.B) { benchWheelFire(b, size.pending) })
	}
}

func spread() int64 { return rand.Int64N(int64(time.Minute)) }

func fullWheel(n int) *wheel {
	w := &wheel{soonest: never, known: true}
	for range n {
		armNew(w, spread())
	}
	return w
}

func benchWheelAdd(b *testing.B, n int) {
	w := fullWheel(n)
	when := make([]int64, 1<<12)
	for i := range when {
		when[i] = spread()
	}
	b.ResetTimer()
	for i := range b.N {
		id := armNew(w, when[i&(1<<12-1)])
		w.disarm(w.at(id))
		w.nodes.give(id)
	}
}

func benchWheelReset(b *testing.B, n int) {
	w := fullWheel(n)
	when := make([]int64, 1<<12)
	for i := range when {
		when[i] = spread()
	}
	b.ResetTimer()
	x := uint32(1)
	for i := range b.N {
		x = x*1664525 + 1013904223
		id := uint32(uint64(x)*uint64(n)>>32) + 1
		w.set(id, w.at(id), when[i&(1<<12-1)])
	}
}

// benchWheelFire takes the earliest timer and arms it anew, a minute ahead at most.
func benchWheelFire(b *testing.B, n int) {
	w := fullWheel(n)
	now, fired := int64(0), 0
	b.ResetTimer()
	for fired < b.N {
		now += int64(time.Millisecond)
		w.advance(now)
		for fired < b.N {
			id, ok := w.pop(now)
			if !ok {
				break
			}
			fired++
			w.set(id, w.at(id), now+int64(time.Minute)-w.at(id).when%int64(time.Second))
		}
	}
}
