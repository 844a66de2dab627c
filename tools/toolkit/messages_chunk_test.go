package toolkit_test

import (
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// TestMessageReaderChunks: however the input comes in pieces, the records are the same, and every line has its number.
func TestMessageReaderChunks(t *testing.T) {
	long := "LONG x=" + strings.Repeat("y", 200_000)
	input := "A\r\n\n{\"command\":\"B\",\"direction\":\"in\"}\nbad line\n" + long + "\n{\"error\":\"x\"}\nC"
	whole := readAll(t, toolkit.NewMessageReader(strings.NewReader(input), "test"))
	pieces := readAll(t, toolkit.NewMessageReader(iotest.OneByteReader(strings.NewReader(input)), "test").Bare())
	require.Len(t, whole, 5)
	require.Len(t, pieces, 5)
	for i, line := range []int{1, 3, 4, 5, 7} {
		require.Equal(t, line, whole[i].Line)
		require.Equal(t, line, pieces[i].Line)
		require.Equal(t, string(whole[i].Raw), string(pieces[i].Raw))
		require.Equal(t, whole[i].Err, pieces[i].Err)
		if whole[i].Err == nil {
			require.Equal(t, whole[i].Message.String(), pieces[i].Message.String())
		}
	}
	require.Equal(t, "in", whole[1].Direction)
	require.Empty(t, pieces[1].Direction)
}
