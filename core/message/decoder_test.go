package message_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/core/message"
)

// collector takes lines, and stops behind each one that is "stop".
type collector struct{ lines []string }

func (c *collector) take(line []byte) bool {
	c.lines = append(c.lines, string(line))
	return string(line) != "stop"
}

func TestDecoder(t *testing.T) {
	x10 := strings.Repeat("x", 10)
	cases := []struct {
		name   string
		o      message.DecoderOptions
		stream string
		want   []string
		long   int // lines over the limit
		held   int // before Finish
	}{
		{name: "nothing"},
		{name: "lines", stream: "a\nb\n", want: []string{"a", "b"}},
		{name: "CR LF", stream: "a\r\nb\r\n", want: []string{"a", "b"}},
		{name: "one CR belongs to the end", stream: "a\r\r\n", want: []string{"a\r"}},
		{name: "empty lines", stream: "\n\r\n\na\n\n", want: []string{"a"}},
		{name: "blank line", stream: " \n", want: []string{" "}},
		{name: "no end", stream: "a\nb", want: []string{"a", "b"}, held: 1},
		{name: "CR at the end", stream: "a\r", want: []string{"a"}, held: 2},
		{name: "as long as can be", o: message.DecoderOptions{Limit: 10}, stream: x10 + "\n" + x10 + "\r\n" + x10 + "\r", want: []string{x10, x10, x10}, held: 11},
		{name: "too long", o: message.DecoderOptions{Limit: 10}, stream: "a\n" + x10 + "x\nb\n", want: []string{"a"}, long: 1},
		{name: "too long, skipped", o: message.DecoderOptions{Limit: 10, Oversize: message.Skip}, stream: "a\n" + x10 + "x\r\nb\n", want: []string{"a", "b"}, long: 1},
		{name: "much too long", o: message.DecoderOptions{Limit: 10, Oversize: message.Skip}, stream: strings.Repeat(x10, 9) + "\nb\n", want: []string{"b"}, long: 1},
		{name: "more of them", o: message.DecoderOptions{Limit: 1, Oversize: message.Skip}, stream: "aa\nb\n\rc\n\r\r\nd", want: []string{"b", "\r", "d"}, long: 2, held: 1},
		{name: "too long without an end", o: message.DecoderOptions{Limit: 10, Oversize: message.Skip}, stream: "a\n" + x10 + "xx", want: []string{"a"}, long: 1},
		{name: "default limit", stream: strings.Repeat("x", message.DefaultLimit) + "\n" + strings.Repeat("x", message.DefaultLimit+1) + "\n",
			want: []string{strings.Repeat("x", message.DefaultLimit)}, long: 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, size := range []int{1, 2, 3, 7, 64, 1 << 20} {
				var got collector
				d, long := message.NewDecoder(c.o), 0
				tally := func(err error) {
					if err != nil && (c.o.Oversize == message.Skip || long == 0) {
						require.ErrorIs(t, err, message.ErrTooLong)
						long += err.(*message.TooLongError).Lines
					}
				}
				for rest := []byte(c.stream); len(rest) > 0; {
					n := min(size, len(rest))
					tally(d.Feed(rest[:n], got.take))
					rest = rest[n:]
				}
				require.Equal(t, c.held, d.Held(), "portions of %d", size)
				tally(d.Finish(got.take))
				require.Zero(t, d.Held())
				require.Equal(t, c.want, got.lines, "portions of %d", size)
				require.Equal(t, c.long, long, "portions of %d", size)
			}
		})
	}
}

func TestDecoderClosed(t *testing.T) {
	var got collector
	d := message.NewDecoder(message.DecoderOptions{Limit: 3})
	require.EqualError(t, d.Feed([]byte("a\nlong"), got.take), "line longer than 3 bytes")
	require.ErrorIs(t, d.Feed([]byte("\nb\n"), got.take), message.ErrTooLong)
	require.NoError(t, d.Finish(got.take))
	require.Equal(t, []string{"a"}, got.lines)
	require.Zero(t, d.Held())
}

func TestDecoderStops(t *testing.T) {
	var got collector
	d := message.NewDecoder(message.DecoderOptions{Limit: 5, Oversize: message.Skip})
	require.NoError(t, d.Feed([]byte("a\nstop\nb\nstop\ntoo long\nc\nst"), got.take))
	require.Equal(t, []string{"a", "stop"}, got.lines)
	require.NoError(t, d.Feed(nil, got.take))
	require.Equal(t, []string{"a", "stop", "b", "stop"}, got.lines)
	require.ErrorIs(t, d.Feed([]byte("op\nd"), got.take), message.ErrTooLong)
	require.Equal(t, []string{"a", "stop", "b", "stop", "c", "stop"}, got.lines)
	require.NoError(t, d.Feed(nil, got.take))
	require.Equal(t, 1, d.Held())
	require.NoError(t, d.Feed([]byte("stop\ne\nstop\nf"), got.take))
	require.NoError(t, d.Finish(got.take))
	require.NoError(t, d.Finish(got.take))
	require.Equal(t, []string{"a", "stop", "b", "stop", "c", "stop", "dstop", "e", "stop", "f"}, got.lines)
	require.Zero(t, d.Held())
}

func TestDecoderDoesNotCopy(t *testing.T) {
	stream := []byte("one\ntwo\r\n")
	d := message.NewDecoder(message.DecoderOptions{})
	var lines [][]byte
	keep := func(line []byte) bool { lines = append(lines[:0], line); return true }
	require.NoError(t, d.Feed(stream, keep))
	require.Same(t, &stream[4], &lines[0][0])
	require.Zero(t, testing.AllocsPerRun(100, func() { _ = d.Feed(stream, keep) }))
}

// TestDecoderIsLinear would take minutes if each byte made the decoder look at the ones before it again.
func TestDecoderIsLinear(t *testing.T) {
	const size = 1 << 19
	line, n := bytes.Repeat([]byte("x"), size), 0
	d := message.NewDecoder(message.DecoderOptions{Limit: size})
	count := func(line []byte) bool { n += len(line); return true }
	for i := range line {
		if err := d.Feed(line[i:i+1], count); err != nil {
			require.NoError(t, err)
		}
	}
	require.NoError(t, d.Feed([]byte("\n"), count))
	require.Equal(t, size, n)

	// A receiver that takes one line at a time does not make it copy the others each time.
	n = 0
	one := func(line []byte) bool { n += len(line); return false }
	require.NoError(t, d.Feed(bytes.Repeat([]byte("x\n"), size), one))
	for d.Held() > 0 {
		if err := d.Feed(nil, one); err != nil {
			require.NoError(t, err)
		}
	}
	require.Equal(t, size, n)
}

// parts are what streams of lines are made of.
var parts = []string{"x", "X", "X", " ", "a=", "b=", "X a=1\n", "Y a=1;b=2\n", "<a:b c/X\n", "X a=\";\"\n", "1", ";", "\"", "\\", "\r", "\n", "\n", "{\"command\":\"A\"}\n"}

func TestDecoderProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stream := []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 0, 100).Draw(t, "stream"), ""))
		requireSplit(t, stream, rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, "sizes"))
	})
}

// requireSplit requires that portions of the given sizes (taken in turn) make no difference, nor does a receiver that often
// has enough, nor to have them decoded.
func requireSplit(t require.TestingT, stream, sizes []byte) {
	requireSplitBy(t, stream, sizes, (*message.Decoder).Feed)
	var m, slow message.Message
	requireSplitBy(t, stream, sizes, func(d *message.Decoder, p []byte, take func([]byte) bool) error {
		return d.Decode(p, &m, receiver(func(line []byte, err error) bool {
			require.Equal(t, slow.DecodeSlowly(line), err, "%q", line)
			require.Equal(t, slow.Canonical(), m.Canonical(), "%q", line)
			require.True(t, slow.Equal(&m), "%q", line)
			return take(line)
		}))
	})
}

func requireSplitBy(t require.TestingT, stream, sizes []byte, feed func(*message.Decoder, []byte, func([]byte) bool) error) {
	const limit = 12
	want, dropped := 0, 0
	var lines []string
	for line := range strings.SplitSeq(string(stream), "\n") {
		line = strings.TrimSuffix(line, "\r")
		switch {
		case len(line) > limit:
			want++
		case line != "":
			lines = append(lines, line)
		}
	}
	var got []string
	d, turn := message.NewDecoder(message.DecoderOptions{Limit: limit, Oversize: message.Skip}), 0
	take := func(line []byte) bool {
		got = append(got, string(line))
		turn++
		return sizes[turn%len(sizes)]%3 > 0
	}
	tally := func(err error) {
		if err != nil {
			require.ErrorIs(t, err, message.ErrTooLong)
			dropped += err.(*message.TooLongError).Lines
		}
	}
	for i := 0; len(stream) > 0; i++ {
		n := min(int(sizes[i%len(sizes)]), len(stream))
		tally(feed(d, stream[:n], take))
		if n == 0 {
			tally(feed(d, stream[:1], take))
			n = 1
		}
		stream = stream[n:]
	}
	tally(d.Finish(take))
	for d.Held() > 0 {
		tally(d.Finish(take))
	}
	require.Equal(t, lines, got)
	require.Equal(t, want, dropped)
}
