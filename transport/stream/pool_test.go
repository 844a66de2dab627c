package stream

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestClasses(t *testing.T) {
	for class := range classes + 2 {
		size := classSize(class)
		require.Equal(t, class, classOf(size))
		require.Equal(t, class+1, classOf(size+1))
	}
	require.Equal(t, 0, classOf(0))
}

// TestQueue compares the queue with a plain slice, whatever is added and sent.
func TestQueue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p pool
		var b *buffer
		var want []byte
		next := byte(0)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0, 1:
				data := make([]byte, rapid.OneOf(rapid.IntRange(1, 100), rapid.IntRange(1, 70_000)).Draw(t, "size"))
				for i := range data {
					next++
					data[i] = next
				}
				if b == nil {
					b = p.get(classOf(len(data)))
				}
				b = p.append(b, data)
				want = append(want, data...)
			case 2:
				if b != nil {
					n := rapid.IntRange(0, b.len()).Draw(t, "sent")
					b.off += n
					want = want[n:]
				}
			case 3:
				if b != nil && b.len() > 0 {
					b = p.shrink(b)
					require.Equal(t, max(classOf(len(want)), 0), classOf(cap(b.b)))
				}
			}
			if b == nil {
				continue
			}
			require.True(t, bytes.Equal(want, b.rest()))
			if b.len() == 0 {
				p.put(b)
				b = nil
			}
		}
		for class, free := range p.free {
			require.LessOrEqual(t, len(free), kept(class))
			for _, b := range free {
				require.Equal(t, classSize(class), cap(b.b))
				require.Zero(t, b.len())
			}
		}
	})
}

func TestHint(t *testing.T) {
	var p pool
	b := p.get(2)
	require.EqualValues(t, 2, nextHint(b, 16<<10), "a full buffer was right")
	require.EqualValues(t, 2, nextHint(b, 4<<10), "half the smaller one would be tight")
	require.EqualValues(t, 1, nextHint(b, 2<<10), "the smaller one does")
	require.EqualValues(t, classes-2, nextHint(&buffer{b: make([]byte, 0, classSize(classes+1))}, 10<<20), "larger ones are taken when they are needed")
}
