package router

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestCrowd: whoever comes and goes, each client is looked at once in sweepEvery, a few at a time.
func TestCrowd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w crowd
		for _, add := range rapid.SliceOfN(rapid.IntRange(0, 3), 0, 600).Draw(t, "steps") {
			if add > 0 || len(w.list) == 0 {
				w.add(&client{wire: ledger{Conn: &wire{}}})
			} else {
				w.remove(w.list[len(w.list)/2])
			}
			for i, c := range w.list {
				require.EqualValues(t, i, c.index)
			}
		}
		for _, c := range w.list {
			require.NoError(t, c.wire.Write(make([]byte, 10)))
			c.wire.Conn.(*wire).out = 10
		}
		passed := time.Duration(0)
		for range 3*len(w.list)/sweepMost + 3 {
			passed += w.sweep()
		}
		for _, c := range w.list {
			require.Zero(t, c.wire.count)
		}
		rounds := time.Duration(4 + 3*sweepMost/max(1, len(w.list)))
		require.LessOrEqual(t, passed, rounds*sweepEvery+rounds)
	})
}
