package dispatch_test

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/definition"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

// BenchmarkDispatch looks up and calls the handlers of the corpus' commands among 200. Their order is one that a branch
// predictor cannot learn. There is one message for each command: a loop decodes into one message too, so that reading
// thousands of them from memory is no part of the work.
func BenchmarkDispatch(b *testing.B) {
	order := corpus(b)
	set, err := definition.Open(definition.Options{})
	require.NoError(b, err)
	for _, bench := range []struct {
		name     string
		options  dispatch.Options
		patterns []string
	}{
		{name: "exact"},
		{name: "definitions", options: dispatch.Options{Definitions: set}},
		{name: "patterns", patterns: []string{"EVENT*", "*_EVENT"}},
		{name: "trace", options: dispatch.Options{Trace: func(*dispatch.Event) {}}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			d := dispatch.New(bench.options)
			ran := 0
			h := func(dispatch.Sender, *message.Message) error { ran++; return nil }
			for i := range 190 {
				require.NoError(b, d.On(fmt.Sprintf("COMMAND_%d", i), h))
			}
			for _, m := range order {
				_ = d.On(m.Command(), h) // the corpus repeats its commands
			}
			for _, glob := range bench.patterns {
				require.NoError(b, d.Add(dispatch.Match{Glob: glob, Handler: h}))
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				d.Dispatch(nil, order[i])
				if i++; i == len(order) {
					i = 0
				}
			}
		})
	}
}

// corpus returns a message for each line of the corpus, the same one for the same command.
func corpus(b *testing.B) []*message.Message {
	data, err := os.ReadFile("../../tests/perf/corpus.txt")
	require.NoError(b, err)
	one := make(map[string]*message.Message)
	var order []*message.Message
	for line := range bytes.Lines(data) {
		m := parse(b, string(line))
		if one[m.Command()] == nil {
			one[m.Command()] = m
		}
		order = append(order, one[m.Command()])
	}
	return order
}
