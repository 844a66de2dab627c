package tail

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport/control"
)

// TestSummaryOfManyCommands: peers choose them. The frequent ones are told one by one, and what the others came to in one line, those
// that were not even counted by name among them.
func TestSummaryOfManyCommands(t *testing.T) {
	w := toolkittest.New(t)
	tally := tally{cut: 2}
	for i := range maxCommands + 5 {
		tally.arrived(fmt.Appendf(nil, "C%04d", i), 10)
	}
	for range 3 {
		tally.arrived([]byte("C0900"), 10)
	}
	tally.say(w.Env.Output(toolkit.Common{}), 1, 4, time.Second)
	lines := strings.Split(strings.TrimSpace(w.Err.String()), "\n")
	require.Len(t, lines, 1+2+maxSummary+1)
	require.Equal(t, "1008 messages in (10080 bytes), 0 broken lines, 1 link in 1s", lines[0])
	require.Equal(t, "4 connections closed at once because no file descriptor was left; ulimit -n raises the limit", lines[1])
	require.Equal(t, "2 packets dropped: longer than 65536 bytes", lines[2])
	require.Regexp(t, `^  C0900 +4  40 bytes$`, lines[3])
	require.Regexp(t, `^  C0000 +1  10 bytes$`, lines[4])
	require.Regexp(t, `^  \(all others\) +985  9850 bytes$`, lines[len(lines)-1])
}

// TestNote: what became of a message, behind it.
func TestNote(t *testing.T) {
	for want, r := range map[string]inspect.Record{
		"": {Direction: dispatch.Out, Outcome: dispatch.Sent},
		"answers what came 2ms before": {
			Direction: dispatch.Out, Outcome: dispatch.Sent, Pair: 1, Latency: 2 * time.Millisecond, Answer: true},
		"handled in 1ms, answered after 2ms": {Took: time.Millisecond, Pair: 1, Latency: 2 * time.Millisecond},
		"failed in 1ms, why":                 {Outcome: dispatch.Failed, Took: time.Millisecond, Error: "why"},
		"dropped, cut, 9 bytes in all":       {Outcome: dispatch.Dropped, Cut: true, Size: 9},
	} {
		require.Equal(t, want, note(&r))
	}
}

// TestLossText: why messages are missing.
func TestLossText(t *testing.T) {
	w := &watching{watchOptions: watchOptions{watch: inspect.WatchOptions{Rate: 10}}}
	require.Equal(t, "1 message lost, we were too slow; 2 messages lost, more than 10 a second (--rate)", w.lossText(&control.Loss{Lost: inspect.Lost{Slow: 1, Rate: 2}}))
}

// TestBrokenBySomethingElse: an error that tells no place is told as it is.
func TestBrokenBySomethingElse(t *testing.T) {
	p := printer{stamps: "none"}
	e := &entry{peer: "p", text: []byte("x"), err: message.ErrEmpty}
	require.Equal(t, "<- p (broken: "+message.ErrEmpty.Error()+") x\n", string(p.append(nil, e)))
}
