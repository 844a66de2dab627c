package inspect_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
)

// What goes into a TRACE message comes out of it.
func TestRecordsTravelWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringOf(rapid.Rune().Filter(func(r rune) bool { return r != 0 }))
		span := rapid.Int64Range(0, math.MaxInt64)
		r := inspect.Record{
			Watch: rapid.Uint64Range(0, 1<<62).Draw(t, "watch"), Seq: rapid.Uint64Range(0, 1<<62).Draw(t, "seq"),
			Time: time.Unix(0, rapid.Int64Range(1, math.MaxInt64).Draw(t, "time")), Mono: time.Duration(span.Draw(t, "mono")),
			Link: rapid.Uint64Range(0, 1<<62).Draw(t, "link"), Name: word.Draw(t, "name"), Peer: word.Draw(t, "peer"),
			Direction: rapid.SampledFrom([]dispatch.Direction{dispatch.In, dispatch.Out}).Draw(t, "direction"),
			Outcome:   dispatch.Outcome(rapid.IntRange(0, int(dispatch.Sent)).Draw(t, "outcome")),
			Handler:   word.Draw(t, "handler"), Took: time.Duration(span.Draw(t, "took")), Error: word.Draw(t, "error"),
			Text: rapid.SliceOf(rapid.Byte()).Draw(t, "text"), Hidden: rapid.IntRange(0, 9).Draw(t, "hidden"),
			Cut: rapid.Bool().Draw(t, "cut"), JSON: rapid.Bool().Draw(t, "json"),
			Pair: rapid.Uint64Range(0, 1<<62).Draw(t, "pair"), Latency: time.Duration(span.Draw(t, "latency")),
			Answer: rapid.Bool().Draw(t, "answer"),
		}
		r.Size = rapid.SampledFrom([]int{len(r.Text), len(r.Text) + 7}).Draw(t, "size")
		line := inspect.AppendRecord(nil, &r)
		m, err := message.Parse(line)
		require.NoError(t, err, "%q", line)
		canonical, err := m.AppendText(nil)
		require.NoError(t, err)
		require.Equal(t, string(line), string(canonical), "it is written as messages are")
		var back inspect.Record
		require.NoError(t, inspect.ParseRecord(m, &back))
		if len(r.Text) == 0 {
			r.Text = back.Text
		}
		require.True(t, r.Time.Equal(back.Time))
		back.Time = r.Time
		require.Equal(t, r, back)
	})
}

func TestWrongRecords(t *testing.T) {
	for _, line := range []string{"ROW", "TRACE", "TRACE outcome=fine", "TRACE outcome=sent;seq=x", "TRACE outcome=sent;took=x",
		"TRACE outcome=sent;time=x", "TRACE outcome=sent;raw_base64=%"} {
		m, err := message.Parse([]byte(line))
		require.NoError(t, err)
		require.Error(t, inspect.ParseRecord(m, new(inspect.Record)), line)
	}
}

func TestRecordAsEvent(t *testing.T) {
	r := inspect.Record{Text: []byte("db/LOCK tag=7"), Outcome: dispatch.Handled, Link: 3, Took: time.Second}
	f, err := inspect.ParseFilter("LOCK,link=3,took>=1s")
	require.NoError(t, err)
	ev := r.Event(nil)
	require.True(t, f.Match(&ev))
	r.Outcome = dispatch.Malformed
	ev = r.Event(nil)
	require.Nil(t, ev.Message)
	_, err = r.Message()
	require.Error(t, err)
}

func TestWatchOptionsTravel(t *testing.T) {
	for _, o := range []inspect.WatchOptions{
		{}, {Filter: []string{"A", "B,took>1s", "C"}, Sample: 10, Bytes: -1, Rate: -1, Queue: 4096, NoPairs: true}, {Bytes: 100, Rate: 5},
	} {
		back, err := inspect.ParseWatch(o.Message())
		require.NoError(t, err)
		require.Equal(t, o, back)
	}
	text, err := inspect.WatchOptions{Filter: []string{"A", "B", "C"}, Rate: 1}.Message().AppendText(nil)
	require.NoError(t, err)
	require.Equal(t, "WATCH filter=A;filter2=B;filter3=C;rate=1", string(text))
	most, err := message.Parse([]byte("WATCH bytes=1048576;queue=67108864;filter7=A;filtering=lower"))
	require.NoError(t, err)
	o, err := inspect.ParseWatch(most)
	require.NoError(t, err, "the bounds are allowed, what is not known means nothing")
	require.Equal(t, inspect.WatchOptions{Filter: []string{"A"}, Bytes: 1 << 20, Queue: inspect.MaxQueue}, o)
	for _, line := range []string{"WATCH sample=-1", "WATCH bytes=x", "WATCH rate=-2", "WATCH queue=999999999999", "WATCH pairs=maybe"} {
		m, err := message.Parse([]byte(line))
		require.NoError(t, err)
		_, err = inspect.ParseWatch(m)
		require.Error(t, err, line)
	}
}

func FuzzParseRecord(f *testing.F) {
	f.Add([]byte(`TRACE direction=in;link=3;message="a/B c=\"d;e\"";mono=1.5;outcome=handled;seq=7;time=10;took=0.1;watch=1`))
	f.Add([]byte(`TRACE outcome=malformed;raw_base64=AAE=;error=bad`))
	f.Fuzz(func(t *testing.T, line []byte) {
		m, err := message.Parse(line)
		if err != nil {
			return
		}
		var r inspect.Record
		if inspect.ParseRecord(m, &r) == nil {
			r.Event(nil)
		}
		var s inspect.SheetReader
		_, _ = s.Add(m)
		_, _ = inspect.ParseWatch(m)
	})
}
