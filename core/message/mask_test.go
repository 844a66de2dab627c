package message_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/core/message"
)

// requireMasks requires the right bits for the bytes of p from i on, however they are found.
func requireMasks(t require.TestingT, p []byte, i int) {
	rest := p[i:min(len(p), i+64)]
	if message.Wide {
		requireMarks(t, p, i, rest)
	}
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
	for _, masks := range []func([]byte, int) (uint64, uint64){message.Masks, message.MasksGo} {
		gotSpecial, gotName := masks(p, i)
		require.Equal(t, special, gotSpecial&used, "special in %q from %d", p, i)
		require.Equal(t, name, gotName&used, "name in %q from %d", p, i)
	}
}

// requireMarks requires the right marks for rest, which are the bytes of p from i on, up to the first stop.
func requireMarks(t require.TestingT, p []byte, i int, rest []byte) {
	var want message.Marks
	for k, c := range append(bytes.Clone(rest), 0)[:min(len(rest)+1, 64)] {
		bit := uint64(1) << k
		mark := func(in *uint64, is bool) {
			if is {
				*in |= bit
			}
		}
		digit, lower, upper := '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z'
		mark(&want.Digit, digit)
		mark(&want.Lower, lower)
		mark(&want.Name, digit || lower || upper || c == '_')
		mark(&want.Equals, c == '=')
		mark(&want.Semicolon, c == ';')
		mark(&want.Quote, c == '"')
		mark(&want.Blank, c == ' ')
		if c < ' ' || c == '\\' {
			want.Stop = bit
			break
		}
	}
	got := message.FindMarks(p, i)
	got.Stop &= -got.Stop
	used := got.Stop - 1
	for _, word := range []*uint64{&got.Digit, &got.Lower, &got.Name, &got.Equals, &got.Semicolon, &got.Quote, &got.Blank} {
		*word &= used
	}
	require.Equal(t, want, got, "%q from %d", p, i)
}

// TestScanTight says which lines the quick scan has to take, so that it is quick.
func TestScanTight(t *testing.T) {
	if !message.Wide {
		return // the general scan takes all
	}
	m := &message.Message{}
	for _, line := range []string{"CMD", "CMD a=", `CMD a=x;b="y;z";c="q "`, "svc/CMD a=1", "<a:b c:d/CMD b=1;a=2", "CMD a=" + strings.Repeat("v", 300)} {
		require.True(t, m.ScanTight([]byte(line)), line)
		require.True(t, m.ScanTight([]byte(line+"\nX")), line)
	}
	for i, line := range corpus(t) {
		require.True(t, m.ScanTight(line), i)
	}
	for _, line := range []string{"CMD a=1;", `CMD a="x"`, `CMD a=""`, `CMD a=x"y`, "CMD a= ", `CMD a=\\`, "CMD a=x;b", `CMD a="x`, `CMD a="x;"y`, "CMD ", "cmd", "CMD 1=2"} {
		require.False(t, m.ScanTight([]byte(line)), line)
	}
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
