package inspect_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/inspect"
)

// TestSpreadOfFew: no more than a hundredth of the times is above p99, however few there are.
func TestSpreadOfFew(t *testing.T) {
	var times []time.Duration
	for n := 1; n <= 1200; n++ {
		times = append(times, time.Duration(n)*time.Millisecond)
		s := inspect.SpreadOf(times)
		require.EqualValues(t, n, s.Count)
		for perMille, got := range map[int]time.Duration{500: s.P50, 900: s.P90, 990: s.P99, 999: s.P999, 1000: s.Max} {
			want := time.Duration((n*perMille+999)/1000) * time.Millisecond
			require.InEpsilon(t, want, got, 0.01, "p%d of %d", perMille, n) // two digits are kept
		}
	}
	require.Zero(t, inspect.SpreadOf(nil))
}
