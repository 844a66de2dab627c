package toolkit_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// readAll reads every record and returns it as "LINE: COMMAND" or "LINE! reason".
func readAll(t testing.TB, r *toolkit.MessageReader) []toolkit.Record {
	var all []toolkit.Record
	for {
		rec, err := r.Next(context.Background())
		if err == io.EOF {
			return all
		}
		require.NoError(t, err)
		all = append(all, rec)
	}
}

func TestReadMessages(t *testing.T) {
	input := strings.Join([]string{
		"STOP",
		"",
		"   \t",
		`{"command":"START","parameters":{"a":"1"},"v":1,"time":"2026-01-02T03:04:05.5Z","peer":"x","direction":"in","error":"kept, it has a command"}`,
		`{"v":1,"error":"bad message","offset":3,"raw_base64":"AAA="}`,
		"not a message",
		`{"v":1,"raw_base64":"QSB4Pf8="}`,
		`{"v":1,"raw_base64":"***"}`,
		`{"broken"`,
		"LAST\r",
		" \u00a0\v",
	}, "\n")
	r := toolkit.NewMessageReader(strings.NewReader(input), "standard input")
	all := readAll(t, r)
	require.Equal(t, 1, r.Skipped())
	require.Len(t, all, 8)
	require.Equal(t, "STOP", all[0].Message.Command())
	require.Equal(t, 4, all[1].Line)
	require.Equal(t, "START", all[1].Message.Command())
	require.Equal(t, time.Date(2026, 1, 2, 3, 4, 5, 5e8, time.UTC), all[1].Time)
	require.Equal(t, "in", all[1].Direction)
	require.Equal(t, "x", all[1].Peer)
	require.ErrorContains(t, all[2].Err, "standard input, line 6: ")
	require.Equal(t, toolkit.Data, toolkit.KindOf(all[2].Err))
	x, ok := all[3].Message.Get("x")
	require.True(t, ok)
	require.Equal(t, "\xff", x)
	require.ErrorContains(t, all[4].Err, "line 8: read raw_base64")
	require.ErrorContains(t, all[5].Err, "line 9: ")
	require.Equal(t, "LAST", all[6].Message.Command())
	require.Equal(t, 10, all[6].Line)
	require.Equal(t, "LAST", string(all[6].Raw))
	require.ErrorContains(t, all[7].Err, "line 11: ", "a no-break space is no white space of the wire")
}

func TestReadStopsWithTheContext(t *testing.T) {
	defer goleak.VerifyNone(t)
	pr, pw := io.Pipe()
	defer pw.Close()
	r := toolkit.NewMessageReader(pr, "x")
	ctx, cancel := context.WithCancelCause(context.Background())
	cause := &toolkit.Interrupted{}
	cancel(cause)
	_, err := r.Next(ctx)
	require.Equal(t, error(cause), err)
}

func TestOverlongLine(t *testing.T) {
	r := toolkit.NewMessageReader(strings.NewReader("STOP\n"+strings.Repeat("x", toolkit.MaxInputLine+1)), "f")
	_, err := r.Next(context.Background())
	require.NoError(t, err)
	_, err = r.Next(context.Background())
	require.EqualError(t, err, "f, line 2: longer than 1048576 bytes")
	require.Equal(t, toolkit.Data, toolkit.KindOf(err))
}

// TestHalfALine: what came of a line before reading failed could be another message.
func TestHalfALine(t *testing.T) {
	r := toolkit.NewMessageReader(io.MultiReader(strings.NewReader("A\nSET x=12"), iotest.ErrReader(io.ErrUnexpectedEOF)), "f")
	rec, err := r.Next(context.Background())
	require.NoError(t, err)
	require.Equal(t, "A", rec.Message.Command())
	_, err = r.Next(context.Background())
	require.EqualError(t, err, "f, line 2: unexpected EOF")
	require.Equal(t, toolkit.IO, toolkit.KindOf(err))
}

// TestWhatIsPrintedCanBeRead: every message survives the way through a tool's JSON and back.
func TestWhatIsPrintedCanBeRead(t *testing.T) {
	where := toolkit.Traffic{Time: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Peer: "tcp://127.0.0.1:1", Link: 7, Direction: "in"}
	for _, text := range []string{"STOP", "<srv:me a:b/X n=1;o=\"a;b\"", "X v=\xff\xfe", "X v=é\\n", `X v="<&>"`} {
		m, err := message.Parse([]byte(text))
		require.NoError(t, err)
		line, err := toolkit.AppendMessage(nil, m, where)
		require.NoError(t, err)
		require.Contains(t, string(line), `{"v":1,"time":"2026-01-02T03:04:05.000000006Z","peer":"tcp://127.0.0.1:1","link":7,"direction":"in",`)
		all := readAll(t, toolkit.NewMessageReader(strings.NewReader(string(line)), "x"))
		require.Len(t, all, 1)
		require.NoError(t, all[0].Err, string(line))
		want, err := m.AppendText(nil)
		require.NoError(t, err)
		got, err := all[0].Message.AppendText(nil)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
		require.True(t, where.Time.Equal(all[0].Time))
	}
}

func TestBrokenLineIsReportedAndSkipped(t *testing.T) {
	_, cause := message.Parse([]byte("A*B"))
	require.Error(t, cause)
	line := toolkit.AppendBroken(nil, []byte("A*B"), cause, toolkit.Traffic{})
	require.Contains(t, string(line), `"error":"`)
	require.Contains(t, string(line), `"offset":1`)
	require.Contains(t, string(line), `"raw_base64":"QSpC"`)
	r := toolkit.NewMessageReader(strings.NewReader(string(line)), "x")
	require.Empty(t, readAll(t, r))
	require.Equal(t, 1, r.Skipped())
}
