package dispatch_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

// deed is an entry whose handler does something.
type deed struct {
	naiveEntry
	does    string
	other   *deed  // to add
	command string // to dispatch
	which   dispatch.Tag
}

// world is a Dispatcher, or the naive list, in which the same is done.
type world struct {
	add      func(e *deed) (added bool)
	remove   func(tag dispatch.Tag) int
	dispatch func(command string) dispatch.Outcome
	trace    func()
	done     map[int]bool // the handlers that ran
	log      []string
}

func (w *world) say(what ...any) { w.log = append(w.log, fmt.Sprint(what...)) }

// handle is the handler of an entry: what it does it does once, so that it comes to an end.
func (w *world) handle(e *deed) error {
	w.say("ran ", e.serial)
	first := !w.done[e.serial]
	w.done[e.serial] = true
	switch {
	case e.does == "fail":
		return errors.New("provoked")
	case e.does == "panic":
		panic("provoked")
	case first:
		w.do(e)
	}
	return nil
}

func (w *world) do(e *deed) {
	switch e.does {
	case "add":
		w.say("added ", w.add(e.other))
	case "remove":
		w.say("removed ", w.remove(e.which))
	case "dispatch":
		w.say("dispatched ", w.dispatch(e.command))
	case "trace":
		w.trace()
	}
}

// give dispatches a message, and notes if that panics.
func (w *world) give(command string) {
	defer func() {
		if recover() != nil {
			w.say("panicked")
		}
	}()
	w.say("outcome ", w.dispatch(command))
}

// listing is the world of the naive list.
func listing() *world {
	var n naive
	w := &world{done: map[int]bool{}, trace: func() {}}
	deeds := map[int]*deed{}
	w.add = func(e *deed) bool { deeds[e.serial] = e; return n.add(e.naiveEntry) }
	w.remove = n.remove
	w.dispatch = func(command string) dispatch.Outcome {
		outcome := dispatch.Handled
		ran := n.dispatch(command, func(e naiveEntry) {
			if w.handle(deeds[e.serial]) != nil {
				outcome = dispatch.Failed
			}
		})
		if ran == 0 {
			return dispatch.Unknown
		}
		return outcome
	}
	return w
}

// dispatching is the world of a Dispatcher. Its trace is a hook that comes and goes.
func dispatching(d *dispatch.Dispatcher) *world {
	w := &world{done: map[int]bool{}}
	w.add = func(e *deed) bool { return d.Add(match(e.naiveEntry, func() error { return w.handle(e) })) == nil }
	w.remove = d.Remove
	w.dispatch = func(command string) dispatch.Outcome { return d.Dispatch(nil, message.New(command)) }
	var tap *dispatch.Tap
	w.trace = func() {
		if tap == nil {
			tap = d.AddTrace(func(*dispatch.Event) {})
			return
		}
		tap.Remove()
		tap = nil
	}
	return w
}

// TestModelInHandlers holds the Dispatcher against the naive list where handlers add and remove entries, their own too, dispatch,
// fail, panic, and have the trace come and go.
func TestModelInHandlers(t *testing.T) {
	command := rapid.SampledFrom([]string{"A", "AB", "COMMAND", "COMMANDER"})
	rapid.Check(t, func(t *rapid.T) {
		d := dispatch.New(dispatch.Options{OnError: func(*message.Message, string, error) {}})
		tag := rapid.SampledFrom([]dispatch.Tag{0, d.NewTag(), d.NewTag()})
		kind := rapid.SampledFrom(rapid.SampledFrom([][]string{{"exact", "catch-all"}, {"exact", "glob", "function", "catch-all"}}).Draw(t, "kinds"))
		serial := 0
		var draw func() *deed
		draw = func() *deed {
			serial++
			e := &deed{
				naiveEntry: naiveEntry{
					kind: kind.Draw(t, "kind"), text: command.Draw(t, "text"), serial: serial, tag: tag.Draw(t, "tag"),
					priority: dispatch.Priority(rapid.IntRange(-1, 1).Draw(t, "priority")), goOn: rapid.Bool().Draw(t, "continue"),
				},
				does:    rapid.SampledFrom([]string{"", "add", "remove", "dispatch", "trace", "fail", "panic"}).Draw(t, "does"),
				command: command.Draw(t, "command"), which: tag.Draw(t, "which"),
			}
			if e.does == "add" {
				e.other = draw()
			}
			return e
		}
		want, got := listing(), dispatching(d)
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "add") {
				e := draw()
				require.Equal(t, want.add(e), got.add(e))
				continue
			}
			name := command.Draw(t, "message")
			want.give(name)
			got.give(name)
			require.Equal(t, want.log, got.log)
		}
	})
}
