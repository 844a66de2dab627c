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

// BenchmarkDispatch looks up and calls the handlers of the corpus' messages, which a branch predictor cannot learn,
// among 200 commands.
func BenchmarkDispatch(b *testing.B) {
	data, err := os.ReadFile("../../tests/perf/corpus.txt")
	require.NoError(b, err)
	var messages []*message.Message
	for line := range bytes.Lines(data) {
		m, err := message.Parse(bytes.TrimRight(line, "\r\n"))
		require.NoError(b, err)
		messages = append(messages, m)
	}
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
			for _, m := range messages {
				_ = d.On(m.Command(), h) // the corpus repeats its commands
			}
			for _, glob := range bench.patterns {
				require.NoError(b, d.Add(dispatch.Match{Glob: glob, Handler: h}))
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				d.Dispatch(nil, messages[i])
				if i++; i == len(messages) {
					i = 0
				}
			}
		})
	}
}
