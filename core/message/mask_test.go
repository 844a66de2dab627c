package message_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/core/message"
)

// requireMasks requires the right bits for the bytes of p from i on, and the right ends of what begins there.
func requireMasks(t require.TestingT, p []byte, i int) {
	rest := p[i:min(len(p), i+64)]
	var special uint64
	for k, c := range rest {
		if c < ' ' || strings.IndexByte(`;"\`, c) >= 0 {
			special |= 1 << k
		}
	}
	got, used := message.Special64(p, i), uint64(1)<<len(rest)-1 // all of 64
	require.Equal(t, special, got&used, "special in %q from %d", p, i)
	require.True(t, len(rest) == 64 || got&(used+1) > 0, "no end of %q from %d", p, i)

	command, name := i, i
	for command < len(p) && (p[command] == '_' || '0' <= p[command] && p[command] <= '9' || 'A' <= p[command] && p[command] <= 'Z') {
		command++
	}
	for name < len(p) && (p[name] == '_' || '0' <= p[name] && p[name] <= '9' || 'A' <= p[name]&^0x20 && p[name]&^0x20 <= 'Z') {
		name++
	}
	require.Equal(t, command, message.CommandAt(p, i), "command in %q from %d", p, i)
	require.Equal(t, name, message.NameAt(p, i), "name in %q from %d", p, i)
}

func TestMasksOfEveryByteInEveryPlace(t *testing.T) {
	for c := range 256 {
		for at := range 40 {
			p := bytes.Repeat([]byte{'X'}, 40)
			p[at] = byte(c)
			requireMasks(t, p, 0)
			requireMasks(t, p[:24], at/2)
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
