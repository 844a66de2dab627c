package watch_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/watch"
)

// TestDoneCountsTogether: signals that came before the loop got to them are one call.
func TestDoneCountsTogether(t *testing.T) {
	l := newLoop(t)
	var got []int
	d := watch.NewDone(l, func(n int) { got = append(got, n) })
	for range 3 {
		require.NoError(t, d.Signal())
	}
	runUntil(t, l, func() bool { return len(got) > 0 })
	require.NoError(t, d.Signal())
	runUntil(t, l, func() bool { return len(got) > 1 })
	require.Equal(t, []int{3, 1}, got)
	d.Close()
	run(t, l)
}
