package dgram

import (
	"testing"
	"time"

	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
	"github.com/stretchr/testify/require"
)

// TestMemoryOfQueue: a queue that is never empty holds what waits and about as much again, however much has gone through it, of bytes as
// of packets; one that was long gives its memory back when it is empty.
func TestMemoryOfQueue(t *testing.T) {
	for name, size := range map[string]int{"large packets": 1000, "small packets": 1, "empty packets": 0} {
		t.Run(name, func(t *testing.T) {
			const waiting = 100
			var q queue
			p := make([]byte, size)
			for i := range 20_000 {
				if q.push(p, &sockaddr.Raw{}, time.Time{}); i >= waiting {
					q.pop(1)
				}
				require.LessOrEqual(t, len(q.buf), 2*waiting*size+compactFrom+2*size)
				require.LessOrEqual(t, len(q.packets), 2*waiting+sentFrom+2)
			}
			require.Equal(t, waiting, q.len())
			require.Equal(t, waiting*size, q.bytes)
			q.pop(waiting)
			require.Zero(t, len(q.buf)+len(q.packets)+q.first+q.bytes, "an empty queue begins anew")
		})
	}
	var q queue
	for range 2 * spareSize / 1000 {
		q.push(make([]byte, 1000), &sockaddr.Raw{}, time.Time{})
	}
	require.Greater(t, cap(q.buf), spareSize)
	q.filter(func(*packet) bool { return false })
	require.Zero(t, cap(q.buf))
	require.Zero(t, q.bytes)
}
