package message_test

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
)

// seeds gives the fuzzers some lines of the vectors and of the corpus.
func seeds(f *testing.F) (lines [][]byte) {
	for i, v := range vectors(f) {
		if i%40 == 0 {
			lines = append(lines, []byte(v.In))
		}
	}
	for i, line := range corpus(f) {
		if i%400 == 0 {
			lines = append(lines, line)
		}
	}
	return append(lines, []byte(line64), []byte("<a:b srv:CMD a=\"\\\\\";b=\" \";c=\\"), []byte(`{"command":"X","parameters":{"a":1.50,"b":null}}`))
}

// FuzzRoundTrip: what is parsed and printed is the same message when it is parsed again, and printed again the same text.
func FuzzRoundTrip(f *testing.F) {
	for _, line := range seeds(f) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		m, err := message.Parse(line)
		if err != nil {
			return
		}
		text, err := m.AppendText(nil)
		if err != nil {
			require.True(t, m.Server() != "" && m.Service() == "", "%q: %v", line, err)
			return
		}
		require.LessOrEqual(t, len(text), m.TextBound(), "%q", line)
		again, err := message.Parse(text)
		require.NoError(t, err, "%q", text)
		require.True(t, again.Canonical(), "%q", text)
		require.True(t, again.Equal(m), "%q", text)
		text2, err := again.AppendText(nil)
		require.NoError(t, err)
		require.Equal(t, string(text), string(text2))
	})
}

// FuzzReference: the decoder does what the slow one does.
func FuzzReference(f *testing.F) {
	for _, line := range seeds(f) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line []byte) { requireSame(t, line) })
}

// FuzzDecodeArbitrary: any bytes are decoded or refused, with a place and a reason, and leave nothing behind.
func FuzzDecodeArbitrary(f *testing.F) {
	for _, line := range seeds(f) {
		f.Add(line)
		f.Add(append([]byte("{"), line...))
	}
	m := &message.Message{}
	f.Fuzz(func(t *testing.T, line []byte) {
		before := bytes.Clone(line)
		if err := m.Decode(line); err != nil {
			requireOffset(t, err, line)
			require.Empty(t, m.Command())
		} else {
			for name, value := range m.Params() {
				got, ok := m.Get(name)
				require.True(t, ok)
				require.Equal(t, value, got)
				_, _ = m.Int(name)
				_, _ = m.Duration(name)
				_, _ = m.Timespec(name)
			}
			_ = m.String()
		}
		require.Equal(t, before, line, "the line was written to")
	})
}

// FuzzJSON: every message that is UTF-8 has a JSON form that says all of it; every JSON message has a text form.
func FuzzJSON(f *testing.F) {
	for _, line := range seeds(f) {
		f.Add(line)
		if m, err := message.Parse(line); err == nil {
			if text, err := m.AppendJSON(nil); err == nil {
				f.Add(text)
			}
		}
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		m, err := message.Parse(line)
		if err != nil || m.Server() != "" && m.Service() == "" {
			return
		}
		text, err := m.AppendText(nil)
		require.NoError(t, err)
		if !utf8.Valid(text) {
			_, err := m.AppendJSON(nil)
			require.ErrorIs(t, err, message.ErrNotUTF8)
			return
		}
		requireThroughJSON(t, m)
	})
}

// FuzzDecoderSplit: however a stream is cut into portions, the lines are the same.
func FuzzDecoderSplit(f *testing.F) {
	f.Add([]byte("one\r\ntwo\n\nthirteen bytes and more\nthree"), []byte{1, 0, 7, 200})
	f.Add([]byte("A b=c;d=e\nA\nA a=\"; \"\na/B\n<a:b C\nA b=1;a=2\nA b=\\n\n"), []byte{255, 64})
	f.Add([]byte("twelve bytes\r\ntwelve bytes\r\r\n\r\n"), []byte{13, 1})
	f.Add([]byte("0:A\n<: A\n"), []byte{48})
	f.Fuzz(func(t *testing.T, stream, sizes []byte) {
		if len(sizes) > 0 && len(sizes) < 100 {
			requireSplit(t, stream, sizes)
		}
	})
}
