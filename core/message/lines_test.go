package message_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/core/message"
)

// TestLines: what is found are whole lines from the first on, none is left out, and each means what it means alone.
func TestLines(t *testing.T) {
	lines := []string{
		"STOP", "STOP a=1", "a/STOP", "a/STOP a=1;b=\"2 3;\"", "s:a/STOP", "<s:a b/STOP x=1", "<s: b/STOP", "<:a b/STOP", "<: b/STOP", "<: STOP a=1", "a/STOP b=1;a=2", "a/STOP a=1;a=1", "", " ", "a/",
		"a/STOP\r", "a/stop", "9/STOP", "a/9 a=1", "a/STOP a=\\n", "a/STOP a", "a/STOP  a=1", "a/STOP a=\xff", "a/STOP transmission_report=failure",
		"a/STOP cache=no;x=1", "a/STOP x=1;caches=2", "a/STOP long=000000000000000000000000000000000000000000000000000000000000000000000",
	}
	rapid.Check(t, func(rt *rapid.T) {
		which := rapid.SliceOfN(rapid.SampledFrom(lines), 0, 300).Draw(rt, "lines")
		var text []byte
		for _, line := range which {
			text = append(append(text, line...), '\n')
		}
		text = text[:len(text)-rapid.IntRange(0, min(9, len(text))).Draw(rt, "cut")]
		var l message.Lines
		found := l.Find(text)
		rest := text
		for i := range found {
			line, head := l.Line(i)
			end := bytes.IndexByte(rest, '\n') + 1
			require.Equal(t, string(rest[:end]), string(line))
			rest = rest[end:]
			var m, alone message.Message
			good := alone.Decode(line[:end-1]) == nil
			require.Equal(t, good, l.Decode(i, &m), "%q", line)
			if !good {
				continue
			}
			require.True(t, m.Equal(&alone), "%q", line)
			text, err := m.AppendText(nil)
			require.NoError(t, err)
			require.Equal(t, strings.TrimPrefix(string(line[:end-1]), "<: "), string(text), "it is found as it is written")
			if alone.Service() != "" {
				checkAppend(t, &l, i, found, &m)
			}
			require.True(t, head == end-1 || line[head] == ' ')
			require.True(t, bytes.HasSuffix(line[:head], alone.CommandBytes()))
			if alone.Service() != "" {
				require.True(t, bytes.HasPrefix(line[m.Destination():], append(alone.ServerBytes(), alone.ServiceBytes()[:0]...)))
			}
		}
	})
}

// checkAppend compares what is appended from line i on with what is appended one by one.
func checkAppend(t *testing.T, l *message.Lines, i, found int, m *message.Message) {
	sender, err := message.NewSender("n1", "x")
	require.NoError(t, err)
	line, head := l.Line(i)
	same := message.Same{Head: line[:head], From: m.Destination(), Sender: sender, Limit: 60}
	same.Never("cache", "transmission_report")
	var want []byte
	first, n, size := string(line[:head]), 0, 0
	const room = 120
	for ; i < found; i++ {
		var next message.Message
		line, head := l.Line(i)
		if string(line[:head]) != first || len(line) > 61 || !l.Decode(i, &next) || next.HasEither("cache", "transmission_report") {
			break
		}
		text, ok := next.AppendFrom(nil, sender)
		require.True(t, ok)
		if len(text) > 60 || len(want)+len(text)+1 > room {
			break
		}
		want = append(append(want, text...), '\n')
		n, size = n+1, size+len(line)
	}
	got, lines, bytes := l.Append(make([]byte, 0, room), i-n, &same)
	require.Equal(t, string(want), string(got))
	require.Equal(t, []int{n, size}, []int{lines, bytes})
}

// TestLinesBegin says where in a line its destination is.
func TestLinesBegin(t *testing.T) {
	for in, want := range map[string]int{"STOP": 0, "a/STOP": 0, "s:a/STOP b=1": 0, "<s:x a/STOP": 5, "<s:x n:a/STOP": 5, "<s:x STOP": 0} {
		m, err := message.Parse([]byte(in))
		require.NoError(t, err)
		require.Equal(t, want, m.Destination(), in)
	}
}

func TestDecoderBetween(t *testing.T) {
	var d message.Decoder
	go1 := func(p string, more bool) { require.NoError(t, d.Feed([]byte(p), func([]byte) bool { return more })) }
	require.True(t, d.Between() && !d.Begun())
	go1("A\nB", true)
	require.True(t, !d.Between() && d.Begun())
	go1("\n", true)
	require.True(t, d.Between() && !d.Begun())
	go1("A\nB\nC", false)
	require.True(t, !d.Between() && !d.Begun(), "whole lines are kept")
}
