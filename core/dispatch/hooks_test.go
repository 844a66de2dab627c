package dispatch_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

func TestHooksSeeTheSameEvents(t *testing.T) {
	var seen []string
	note := func(who string) func(*dispatch.Event) {
		return func(ev *dispatch.Event) { seen = append(seen, who+" "+ev.Message.Command()) }
	}
	d := dispatch.New(dispatch.Options{Trace: note("own")})
	removeA := d.AddTrace(note("a")).Remove
	removeB := d.AddTrace(note("b")).Remove
	send := func(command string) []string {
		seen = nil
		d.Dispatch(nil, message.New(command))
		return seen
	}
	require.Equal(t, []string{"own X", "a X", "b X"}, send("X"))
	removeA()
	removeA()
	require.Equal(t, []string{"own X", "b X"}, send("X"))
	d.SetTrace(nil)
	require.Equal(t, []string{"b X"}, send("X"))
	d.SetTrace(note("new"))
	require.Equal(t, []string{"b X", "new X"}, send("X"))
	removeB()
	d.SetTrace(nil)
	require.False(t, d.Traced())
	require.Empty(t, send("X"))
}

func TestHooksMayGoInsideAHook(t *testing.T) {
	var h dispatch.Hooks
	var seen []string
	var removeB, removeC func()
	h.Add(func(*dispatch.Event) {
		seen = append(seen, "a")
		h.Run(&dispatch.Event{}) // its own events are not shown
		removeB()
		if removeC == nil {
			removeC = h.Add(func(*dispatch.Event) { seen = append(seen, "c") }).Remove
		}
	})
	removeB = h.Add(func(*dispatch.Event) { seen = append(seen, "b") }).Remove
	h.Run(&dispatch.Event{})
	require.Equal(t, []string{"a"}, seen, "b went in the middle, c came")
	h.Run(&dispatch.Event{})
	require.Equal(t, []string{"a", "a", "c"}, seen)
}

func TestEntriesAreListedInTheirOrder(t *testing.T) {
	d := dispatch.New(dispatch.Options{})
	h := func(dispatch.Sender, *message.Message) error { return nil }
	require.Empty(t, d.Entries())
	require.NoError(t, d.Add(dispatch.Match{CatchAll: true, Handler: h}))
	require.NoError(t, d.Add(dispatch.Match{Glob: "E*", Handler: h, Priority: dispatch.System, Name: "events"}))
	require.NoError(t, d.Add(dispatch.Match{Regexp: regexp.MustCompile("X+"), Handler: h, Continue: true}))
	require.NoError(t, d.Add(dispatch.Match{Func: func(*message.Message) bool { return true }, Handler: h, Priority: dispatch.Last}))
	require.NoError(t, d.On("ECHO", h))
	require.NoError(t, d.Add(dispatch.Match{Command: "ECHO", Handler: h, Priority: dispatch.First, Name: "before"}))
	require.Equal(t, []dispatch.EntryInfo{
		{Name: "before", Kind: "exact", Pattern: "ECHO", Priority: dispatch.First},
		{Name: "/X+/", Kind: "regexp", Pattern: "X+", Continue: true},
		{Name: "ECHO", Kind: "exact", Pattern: "ECHO"},
		{Name: "events", Kind: "glob", Pattern: "E*", Priority: dispatch.System},
		{Name: "function", Kind: "function", Priority: dispatch.Last},
		{Name: "catch-all", Kind: "catch-all"},
	}, d.Entries())
}
