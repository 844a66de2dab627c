package dispatch_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

// clock goes on by a second each time it is read.
type clock struct{ reads int }

func (c *clock) now() time.Time {
	c.reads++
	return epoch.Add(time.Duration(c.reads) * time.Second)
}

func TestTrace(t *testing.T) {
	var c clock
	var lines []string
	d := dispatch.New(dispatch.Options{
		Now:         c.now,
		OnError:     func(*message.Message, string, error) {},
		Definitions: definitions(t, map[string]string{"BAD.conf": "[n]\n"}),
		Trace: func(ev *dispatch.Event) {
			lines = append(lines, fmt.Sprintf("%d %s %d %s %s %s %s %q %s %v", ev.Time.Sub(epoch)/time.Second, ev.Direction, ev.Link, ev.Name, ev.Peer,
				ev.Message.Command(), ev.Outcome, ev.Handler, ev.Took, ev.Err))
		},
	})
	ok := func(dispatch.Sender, *message.Message) error { return nil }
	add(t, d,
		dispatch.Match{Command: "A", Handler: ok, Name: "first"},
		dispatch.Match{Command: "BAD", Handler: ok},
		dispatch.Match{Command: "FAIL", Handler: func(dispatch.Sender, *message.Message) error { return errors.New("no good") }},
		dispatch.Match{Glob: "T*", Handler: ok, Continue: true},
	)
	var from recorder
	for _, line := range []string{"A", "BAD", "FAIL", "TAP", "NONE"} {
		d.Dispatch(&from, parse(t, line))
	}
	d.Dispatch(nil, parse(t, "A"))
	require.Equal(t, []string{
		`1 in 7 recorder tcp://127.0.0.1:1 A handled "first" 1s <nil>`,
		`3 in 7 recorder tcp://127.0.0.1:1 BAD invalid "" 1s BAD: parameter n is missing`,
		`5 in 7 recorder tcp://127.0.0.1:1 FAIL failed "FAIL" 1s no good`,
		`7 in 7 recorder tcp://127.0.0.1:1 TAP handled "T*" 1s <nil>`,
		`9 in 7 recorder tcp://127.0.0.1:1 NONE unknown "" 1s <nil>`,
		`11 in 0   A handled "first" 1s <nil>`,
	}, lines)
}

func TestNoTraceReadsNoClock(t *testing.T) {
	var c clock
	d := dispatch.New(dispatch.Options{Now: c.now})
	add(t, d, dispatch.Match{Command: "A", Handler: func(dispatch.Sender, *message.Message) error { return nil }})
	require.False(t, d.Traced())
	d.Dispatch(nil, parse(t, "A"))
	d.Trace(&dispatch.Event{})
	require.Zero(t, c.reads)

	events := 0
	d.SetTrace(func(*dispatch.Event) { events++ })
	require.True(t, d.Traced())
	d.Dispatch(nil, parse(t, "A"))
	d.Trace(&dispatch.Event{Direction: dispatch.Out, Outcome: dispatch.Sent})
	require.Equal(t, 3, c.reads)
	require.Equal(t, 2, events)
	d.SetTrace(nil)
	d.Dispatch(nil, parse(t, "A"))
	require.Equal(t, 2, events)

	d.AddTrace(func(*dispatch.Event) { events++ })
	d.Dispatch(nil, parse(t, "A"))
	require.Equal(t, 3, events)
}

// A hook that sends messages causes events; they must not call the hook again.
func TestHookDoesNotTraceItself(t *testing.T) {
	events := 0
	var d *dispatch.Dispatcher
	d = dispatch.New(dispatch.Options{Trace: func(*dispatch.Event) {
		events++
		d.Trace(&dispatch.Event{Direction: dispatch.Out})
		d.Dispatch(nil, parse(t, "A"))
	}})
	d.Dispatch(nil, parse(t, "A"))
	require.Equal(t, 1, events)
}

// A handler that dispatches another message must not spoil its own event.
// A hook that dispatches further messages still reads the event it was given.
func TestHookMayDispatch(t *testing.T) {
	var d *dispatch.Dispatcher
	d = dispatch.New(dispatch.Options{Trace: func(ev *dispatch.Event) {
		before := *ev
		d.Dispatch(nil, parse(t, "OTHER"))
		require.Equal(t, before, *ev)
		require.Equal(t, "A", ev.Message.Command())
	}})
	d.Dispatch(nil, parse(t, "A"))
}

func TestNestedDispatch(t *testing.T) {
	var seen []string
	d := dispatch.New(dispatch.Options{Trace: func(ev *dispatch.Event) { seen = append(seen, ev.Message.Command()+" "+ev.Handler) }})
	inner := parse(t, "INNER")
	add(t, d,
		dispatch.Match{Command: "OUTER", Handler: func(dispatch.Sender, *message.Message) error { d.Dispatch(nil, inner); return nil }},
		dispatch.Match{Command: "INNER", Handler: func(dispatch.Sender, *message.Message) error { return nil }},
	)
	d.Dispatch(nil, parse(t, "OUTER"))
	require.Equal(t, []string{"INNER INNER", "OUTER OUTER"}, seen)
}

func TestTraceAllocatesNothing(t *testing.T) {
	events := 0
	d := dispatch.New(dispatch.Options{Trace: func(*dispatch.Event) { events++ }})
	add(t, d, dispatch.Match{Command: "A", Handler: func(dispatch.Sender, *message.Message) error { return nil }})
	m := parse(t, "A")
	var from dispatch.Sender = &recorder{}
	require.Zero(t, testing.AllocsPerRun(100, func() { d.Dispatch(from, m) }))
	require.Equal(t, 101, events)
}
