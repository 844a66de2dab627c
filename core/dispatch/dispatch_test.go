package dispatch_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/definition"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

func parse(t testing.TB, line string) *message.Message {
	t.Helper()
	m, err := message.Parse([]byte(line))
	require.NoError(t, err)
	return m
}

// recorder is a Sender that keeps what it is given as text.
type recorder struct {
	lines []string
	err   error
}

func (r *recorder) Send(m *message.Message) error {
	if r.err != nil {
		return r.err
	}
	line, err := m.AppendText(nil)
	r.lines = append(r.lines, string(line))
	return err
}

func (r *recorder) Label(ev *dispatch.Event) {
	ev.Link, ev.Name, ev.Peer = 7, "recorder", "tcp://127.0.0.1:1"
}

// tape collects the names of the handlers that ran.
type tape struct{ ran []string }

func (r *tape) handler(name string) dispatch.Handler {
	return func(dispatch.Sender, *message.Message) error {
		r.ran = append(r.ran, name)
		return nil
	}
}

func (r *tape) take() string {
	ran := strings.Join(r.ran, " ")
	r.ran = nil
	return ran
}

func add(t testing.TB, d *dispatch.Dispatcher, entries ...dispatch.Match) {
	t.Helper()
	for _, e := range entries {
		require.NoError(t, d.Add(e))
	}
}

func TestOrder(t *testing.T) {
	var r tape
	d := dispatch.New(dispatch.Options{})
	add(t, d,
		dispatch.Match{CatchAll: true, Handler: r.handler("all")},
		dispatch.Match{Command: "A", Handler: r.handler("exact")},
		dispatch.Match{Glob: "A*", Handler: r.handler("glob")},
		dispatch.Match{Regexp: regexp.MustCompile("B|BB"), Handler: r.handler("regexp")},
		dispatch.Match{Func: func(m *message.Message) bool { return m.Has("f") }, Handler: r.handler("function"), Priority: dispatch.Last},
		dispatch.Match{Func: func(m *message.Message) bool { return m.Has("tap") }, Handler: r.handler("tap"), Priority: dispatch.First, Continue: true},
		dispatch.Match{Command: "EARLY", Handler: r.handler("late"), Priority: 1},
		dispatch.Match{Command: "EARLY", Handler: r.handler("early"), Priority: -1},
		dispatch.Match{Command: "GO", Handler: r.handler("go"), Priority: -1, Continue: true},
		dispatch.Match{Glob: "G?", Handler: r.handler("end")},
		dispatch.Match{Command: "GO", Handler: r.handler("never"), Priority: 0},
	)
	for _, test := range []struct{ line, want string }{
		{"A", "exact"}, {"AA", "glob"}, {"A f=1", "exact"}, {"B", "regexp"}, {"BB", "regexp"}, {"BBB", "all"},
		{"Z f=1", "function"}, {"Z", "all"}, {"A tap=1", "tap exact"}, {"Z tap=1", "tap"}, {"EARLY", "early"},
		{"GO", "go end"}, {"GA", "end"}, {"G", "all"},
	} {
		require.Equal(t, dispatch.Handled, d.Dispatch(nil, parse(t, test.line)), test.line)
		require.Equal(t, test.want, r.take(), test.line)
	}
}

func TestNothingMatches(t *testing.T) {
	var from recorder
	d := dispatch.New(dispatch.Options{})
	require.Equal(t, dispatch.Unknown, d.Dispatch(&from, parse(t, "A")))
	require.Empty(t, from.lines)
}

func TestAddErrors(t *testing.T) {
	h := func(dispatch.Sender, *message.Message) error { return nil }
	d := dispatch.New(dispatch.Options{})
	add(t, d, dispatch.Match{Command: "A", Handler: h}, dispatch.Match{CatchAll: true, Handler: h},
		dispatch.Match{Glob: "A*", Handler: h}, dispatch.Match{Glob: "A*", Handler: h})
	for _, test := range []struct {
		name  string
		match dispatch.Match
		want  string
	}{
		{"nothing", dispatch.Match{Handler: h}, "add handler: nothing to match"},
		{"two", dispatch.Match{Command: "A", Glob: "A*", Handler: h}, "add handler: A: give one of"},
		{"no handler", dispatch.Match{Command: "B"}, "add handler: B: no handler"},
		{"priority too low", dispatch.Match{Command: "B", Handler: h, Priority: -8}, "priority -8 is not between -7 and 8"},
		{"priority too high", dispatch.Match{Command: "B", Handler: h, Priority: 9}, "priority 9 is not between -7 and 8"},
		{"no command", dispatch.Match{Command: "b", Handler: h}, "add handler: "},
		{"open class", dispatch.Match{Glob: "A[", Handler: h}, `add handler: glob "A["`},
		{"duplicate", dispatch.Match{Command: "A", Handler: h}, "add handler for A at priority 0: registered already"},
		{"duplicate that continues", dispatch.Match{Command: "A", Handler: h, Continue: true}, "registered already"},
		{"second catch-all", dispatch.Match{CatchAll: true, Handler: h}, "registered already"},
	} {
		t.Run(test.name, func(t *testing.T) { require.ErrorContains(t, d.Add(test.match), test.want) })
	}
	require.ErrorIs(t, d.On("A", h), dispatch.ErrDuplicate)
	require.NoError(t, d.Add(dispatch.Match{Command: "A", Handler: h, Priority: 1}))
}

func TestGlob(t *testing.T) {
	for _, test := range []struct {
		glob, yes, no string
	}{
		{"*", "A AB _", ""},
		{"EVENT*", "EVENT EVENTS EVENT_X", "EVEN XEVENT"},
		{"*_STOP", "_STOP X_STOP A_STOP_STOP", "STOP X_STOP_"},
		{"A?C", "ABC A_C", "AC ABBC"},
		{"A*B*C", "ABC AXBXC ABCBC ABBC", "AB ACB"},
		{"[A-C]X", "AX BX CX", "DX X"},
		{"[^A-C]X", "DX _X", "AX"},
		{"[!A]", "B", "A AA"},
		{"[A_]*[0-9]", "A1 _9 ABC0", "B1 A"},
		{"ABC", "ABC", "AB ABCD"},
		{"[A-]", "", ""},
		{"[]", "", ""},
		{"[Z-A]", "", ""},
	} {
		t.Run(test.glob, func(t *testing.T) {
			var r tape
			d := dispatch.New(dispatch.Options{})
			err := d.Add(dispatch.Match{Glob: test.glob, Handler: r.handler("x")})
			if test.yes == "" {
				require.ErrorContains(t, err, "not closed or has an unfinished range")
				return
			}
			require.NoError(t, err)
			for command := range strings.FieldsSeq(test.yes) {
				require.Equal(t, dispatch.Handled, d.Dispatch(nil, parse(t, command)), command)
			}
			for command := range strings.FieldsSeq(test.no) {
				require.Equal(t, dispatch.Unknown, d.Dispatch(nil, parse(t, command)), command)
			}
		})
	}
}

// A pattern of many stars must not take exponential time.
func TestGlobIsQuick(t *testing.T) {
	d := dispatch.New(dispatch.Options{})
	var r tape
	add(t, d, dispatch.Match{Glob: strings.Repeat("A*", 50) + "B", Handler: r.handler("x")})
	require.Equal(t, dispatch.Unknown, d.Dispatch(nil, parse(t, strings.Repeat("A", 5000))))
}

func TestRegexpMatchesTheWholeCommand(t *testing.T) {
	var r tape
	d := dispatch.New(dispatch.Options{})
	add(t, d, dispatch.Match{Regexp: regexp.MustCompile(`(?m)^A|AB$`), Handler: r.handler("x")})
	require.Equal(t, dispatch.Handled, d.Dispatch(nil, parse(t, "AB")))
	require.Equal(t, dispatch.Handled, d.Dispatch(nil, parse(t, "A")))
	require.Equal(t, dispatch.Unknown, d.Dispatch(nil, parse(t, "ABC")))
}

func TestTags(t *testing.T) {
	var r tape
	d := dispatch.New(dispatch.Options{})
	one, two := d.NewTag(), d.NewTag()
	require.NotEqual(t, one, two)
	add(t, d,
		dispatch.Match{Command: "A", Handler: r.handler("a"), Tag: one},
		dispatch.Match{Command: "B", Handler: r.handler("b"), Tag: two},
		dispatch.Match{Glob: "*", Handler: r.handler("glob"), Tag: one, Priority: 1},
		dispatch.Match{CatchAll: true, Handler: r.handler("all"), Tag: one},
		dispatch.Match{Command: "C", Handler: r.handler("c")},
	)
	require.Equal(t, []string{"A", "B", "C"}, d.Commands())
	require.Zero(t, d.Remove(0))
	require.Equal(t, 3, d.Remove(one))
	require.Zero(t, d.Remove(one))
	require.Equal(t, []string{"B", "C"}, d.Commands())
	require.Equal(t, dispatch.Unknown, d.Dispatch(nil, parse(t, "A")))
	require.Equal(t, dispatch.Handled, d.Dispatch(nil, parse(t, "B")))
	require.NoError(t, d.On("A", r.handler("again")))
}

func TestChangesInsideHandlers(t *testing.T) {
	var r tape
	d := dispatch.New(dispatch.Options{Logger: slog.New(slog.DiscardHandler)})
	tag := d.NewTag()
	add(t, d,
		dispatch.Match{Command: "A", Priority: dispatch.First, Continue: true, Handler: func(dispatch.Sender, *message.Message) error {
			r.ran = append(r.ran, "change")
			d.Remove(tag)
			return d.Add(dispatch.Match{Command: "A", Priority: dispatch.Last, Handler: r.handler("new")})
		}},
		dispatch.Match{Command: "A", Handler: r.handler("removed"), Tag: tag},
		dispatch.Match{Glob: "A", Handler: r.handler("removed glob"), Tag: tag, Priority: 1},
		dispatch.Match{CatchAll: true, Handler: r.handler("all"), Tag: tag},
	)
	d.Dispatch(nil, parse(t, "A"))
	require.Equal(t, "change", r.take())
	d.Remove(d.NewTag())
	require.Equal(t, dispatch.Failed, d.Dispatch(nil, parse(t, "A")), "the second addition is a duplicate")
	require.Equal(t, "change new", r.take())
}

func TestHandlerErrors(t *testing.T) {
	bad := errors.New("no good")
	fail := func(dispatch.Sender, *message.Message) error { return bad }
	var reported []string
	var r tape
	d := dispatch.New(dispatch.Options{OnError: func(m *message.Message, handler string, err error) {
		reported = append(reported, fmt.Sprintf("%s %s %v", m.Command(), handler, err))
	}})
	add(t, d,
		dispatch.Match{Command: "A", Handler: fail},
		dispatch.Match{Command: "B", Handler: fail, Priority: -1, Continue: true, Name: "tap"},
		dispatch.Match{Command: "B", Handler: r.handler("b")},
	)
	require.Equal(t, dispatch.Failed, d.Dispatch(nil, parse(t, "A")))
	require.Equal(t, dispatch.Failed, d.Dispatch(nil, parse(t, "B")))
	require.Equal(t, "b", r.take(), "a failed entry that continues does not end the walk")
	require.Equal(t, []string{"A A no good", "B tap no good"}, reported)
}

func TestHandlerErrorsAreLogged(t *testing.T) {
	var log bytes.Buffer
	d := dispatch.New(dispatch.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, d.On("A", func(dispatch.Sender, *message.Message) error { return errors.New("no good") }))
	d.Dispatch(nil, parse(t, "A"))
	require.Contains(t, log.String(), `command=A handler=A error="no good"`)
}

func TestPanicsPass(t *testing.T) {
	var seen []string
	d := dispatch.New(dispatch.Options{Trace: func(e *dispatch.Event) {
		seen = append(seen, fmt.Sprint(e.Message.Command(), " ", e.Outcome, " ", e.Handler, ": ", e.Err))
	}})
	require.NoError(t, d.On("A", func(dispatch.Sender, *message.Message) error { panic("x") }))
	require.PanicsWithValue(t, "x", func() { d.Dispatch(nil, parse(t, "A")) })
	require.Equal(t, []string{"A failed A: the handler panicked"}, seen, "the trace sees every message")
}

func definitions(t testing.TB, files map[string]string) *definition.Set {
	t.Helper()
	fs := fstest.MapFS{}
	for name, text := range files {
		fs[name] = &fstest.MapFile{Data: []byte(text)}
	}
	set, err := definition.Open(definition.Options{FS: fs})
	require.NoError(t, err)
	return set
}

// A message is checked once: what a handler makes of it is its business.
func TestDefinitionsAreCheckedOnce(t *testing.T) {
	d := dispatch.New(dispatch.Options{Definitions: definitions(t, map[string]string{"GO.conf": "[n]\ntype = integer\n", "ALONE.conf": "[n]\n"})})
	reached := false
	add(t, d,
		dispatch.Match{Command: "GO", Priority: dispatch.First, Continue: true, Handler: func(_ dispatch.Sender, m *message.Message) error {
			m.Set("n", "many")
			return nil
		}},
		dispatch.Match{Command: "GO", Handler: func(dispatch.Sender, *message.Message) error {
			reached = true
			return nil
		}})
	require.Equal(t, dispatch.Handled, d.Dispatch(nil, message.New("GO").Set("n", "1")))
	require.True(t, reached)
	require.Equal(t, dispatch.Invalid, d.Dispatch(nil, message.New("GO").Set("n", "x")))

	add(t, d, dispatch.Match{Command: "ALONE", Handler: func(dispatch.Sender, *message.Message) error { return nil }})
	require.Equal(t, dispatch.Invalid, d.Dispatch(nil, message.New("ALONE")), "where one handler is all there is to a command")
}

func TestDefinitionsAreCheckedBeforeHandlers(t *testing.T) {
	var r tape
	var reported int
	d := dispatch.New(dispatch.Options{
		OnError: func(*message.Message, string, error) { reported++ },
		Definitions: definitions(t, map[string]string{
			"A.conf": "[n]\ntype=integer\n", "UNKNOWN.conf": "[n]\n", "BROKEN.conf": "[n]\ntype=x\n", "NOBODY.conf": "[n]\n",
		}),
	})
	add(t, d,
		dispatch.Match{Glob: "*", Handler: r.handler("tap"), Continue: true, Priority: dispatch.First},
		dispatch.Match{Command: "A", Handler: r.handler("a")},
		dispatch.Match{Command: "BROKEN", Handler: r.handler("broken")},
		dispatch.Match{Command: "FREE", Handler: r.handler("free")},
		dispatch.Match{Command: "UNKNOWN", Handler: r.handler("unknown")},
	)
	for _, test := range []struct {
		name, line, ran, reply string
		outcome                dispatch.Outcome
	}{
		{"valid", "A n=1", "tap a", "", dispatch.Handled},
		{"without a definition", "FREE n=x", "tap free", "", dispatch.Handled},
		{"missing", "<srv:svc A", "", `srv:svc/INVALID command=A;message=parameter n is missing`, dispatch.Invalid},
		{"missing, from nobody", "A", "", `INVALID command=A;message=parameter n is missing`, dispatch.Invalid},
		{"broken definition", "BROKEN n=1", "", `INVALID command=BROKEN;message=its definition cannot be read here`, dispatch.Invalid},
		{"never answered", "<srv:svc UNKNOWN", "", "", dispatch.Invalid},
	} {
		t.Run(test.name, func(t *testing.T) {
			var from recorder
			require.Equal(t, test.outcome, d.Dispatch(&from, parse(t, test.line)))
			require.Equal(t, test.ran, r.take())
			require.Equal(t, test.reply, strings.Join(from.lines, "|"))
		})
	}
	require.Equal(t, 1, reported, "the broken definition")
	require.Equal(t, dispatch.Invalid, d.Dispatch(nil, parse(t, "A")), "nobody to answer")
	require.Equal(t, dispatch.Invalid, d.Dispatch(&recorder{err: errors.New("full")}, parse(t, "A")))
	require.Equal(t, 2, reported, "the reply that could not be sent")
}

func TestAllocatesNothing(t *testing.T) {
	set := definitions(t, map[string]string{"C150.conf": "[n]\ntype=integer\n"})
	for _, test := range []struct {
		name        string
		definitions *definition.Set
		patterns    bool
	}{{"exact alone", nil, false}, {"definitions", set, false}, {"patterns", nil, true}, {"all", set, true}} {
		t.Run(test.name, func(t *testing.T) {
			d := dispatch.New(dispatch.Options{Definitions: test.definitions})
			ran := 0
			h := func(dispatch.Sender, *message.Message) error { ran++; return nil }
			for i := range 200 {
				require.NoError(t, d.On(fmt.Sprintf("C%d", i), h))
			}
			if test.patterns {
				add(t, d, dispatch.Match{Glob: "C1*9", Handler: h, Priority: -1}, dispatch.Match{Regexp: regexp.MustCompile("X.*"), Handler: h, Priority: -1})
			}
			m := parse(t, "C150 n=12")
			var from dispatch.Sender = &recorder{}
			require.Zero(t, testing.AllocsPerRun(100, func() { d.Dispatch(from, m) }))
			require.Equal(t, 101, ran)
		})
	}
}

func TestRegister(t *testing.T) {
	text := func(m *message.Message) string {
		line, err := m.AppendText(nil)
		require.NoError(t, err)
		return string(line)
	}
	require.Equal(t, "REGISTER service=snap;version=1", text(dispatch.Register("snap")))
	require.Equal(t, "UNREGISTER service=snap", text(dispatch.Unregister("snap")))
}

func TestNames(t *testing.T) {
	var words []string
	for o := dispatch.Handled; o <= dispatch.Sent; o++ {
		words = append(words, o.String())
	}
	require.Equal(t, "handled failed unknown invalid malformed dropped sent", strings.Join(words, " "))
	require.Equal(t, "in out", dispatch.In.String()+" "+dispatch.Out.String())
	require.Equal(t, "Outcome(99)", dispatch.Outcome(99).String())
}

var epoch = time.Unix(1720000000, 5)
