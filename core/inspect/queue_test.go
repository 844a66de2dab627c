package inspect_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
)

// Whatever the watcher reads, and however much at a time: each message is shown or counted as lost in its place, and no more waits than
// may.
func TestQueueModel(t *testing.T) {
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 1))
		w, _, wake := sleeper(t)
		limit := []int{1, 500, 5_000, 200_000}[random.IntN(4)]
		v := w.watch(inspect.WatchOptions{Queue: limit, Rate: []int{-1, 1000}[random.IntN(2)]})
		var told uint64 // all up to this one was shown or counted
		left := 0       // of what is to be read now
		largest := 0
		line := func(line []byte) error {
			if left == 0 {
				return errors.New("enough")
			}
			left--
			m, err := message.Parse(line)
			require.NoError(t, err)
			if m.Command() == "LOST" {
				for _, why := range []string{"slow", "rate"} {
					if m.Has(why) {
						n, err := m.Uint(why)
						require.NoError(t, err)
						told += n
					}
				}
				return nil
			}
			var r inspect.Record
			require.NoError(t, inspect.ParseRecord(m, &r))
			told++
			require.Equal(t, told, r.Seq, "seed %d", seed)
			require.True(t, strings.HasPrefix(string(r.Text), fmt.Sprintf("A n=%d;", told)), "%.40s", r.Text)
			return nil
		}
		sent := 0
		for range 300 {
			for range random.IntN(20) {
				sent++
				size := random.IntN(1 << random.IntN(11))
				largest = max(largest, size+500)
				w.in(fmt.Sprintf("A n=%d;text=%s", sent, strings.Repeat("x", size)))
			}
			s := v.Stats()
			require.LessOrEqual(t, s.Bytes, max(limit, largest))
			require.Equal(t, s.Queued == 0, s.Bytes == 0)
			require.EqualValues(t, sent, s.Matched)
			left = random.IntN(30)
			most := left
			_ = v.Take(line) // where it ends does not matter
			require.Equal(t, s.Queued-(most-left), v.Stats().Queued)
			if w.now = w.now.Add(time.Duration(random.IntN(200)) * time.Millisecond); *wake != nil && random.IntN(3) == 0 {
				(*wake)()
			}
		}
		v.TellLost()
		for left = 1 << 30; v.Owes() || v.Stats().Queued > 0; v.TellLost() {
			require.NoError(t, v.Take(line))
		}
		require.EqualValues(t, sent, told, "seed %d", seed)
		s := v.Stats()
		require.Equal(t, s.Matched, s.Sent+s.Dropped.Sum())
		require.Zero(t, s.Bytes)
		require.LessOrEqual(t, inspect.QueueMemory(v), 64<<10)
	}
}

// takeOne has one line sent.
func takeOne(v *inspect.Watcher) {
	n := 0
	_ = v.Take(func([]byte) error { // where it ends does not matter
		if n++; n > 1 {
			return errors.New("enough")
		}
		return nil
	})
}

// The room of what was read is used again, though the queue is never empty.
func TestRoomOfTheQueue(t *testing.T) {
	w := newWorld(t)
	v := w.watch(inspect.WatchOptions{Rate: -1})
	w.in("A")
	for range 10_000 {
		w.in("A")
		takeOne(v)
	}
	require.Equal(t, 1, v.Stats().Queued)
	require.LessOrEqual(t, inspect.QueueMemory(v), 2<<10)
}

// What waited once for a watcher that was slow is not kept for good.
func TestMemoryOfAnEmptyQueue(t *testing.T) {
	w := newWorld(t)
	v := w.watch(inspect.WatchOptions{Rate: -1})
	for v.Stats().Bytes < 200_000 {
		w.in("A")
	}
	take(t, v)
	require.LessOrEqual(t, inspect.QueueMemory(v), 64<<10)
}

// After the queue was full, records are taken again when half of it was read: a note about lost ones stands for many.
func TestFullQueueHasToBeHalfEmpty(t *testing.T) {
	w, _, _ := sleeper(t)
	v := w.watch(inspect.WatchOptions{Rate: -1, Queue: 2000})
	for v.Stats().Dropped.Slow == 0 {
		w.in("A n=1")
	}
	for taken := false; !taken; {
		takeOne(v)
		before := v.Stats()
		w.in("A n=2")
		taken = v.Stats().Queued > before.Queued
		require.Equal(t, before.Bytes <= 1000, taken, "%+v", before)
	}
}

// A rate below ten a second is kept, too, and one above is not filled up message by message.
func TestRateIsKept(t *testing.T) {
	for _, c := range []struct {
		rate   int
		tick   time.Duration
		takes  int // in ten seconds
		bursts int // how often one was taken after one that was not
	}{{2, 100 * time.Millisecond, 21, 19}, {1000, 10 * time.Millisecond, 1000, 0}, {50, time.Millisecond, 545, 99}} {
		w := newWorld(t)
		v := w.watch(inspect.WatchOptions{Rate: c.rate, Queue: 10 << 20})
		takes, bursts, before := 0, 0, true
		for range 10 * time.Second / c.tick {
			w.in("A")
			shown, _ := take(t, v)
			if len(shown) == 1 && !before {
				bursts++
			}
			before = len(shown) == 1
			takes += len(shown)
			w.now = w.now.Add(c.tick)
		}
		require.Equal(t, c.takes, takes, c.rate)
		require.Equal(t, c.bursts, bursts, c.rate)
	}
}
