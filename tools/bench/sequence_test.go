package bench

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSequence(t *testing.T) {
	tests := []struct {
		name                            string
		numbers                         []uint64
		received, duplicated, reordered uint64
	}{
		{"in order", []uint64{5, 6, 7}, 3, 0, 0},
		{"a gap", []uint64{5, 7, 8}, 3, 0, 0},
		{"filled later", []uint64{5, 7, 6, 8}, 4, 0, 1},
		{"doubled", []uint64{5, 6, 6, 7, 5}, 3, 2, 0},
		{"before the first", []uint64{5, 4}, 2, 0, 1},
		{"a leap over all bits", []uint64{5, 100_000, 100_001, 100_000}, 3, 1, 0},
		{"far back", []uint64{5, 100_000, 6}, 3, 0, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var s sequence
			for _, n := range test.numbers {
				s.see(n)
			}
			require.Equal(t, []uint64{test.received, test.duplicated, test.reordered}, []uint64{s.received, s.duplicated, s.reordered})
		})
	}
}

// TestSequenceAgainstASet: within the reach of its bits it knows every number.
func TestSequenceAgainstASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s sequence
		seen := map[uint64]bool{}
		high, doubled := uint64(0), uint64(0)
		for _, n := range rapid.SliceOf(rapid.Uint64Range(10_000, 13_000)).Draw(t, "numbers") {
			v := s.see(n)
			switch {
			case seen[n]:
				doubled++
				require.Equal(t, duplicate, v)
			case n < high:
				require.Equal(t, behind, v)
			default:
				require.Equal(t, inOrder, v)
			}
			seen[n], high = true, max(high, n)
		}
		require.Equal(t, uint64(len(seen)), s.received)
		require.Equal(t, doubled, s.duplicated)
	})
}

// TestSequenceThatWraps: numbers of few digits begin again, in order and not.
func TestSequenceThatWraps(t *testing.T) {
	var s sequence
	for n := range uint64(2500) {
		if n == 1003 || n == 2000 {
			continue // lost
		}
		shown := n
		if n == 1500 {
			shown = 1501
		} else if n == 1501 {
			shown = 1500
		}
		s.see(s.near(shown%500, 500))
	}
	require.Equal(t, uint64(2498), s.received)
	require.Equal(t, uint64(1), s.reordered)
	require.Zero(t, s.duplicated)
}

// TestOneWayNumbers: the two halves of all numbers tell the warm-up from what is measured, also where they wrap around.
func TestOneWayNumbers(t *testing.T) {
	s, err := newScript(wording{command: commandPub, size: 16}, nil)
	require.NoError(t, err)
	require.Equal(t, 8, s.digits)
	w := &worker{plan: &plan{kind: kindPub, window: 1, connections: 1, script: s}, from: 100, until: never, left: never, now: newInterval()}
	c := newClient(w, 0, s)
	number := func(due int64) uint64 {
		n, ok := digits(c.put(nil, due, due)[len("PUB seq="):][:8])
		require.True(t, ok)
		return n
	}
	require.Equal(t, uint64(10_000_000), number(0))
	require.Equal(t, uint64(10_000_001), number(1))
	c.setNext(39_999_999)
	require.Equal(t, uint64(49_999_999), number(2))
	require.Equal(t, uint64(0), number(3))
	require.Zero(t, c.way.measured(c))
	require.Equal(t, uint64(50_000_000), number(100))
	require.Equal(t, uint64(1), c.way.measured(c))
	c.setNext(49_999_999)
	require.Equal(t, uint64(99_999_999), number(101))
	require.Equal(t, uint64(50_000_000), number(102))
}
