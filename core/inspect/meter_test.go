package inspect_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/inspect"
)

func TestMeterCountsWhileSomebodyLooks(t *testing.T) {
	w := newWorld(t)
	w.took = time.Millisecond
	w.in("A")
	meter := w.tracer.Meter()
	require.Empty(t, meter.Commands())
	for range 99 {
		w.in("A")
	}
	w.took = time.Second
	w.in("A fail=1")
	w.in("B")
	w.d.Trace(&dispatch.Event{Outcome: dispatch.Malformed, Raw: []byte("x"), Link: 4})
	list := meter.Commands()
	require.Len(t, list, 3)
	var a inspect.CommandCount
	for _, c := range list {
		if c.Command == "A" {
			a = c
		}
	}
	require.EqualValues(t, 100, a.In)
	require.EqualValues(t, 1, a.Failed)
	require.InDelta(t, time.Millisecond, a.Handling.P50, float64(10*time.Microsecond))
	require.InDelta(t, time.Second, a.Handling.Max, float64(10*time.Millisecond))
	require.EqualValues(t, 101, meter.Handler("all").Count)
	require.EqualValues(t, 1, meter.Handler("all").Failed)
	require.EqualValues(t, 1, meter.Link(4).Failed)
	require.Zero(t, meter.Link(5).In)

	w.now = w.now.Add(inspect.MeterTime + time.Second)
	w.in("A")
	require.False(t, w.tracer.Active(), "nobody has looked for a while")
	require.Empty(t, w.tracer.Meter().Commands(), "it begins anew")
}

// A meter tells how long answers took, whether watchers look for pairs or not.
func TestMeterLooksForPairs(t *testing.T) {
	w := newWorld(t)
	w.watch(inspect.WatchOptions{NoPairs: true})
	meter := w.tracer.Meter()
	w.out("ALIVE")
	w.wait()
	w.in("ABSOLUTELY")
	list := meter.Commands()
	require.Equal(t, "ABSOLUTELY", list[0].Command)
	require.EqualValues(t, 1, list[0].Latency.Count)
}

// A meter of records that were received counts what each came to.
func TestMeterOfRecords(t *testing.T) {
	now := time.Unix(1000, 0)
	meter := inspect.NewMeter(now)
	add := func(line string, r inspect.Record) {
		now = now.Add(time.Second)
		r.Time, r.Text, r.Link = now, []byte(line), 7
		meter.Record(&r, nil)
	}
	in := func(outcome dispatch.Outcome, took time.Duration) inspect.Record {
		return inspect.Record{Outcome: outcome, Took: took, Handler: "h"}
	}
	add("B", in(dispatch.Handled, time.Second))
	add("A", in(dispatch.Handled, 3*time.Second))
	add("A", in(dispatch.Failed, time.Second))
	add("A", in(dispatch.Invalid, time.Second))
	add("A", in(dispatch.Unknown, 0))
	add("A", in(dispatch.Dropped, 0))
	add("A", inspect.Record{Direction: dispatch.Out, Outcome: dispatch.Sent, Pair: 1, Latency: 2 * time.Second, Answer: true})
	add("A", inspect.Record{Direction: dispatch.Out, Outcome: dispatch.Failed})
	for range 2 {
		add("C", inspect.Record{Direction: dispatch.Out, Outcome: dispatch.Sent})
	}
	list := meter.Commands()
	require.Len(t, list, 3)
	require.Equal(t, []string{"A", "C", "B"}, []string{list[0].Command, list[1].Command, list[2].Command}, "the most frequent first")
	a := list[0]
	require.EqualValues(t, 2, a.Handling.Count, "of those that a handler took")
	require.EqualValues(t, 1, a.Latency.Count)
	require.InEpsilon(t, 2*time.Second, a.Latency.P50, 0.01)
	a.Handling, a.Latency = inspect.Spread{}, inspect.Spread{}
	require.Equal(t, inspect.CommandCount{Command: "A", In: 5, Out: 2, Failed: 2, Invalid: 1, Unknown: 1, Dropped: 1, Took: 5 * time.Second}, a)
	require.Equal(t, inspect.LinkCount{In: 6, Out: 4, Failed: 5, Last: now}, meter.Link(7))
	require.Equal(t, inspect.HandlerCount{Count: 6, Failed: 4, Took: 6 * time.Second, Longest: 3 * time.Second}, meter.Handler("h"))
	require.Zero(t, meter.Handler("another"))
	require.Equal(t, time.Unix(1000, 0), meter.Since())
}

func TestMeterIsBounded(t *testing.T) {
	w := newWorld(t)
	meter := w.tracer.Meter()
	long := strings.Repeat("C", 65)
	w.in(long) // shares a count though there is a place
	for i := range 999 {
		w.in(fmt.Sprintf("C%d", i))
	}
	list := meter.Commands()
	require.Less(t, len(list), 300)
	others := list[len(list)-1]
	require.Empty(t, others.Command)
	require.False(t, slices.ContainsFunc(list, func(c inspect.CommandCount) bool { return c.Command == long }))
	total := uint64(0)
	for _, c := range list {
		total += c.In
	}
	require.EqualValues(t, 1000, total)
}

// TestSpreadOfFew: no more than a hundredth of the times is above p99, however few there are.
func TestSpreadOfFew(t *testing.T) {
	var times []time.Duration
	for n := 1; n <= 1200; n++ {
		times = append(times, time.Duration(n)*time.Millisecond)
		s := inspect.SpreadOf(times)
		require.EqualValues(t, n, s.Count)
		for perMille, got := range map[int]time.Duration{500: s.P50, 900: s.P90, 990: s.P99, 999: s.P999, 1000: s.Max} {
			want := time.Duration((n*perMille+999)/1000) * time.Millisecond
			require.InEpsilon(t, want, got, 0.01, "p%d of %d", perMille, n) // two digits are kept
		}
	}
	require.Zero(t, inspect.SpreadOf(nil))
}
