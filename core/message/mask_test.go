package message_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/core/message"
)

// requireMasks requires the right bits for the bytes of p from i on.
func requireMasks(t require.TestingT, p []byte, i int) {
	rest := p[i:min(len(p), i+64)]
	var special, name uint64
	for k, c := range rest {
		if c < ' ' || strings.IndexByte(`;"\`, c) >= 0 {
			special |= 1 << k
		}
		if c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
			name |= 1 << k
		}
	}
	used := uint64(1)<<len(rest) - 1 // all of 64
	gotSpecial, gotName := message.Masks(p, i)
	require.Equal(t, special, gotSpecial&used, "special in %q from %d", p, i)
	require.Equal(t, name, gotName&used, "name in %q from %d", p, i)
}

func TestMasksOfEveryByteInEveryPlace(t *testing.T) {
	for c := range 256 {
		for at := range 24 {
			p := bytes.Repeat([]byte{'x'}, 24)
			p[at] = byte(c)
			requireMasks(t, p, 0)
			if at > 0 {
				p[at-1] = 0xff // no carry may come from the byte before
				requireMasks(t, p, 0)
				p[at-1] = 0
				requireMasks(t, p, 0)
			}
		}
	}
}

func TestMasksProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOfN(rapid.Byte(), 0, 150).Draw(t, "p")
		p = p[:len(p):len(p)]
		for i := range len(p) + 1 {
			requireMasks(t, p, i)
		}
	})
}
