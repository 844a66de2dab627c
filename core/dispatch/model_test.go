package dispatch_test

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

// naive is the rules of the order, written down without any cleverness: one list, sorted by priority, walked from the
// start.
type naive struct {
	entries []naiveEntry
	serial  int
}

type naiveEntry struct {
	kind     string // exact, glob, function, catch-all
	text     string // command, or prefix of the glob
	priority dispatch.Priority
	tag      dispatch.Tag
	goOn     bool
	serial   int
}

func (e naiveEntry) matches(command string) bool {
	switch e.kind {
	case "exact":
		return e.text == command
	case "glob":
		return strings.HasPrefix(command, e.text)
	case "function":
		return len(command) == len(e.text)
	}
	return false
}

func (n *naive) add(e naiveEntry) bool {
	for _, o := range n.entries {
		same := o.kind == e.kind && o.priority == e.priority
		if same && (e.kind == "exact" && o.text == e.text || e.kind == "catch-all") {
			return false
		}
	}
	n.entries = append(n.entries, e)
	slices.SortStableFunc(n.entries, func(a, b naiveEntry) int { return cmp.Compare(a.priority, b.priority) })
	return true
}

func (n *naive) remove(tag dispatch.Tag) int {
	before := len(n.entries)
	n.entries = slices.DeleteFunc(n.entries, func(e naiveEntry) bool { return tag != 0 && e.tag == tag })
	return before - len(n.entries)
}

// dispatch calls run for those that see a command, and returns how many there were.
func (n *naive) dispatch(command string, run func(e naiveEntry)) (ran int) {
	now := slices.Clone(n.entries) // what is added meanwhile is for the next message
	for _, catchAll := range []bool{false, true} {
		for _, e := range now {
			if !slices.ContainsFunc(n.entries, func(o naiveEntry) bool { return o.serial == e.serial }) {
				continue
			}
			if catchAll && e.kind == "catch-all" || !catchAll && e.matches(command) {
				ran++
				if run(e); !e.goOn {
					return ran
				}
			}
		}
		if ran > 0 {
			break
		}
	}
	return ran
}

func (n *naive) commands() []string {
	names := []string{}
	for _, e := range n.entries {
		if e.kind == "exact" {
			names = append(names, e.text)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// TestModel holds the Dispatcher against the naive list over random additions, removals and messages.
func TestModel(t *testing.T) {
	command := rapid.SampledFrom([]string{"A", "B", "AA", "AB", "BA", "AAA"})
	rapid.Check(t, func(t *rapid.T) {
		d := dispatch.New(dispatch.Options{})
		var n naive
		var ran []int
		tags := []dispatch.Tag{0, d.NewTag(), d.NewTag()}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				n.serial++
				e := naiveEntry{
					kind:     rapid.SampledFrom([]string{"exact", "exact", "glob", "function", "catch-all"}).Draw(t, "kind"),
					text:     command.Draw(t, "text"),
					priority: dispatch.Priority(rapid.IntRange(-2, 2).Draw(t, "priority")),
					tag:      rapid.SampledFrom(tags).Draw(t, "tag"),
					goOn:     rapid.Bool().Draw(t, "continue"),
					serial:   n.serial,
				}
				err := d.Add(match(e, func() error { ran = append(ran, e.serial); return nil }))
				if n.add(e) {
					require.NoError(t, err)
				} else {
					require.True(t, errors.Is(err, dispatch.ErrDuplicate), "%v", err)
				}
			},
			"remove": func(t *rapid.T) {
				tag := rapid.SampledFrom(tags).Draw(t, "tag")
				require.Equal(t, n.remove(tag), d.Remove(tag))
			},
			"dispatch": func(t *rapid.T) {
				name := command.Draw(t, "command")
				ran = nil
				outcome := d.Dispatch(nil, message.New(name))
				var want []int
				n.dispatch(name, func(e naiveEntry) { want = append(want, e.serial) })
				require.Equal(t, want, ran)
				require.Equal(t, want == nil, outcome == dispatch.Unknown)
			},
			"": func(t *rapid.T) { require.Equal(t, n.commands(), d.Commands()) },
		})
	})
}

// match is the entry as a Dispatcher takes it.
func match(e naiveEntry, run func() error) dispatch.Match {
	m := dispatch.Match{
		Priority: e.priority, Tag: e.tag, Continue: e.goOn,
		Handler: func(dispatch.Sender, *message.Message) error { return run() },
	}
	switch e.kind {
	case "exact":
		m.Command = e.text
	case "glob":
		m.Glob = e.text + "*"
	case "function":
		m.Func = func(m *message.Message) bool { return len(m.CommandBytes()) == len(e.text) }
	case "catch-all":
		m.CatchAll = true
	}
	return m
}
