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
	}
}
