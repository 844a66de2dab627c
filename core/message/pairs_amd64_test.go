//go:build !purego

package message_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
)

// TestPairs: what pairs is for it goes over to the end, and it stops before the pair that has something else or too much.
func TestPairs(t *testing.T) {
	if !message.Wide {
		return
	}
	text := append(bytes.Join(corpus(t), []byte("\n")), '\n')
	room := uint64(len(text))
	over := func(p []byte, lines, names uint64) int {
		over, _, ends, alike := message.Pairs(p, lines, names)
		require.True(t, alike, "%q", p)
		require.Equal(t, bytes.Count(p[:over], []byte("\n")), len(ends))
		for _, end := range ends {
			require.Equal(t, byte('\n'), p[end])
		}
		return over
	}
	require.Equal(t, len(text)&^127, over(text, room, room))
	require.Equal(t, len(text)&^127, over(text[:len(text)&^127], room, room))
	require.Equal(t, 128, over(text[:128], room, room))
	text, room = text[:16<<10], 2<<10
	for n := range 200 {
		lines := over(text, uint64(n), room)
		require.Greater(t, bytes.Count(text[:lines+128], []byte("\n")), n)
		require.LessOrEqual(t, bytes.Count(text[:lines], []byte("\n")), n)
		names, within, _, alike := message.Pairs(text, room, uint64(n))
		require.True(t, alike)
		require.LessOrEqual(t, int(within), n)
		_, begin, _, _ := message.Pairs(text[:names+128], room, room)
		require.Greater(t, int(begin), n)
	}
	value := strings.Repeat("v", 123)
	for n := range 20 { // where no name or line of the second block fills the room, most is written behind it
		require.Equal(t, 128*n, over([]byte(strings.Repeat("C a="+value+"\n", 20)), room, uint64(n)))
		require.Equal(t, 128*n, over([]byte("C"+strings.Repeat("\nC a="+value, 20)), uint64(n), room))
	}
	for at := range 1024 {
		wrong := bytes.Clone(text[:2048])
		wrong[at] = '\\'
		require.Equal(t, at&^127, over(wrong, room, room))
	}
	for _, long := range []int{0, 100, 130, 300} { // a pair in which nothing begins or ends is left to structure
		value := []byte("C a=" + strings.Repeat("v", 124+long) + "\n" + strings.Repeat("D b=2\n", 100))
		want := len(value) &^ 127
		if long >= 128 {
			want = 128
		}
		require.Equal(t, want, over(value, room, room))
	}
	for at := range 256 { // every byte in every place
		for c := range 256 {
			other := bytes.Clone(text[:384])
			other[at] = byte(c)
			require.True(t, message.Alike(other), "%q", other)
		}
	}
	for n := range 50 { // as many names and lines as blocks can have, and fewer
		params := []byte("C " + strings.Repeat("a=;", n) + "b=1\n" + strings.Repeat("C\n", n))
		params = bytes.Repeat(params, 20)
		require.Equal(t, len(params)&^127, over(params, room, room))
	}
	bare := []byte(strings.Repeat("PING\n", 100)) // no names
	require.Equal(t, len(bare)&^127, over(bare, room, room))
}
