package dispatch_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

// counts is an error that is told of later, or not.
type counts bool

func (c counts) Error() string { return "the peer went" }
func (c counts) Counted() bool { return bool(c) }

// TestCountedErrorsAreNotLogged: what its connection tells of is no line each, but nothing else is kept back with it.
func TestCountedErrorsAreNotLogged(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		logged bool
	}{
		"alone":               {counts(true), false},
		"wrapped":             {fmt.Errorf("answer: %w", counts(true)), false},
		"all of several":      {errors.Join(counts(true), fmt.Errorf("x: %w", counts(true))), false},
		"not told":            {counts(false), true},
		"another":             {io.ErrUnexpectedEOF, true},
		"another beside":      {errors.Join(counts(true), io.ErrUnexpectedEOF), true},
		"another in one line": {fmt.Errorf("%w and %w", counts(true), io.ErrUnexpectedEOF), true},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			var got error
			for _, o := range []dispatch.Options{
				{Logger: slog.New(slog.NewTextHandler(&log, nil))},
				{OnError: func(_ *message.Message, _ string, err error) { got = err }},
			} {
				d := dispatch.New(o)
				require.NoError(t, d.On("X", func(dispatch.Sender, *message.Message) error { return c.err }))
				require.Equal(t, dispatch.Failed, d.Dispatch(nil, message.New("X")))
			}
			require.Equal(t, c.logged, log.Len() > 0, log.String())
			require.Equal(t, c.err, got, "whoever asks for errors gets all")
		})
	}
}

// TestLost: one line says who went and what was lost; a single answer that nobody waited for is none for the night.
func TestLost(t *testing.T) {
	var log bytes.Buffer
	d := dispatch.New(dispatch.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	d.Lost(&dispatch.Loss{Link: 7, Name: "unix:/s", Peer: "unix:/s#42", Refused: 3, Unsent: 2, Bytes: 90, InDoubt: 5, Err: io.ErrClosedPipe})
	require.Regexp(t, `^time=\S+ level=WARN msg="messages were lost with their connection" peer=unix:/s#42 link=7 name=unix:/s messages=5 `+
		`queued_bytes=90 in_doubt_bytes=5 error="io: read/write on closed pipe"\n$`, log.String())
	log.Reset()
	for range 100 {
		d.Lost(&dispatch.Loss{Refused: 1, Err: io.ErrClosedPipe})
	}
	require.Empty(t, log.String())
	d.Lost(&dispatch.Loss{Refused: 1, Unsent: 1, Bytes: 3})
	require.Regexp(t, `messages=2 queued_bytes=3\n$`, log.String(), "what was not written took no place")

	var got dispatch.Loss
	d = dispatch.New(dispatch.Options{OnLost: func(l *dispatch.Loss) { got = *l }})
	d.Lost(&dispatch.Loss{Refused: 1})
	require.Equal(t, dispatch.Loss{Refused: 1}, got)
	require.EqualValues(t, 1, got.Messages())
}
