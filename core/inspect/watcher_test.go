package inspect_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
)

func TestTheEndOfOneWatchIsNotThatOfAnother(t *testing.T) {
	w := newWorld(t)
	a, b := w.watch(inspect.WatchOptions{}), w.watch(inspect.WatchOptions{})
	require.NotEqual(t, a.ID(), b.ID())
	w.in("A")
	a.Close()
	require.Equal(t, inspect.WatchStats{Matched: 1}, a.Stats(), "what waits is thrown away")
	w.in("B")
	require.EqualValues(t, 1, a.Stats().Matched)
	shown, _ := take(t, b)
	require.Len(t, shown, 2)

	more := dispatch.New(dispatch.Options{})
	w.tracer.Add(more)
	more.Trace(&dispatch.Event{Message: message.New("C")})
	shown, _ = take(t, b)
	require.Len(t, shown, 1, "a dispatcher that was added later is watched")
	require.Equal(t, "C", string(shown[0].Text))
}

// A watcher that ends its watch while it takes gets no more.
func TestCloseWhileTaking(t *testing.T) {
	w := newWorld(t)
	v := w.watch(inspect.WatchOptions{})
	w.in("A")
	w.in("B")
	n := 0
	require.NoError(t, v.Take(func([]byte) error {
		n++
		v.Close()
		return nil
	}))
	require.Equal(t, 1, n)
}

func TestWhatARecordTells(t *testing.T) {
	parse := func(line string) *message.Message {
		m, err := message.Parse([]byte(line))
		require.NoError(t, err)
		return m
	}
	for _, c := range []struct {
		name string
		ev   dispatch.Event
		want inspect.Record
	}{
		{"whole", dispatch.Event{Message: parse("A n=12345")}, inspect.Record{Text: []byte("A n=12345"), Size: 9}},
		{"cut", dispatch.Event{Message: parse("A n=12345678901")}, inspect.Record{Text: []byte("A n=1234567890"), Size: 15, Cut: true}},
		{"hidden", dispatch.Event{Message: parse("A password=x;token=y")}, inspect.Record{Text: []byte("A password=***;token=***"), Size: 20, Hidden: 2}},
		{"json", dispatch.Event{Message: parse("A"), Raw: []byte(`{"command":"A"}`)}, inspect.Record{Text: []byte("A"), Size: 1, JSON: true}},
		{"text", dispatch.Event{Message: parse("A"), Raw: []byte("A")}, inspect.Record{Text: []byte("A"), Size: 1}},
		{"broken", dispatch.Event{Raw: []byte("0123456789")}, inspect.Record{Text: []byte("0123456789"), Size: 10}},
		{"broken and cut", dispatch.Event{Raw: []byte("0123456789a")}, inspect.Record{Text: []byte("0123456789"), Size: 11, Cut: true}},
		{"broken and hidden", dispatch.Event{Raw: []byte("token=abc")}, inspect.Record{Text: []byte("token"), Size: 9, Hidden: 1}},
		{"long error", dispatch.Event{Raw: []byte("x"), Err: errors.New(strings.Repeat("e", 600))},
			inspect.Record{Text: []byte("x"), Size: 1, Error: strings.Repeat("e", 512) + "…"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			v := w.watch(inspect.WatchOptions{Bytes: 10})
			if c.ev.Message == nil {
				c.ev.Outcome = dispatch.Malformed
			}
			c.want.Outcome, c.want.Seq, c.want.Watch, c.want.Time = c.ev.Outcome, 1, v.ID(), w.now
			w.d.Trace(&c.ev)
			shown, _ := take(t, v)
			require.True(t, w.now.Equal(shown[0].Time))
			shown[0].Time = w.now
			require.Equal(t, c.want, *shown[0])
		})
	}
}

// TestNoBytesOfValues: a negative bound hides them all, those of a line that is no message, too.
func TestNoBytesOfValues(t *testing.T) {
	w := newWorld(t)
	v := w.watch(inspect.WatchOptions{Bytes: -1})
	w.in("A n=12345;o=")
	w.d.Trace(&dispatch.Event{Outcome: dispatch.Malformed, Raw: []byte("0123456789")})
	shown, _ := take(t, v)
	require.Equal(t, "A o=", string(shown[0].Text))
	require.Empty(t, string(shown[1].Text))
	require.True(t, shown[0].Cut && shown[1].Cut)
	require.Equal(t, 10, shown[1].Size)
}

// The note about what was lost says of which watch, why, and how many there were in all.
func TestNotesAboutLostRecords(t *testing.T) {
	w := newWorld(t)
	w.watch(inspect.WatchOptions{})
	v := w.watch(inspect.WatchOptions{Rate: 10})
	for range 2 {
		for range 15 {
			w.in("A")
		}
		w.wait()
	}
	w.in("A")
	var notes []string
	require.NoError(t, v.Take(func(line []byte) error {
		if strings.HasPrefix(string(line), "LOST") {
			notes = append(notes, string(line))
		}
		return nil
	}))
	require.Equal(t, []string{
		fmt.Sprintf("LOST rate=5;total=5;watch=%d", v.ID()), fmt.Sprintf("LOST rate=5;total=10;watch=%d", v.ID()),
	}, notes)
	require.Equal(t, inspect.WatchStats{Matched: 31, Sent: 21, Dropped: inspect.Lost{Rate: 10}}, v.Stats())

	ready := 0
	v.Ready = func() { ready++ }
	v.TellLost()
	require.Zero(t, ready, "there is nothing to tell")
	for range 15 {
		w.in("A")
	}
	require.NoError(t, v.Take(func([]byte) error { return nil }))
	require.Equal(t, 1, ready)
	v.TellLost()
	require.Equal(t, 2, ready, "what is owed waits to be taken")
	_, lost := take(t, v)
	require.Equal(t, 6, lost)
}

// TestRateThatAnIntCannotHold is refused; where an int has 32 bits it would turn into another one.
func TestRateThatAnIntCannotHold(t *testing.T) {
	o, err := inspect.ParseWatch(message.New("WATCH").SetInt("rate", 1<<32))
	if err == nil {
		require.EqualValues(t, int64(1)<<32, o.Rate)
	}
}
