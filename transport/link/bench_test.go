package link_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport/link"
)

// BenchmarkServeCorpus is what an echo service does between its read and its write, 64 lines at a time: cut lines, decode,
// dispatch, look one parameter up, print the reply. The figure is for one message.
func BenchmarkServeCorpus(b *testing.B) {
	corpus, err := os.ReadFile("../../tests/perf/corpus.txt")
	require.NoError(b, err)
	lines := bytes.SplitAfter(corpus, []byte("\n"))
	var reads [][]byte
	for ; len(lines) > 64; lines = lines[64:] {
		reads = append(reads, bytes.Join(lines[:64], nil))
	}
	d := dispatch.New(dispatch.Options{})
	var reply message.Message
	require.NoError(b, d.Add(dispatch.Match{CatchAll: true, Handler: func(from dispatch.Sender, m *message.Message) error {
		m.Lookup("serial_no")
		reply.Repeat(m)
		return from.Send(&reply)
	}}))
	require.NoError(b, d.Defaults(dispatch.DefaultsOptions{NoCatchAll: true}))
	c := &lender{}
	h := link.NewServer(link.Options{Dispatcher: d}).Accept(c)
	h.OnOpen(c)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		h.OnData(c, reads[i%len(reads)])
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/64, "ns/message")
}
