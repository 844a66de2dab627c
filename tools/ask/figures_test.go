package ask

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFigures(t *testing.T) {
	var f figures
	require.Zero(t, f.sum())
	f.add(7)
	require.Equal(t, summary{7, 7, 7, 7}, f.sum())
	f = figures{}
	for n := 200; n > 0; n-- {
		f.add(time.Duration(n))
	}
	require.Equal(t, summary{min: 1, avg: 100, p99: 198, max: 200}, f.sum())
	f.add(201)
	require.Equal(t, time.Duration(199), f.sum().p99, "198 would be exceeded by 3 of 201")
	for range maxSamples {
		f.add(5)
	}
	require.Equal(t, summary{5, 5, 5, 5}, f.sum(), "of the last answers only")
}
