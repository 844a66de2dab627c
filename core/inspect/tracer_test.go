package inspect_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
)

// world is a dispatcher that is watched, on a clock of its own.
type world struct {
	t      testing.TB
	now    time.Time
	d      *dispatch.Dispatcher
	tracer *inspect.Tracer
	took   time.Duration // each handler takes so long
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, now: time.Unix(1000, 0)}
	clock := func() time.Time { return w.now }
	w.d = dispatch.New(dispatch.Options{Now: clock, OnError: func(*message.Message, string, error) {}})
	require.NoError(t, w.d.Add(dispatch.Match{Glob: "*", Name: "all", Handler: func(_ dispatch.Sender, m *message.Message) error {
		w.now = w.now.Add(w.took)
		if m.Has("fail") {
			return errors.New("cannot use " + m.Command())
		}
		return nil
	}}))
	w.tracer = inspect.NewTracer(inspect.TracerOptions{Now: clock})
	w.tracer.Add(w.d)
	return w
}

func (w *world) watch(o inspect.WatchOptions) *inspect.Watcher {
	v, err := w.tracer.Watch(o)
	require.NoError(w.t, err)
	return v
}

func (w *world) in(line string) {
	m, err := message.Parse([]byte(line))
	require.NoError(w.t, err)
	w.d.Dispatch(nil, m)
}

func (w *world) out(line string) {
	m, err := message.Parse([]byte(line))
	require.NoError(w.t, err)
	w.d.Trace(&dispatch.Event{Direction: dispatch.Out, Message: m, Outcome: dispatch.Sent})
}

// take empties the queue: what was shown, and how many were told to be lost.
func take(t testing.TB, v *inspect.Watcher) (shown []*inspect.Record, lost int) {
	v.TellLost()
	require.NoError(t, v.Take(func(line []byte) error {
		m, err := message.Parse(line)
		require.NoError(t, err)
		if m.Command() == "LOST" {
			for _, name := range []string{"slow", "rate"} {
				if n, err := m.Int(name); err == nil {
					lost += int(n)
				}
			}
			return nil
		}
		r := new(inspect.Record)
		require.NoError(t, inspect.ParseRecord(m, r))
		shown = append(shown, r)
		return nil
	}))
	return shown, lost
}

func TestTracerHangsInTheHookWhileWatched(t *testing.T) {
	w := newWorld(t)
	require.False(t, w.d.Traced())
	a, b := w.watch(inspect.WatchOptions{}), w.watch(inspect.WatchOptions{Filter: []string{"B"}})
	ready := 0
	a.Ready = func() { ready++ }
	w.took = time.Second
	w.in("A n=1")
	w.in("B fail=1")
	require.Equal(t, 1, ready, "once until all was taken")
	shown, lost := take(t, a)
	require.Zero(t, lost)
	require.Len(t, shown, 2)
	require.Equal(t, "A n=1", string(shown[0].Text))
	require.EqualValues(t, 1, shown[0].Seq)
	require.Equal(t, "all", shown[0].Handler)
	require.Equal(t, time.Second, shown[0].Took)
	require.Equal(t, time.Unix(1000, 0).UTC(), shown[0].Time.UTC())
	require.Equal(t, dispatch.Failed, shown[1].Outcome)
	require.Equal(t, "cannot use B", shown[1].Error)
	require.Equal(t, time.Second, shown[1].Mono)
	w.in("B")
	require.Equal(t, 2, ready)
	shown, _ = take(t, b)
	require.Len(t, shown, 2)
	require.Equal(t, inspect.WatchStats{Matched: 2, Sent: 2}, b.Stats())

	a.Close()
	a.Close()
	require.True(t, w.d.Traced())
	b.Close()
	require.False(t, w.d.Traced())
	_, err := w.tracer.Watch(inspect.WatchOptions{Filter: []string{"lower"}})
	require.Error(t, err)
}

func TestADispatcherThatComesWhileSomebodyWatches(t *testing.T) {
	w := newWorld(t)
	w.tracer = inspect.NewTracer(inspect.TracerOptions{})
	v := w.watch(inspect.WatchOptions{})
	w.tracer.Add(w.d) // the first
	w.in("A")
	other := newWorld(t)
	w.tracer.Add(other.d)
	other.in("B")
	shown, _ := take(t, v)
	require.Len(t, shown, 2)
	v.Close()
	require.False(t, w.d.Traced() || other.d.Traced())
}

func TestErrorsTellNoSecret(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.d.Add(dispatch.Match{Command: "LOGIN", Priority: dispatch.First, Handler: func(_ dispatch.Sender, m *message.Message) error {
		value, _ := m.Get("password")
		return fmt.Errorf("no such password: %.5q…", value)
	}}))
	v := w.watch(inspect.WatchOptions{})
	w.in("LOGIN password=hush-hush")
	w.d.Trace(&dispatch.Event{Outcome: dispatch.Malformed, Raw: []byte("LOGIN password=\"hush"), Err: errors.New("quote")})
	shown, _ := take(t, v)
	require.NotContains(t, shown[0].Error, "hush")
	require.Equal(t, "LOGIN password", string(shown[1].Text))
	require.Equal(t, 20, shown[1].Size)
	require.Equal(t, "quote", shown[1].Error)
}

func TestSampleIsOfWhatPassesTheFilter(t *testing.T) {
	w := newWorld(t)
	v := w.watch(inspect.WatchOptions{Filter: []string{"A"}, Sample: 10})
	for i := range 100 {
		w.in(fmt.Sprintf("A n=%d", i))
		w.in("B")
	}
	shown, lost := take(t, v)
	require.Zero(t, lost)
	require.Len(t, shown, 10)
	for i, r := range shown {
		var n int
		_, err := fmt.Sscanf(string(r.Text), "A n=%d", &n)
		require.NoError(t, err)
		require.Equal(t, i, n/10, "one of each ten")
	}
}

// A sample of questions and answers in turn has both.
func TestSampleIsByChance(t *testing.T) {
	w := newWorld(t)
	v := w.watch(inspect.WatchOptions{Sample: 10})
	for range 1000 {
		w.in("A")
		w.in("B")
	}
	shown, _ := take(t, v)
	require.Len(t, shown, 200)
	some := map[string]int{}
	for _, r := range shown {
		some[string(r.Text)]++
	}
	require.Positive(t, some["A"])
	require.Positive(t, some["B"])
}

func TestRateBoundsTheRecords(t *testing.T) {
	w := newWorld(t)
	v := w.watch(inspect.WatchOptions{Rate: 100})
	for range 3000 { // a thousand a second, for three seconds
		w.now = w.now.Add(time.Millisecond)
		w.in("A")
	}
	shown, lost := take(t, v)
	require.Equal(t, 3000, len(shown)+lost)
	require.InDelta(t, 400, len(shown), 20, "those of a second in advance, and a hundred a second")
}

func TestQueueIsBounded(t *testing.T) {
	w := newWorld(t)
	v := w.watch(inspect.WatchOptions{Rate: -1, Queue: 4096})
	for i := range 1000 {
		w.in(fmt.Sprintf("A n=%d", i))
		require.LessOrEqual(t, v.Stats().Bytes, 4096)
	}
	full := errors.New("full")
	first := ""
	require.ErrorIs(t, v.Take(func(line []byte) error { first = string(line); return full }), full)
	n := 0
	require.NoError(t, v.Take(func(line []byte) error {
		if n == 0 {
			require.Equal(t, first, string(line), "it was kept")
		}
		n++
		return nil
	}))
	require.Less(t, n, 60)
	require.True(t, v.Owes())
	w.in("A n=last")
	shown, lost := take(t, v)
	require.Len(t, shown, 1)
	require.Equal(t, 1000, n+lost)
	require.EqualValues(t, lost, v.Stats().Dropped.Slow)
}

// A record larger than the queue is shown all the same, when nothing else waits.
func TestQueueTakesOneOfAnySize(t *testing.T) {
	w := newWorld(t)
	v := w.watch(inspect.WatchOptions{Queue: 1})
	w.in("A n=1")
	shown, _ := take(t, v)
	require.Len(t, shown, 1)
}

func TestWatchingAllocatesNothing(t *testing.T) {
	w := newWorld(t)
	m, err := message.Parse([]byte("<h:cluckd n:db/LOCKED name=users;tag=7"))
	require.NoError(t, err)
	dispatchIt := func() { w.d.Dispatch(nil, m) }
	require.Zero(t, testing.AllocsPerRun(100, dispatchIt), "nobody watches")
	v := w.watch(inspect.WatchOptions{Rate: -1})
	dispatchIt()
	nothing := func([]byte) error { return nil }
	require.Zero(t, testing.AllocsPerRun(100, func() { dispatchIt(); _ = v.Take(nothing) }), "one watches")
	for v.Stats().Dropped.Sum() == 0 {
		dispatchIt()
	}
	require.Zero(t, testing.AllocsPerRun(100, dispatchIt), "the queue is full")
}

func TestPairs(t *testing.T) {
	for _, c := range []struct {
		name  string
		play  func(w *world)
		which int // the record that tells
		pair  uint64
		after time.Duration
	}{
		{"serial, asked here", func(w *world) { w.out("NOW serial=7"); w.wait(); w.in("TIME serial=7") }, 1, 1, time.Second},
		{"serial, asked there", func(w *world) { w.in("NOW serial=7"); w.wait(); w.out("TIME serial=7") }, 1, 1, time.Second},
		{"another serial", func(w *world) { w.out("NOW serial=7"); w.wait(); w.in("TIME serial=8") }, 1, 0, 0},
		{"the same way", func(w *world) { w.out("NOW serial=7"); w.wait(); w.out("NOW serial=7") }, 1, 0, 0},
		{"too late", func(w *world) { w.out("NOW serial=7"); w.now = w.now.Add(time.Hour); w.in("TIME serial=7") }, 1, 0, 0},
		{"known answer", func(w *world) { w.out("ALIVE"); w.wait(); w.in("ABSOLUTELY") }, 1, 1, time.Second},
		{"known answer to something else", func(w *world) { w.out("HELP"); w.wait(); w.in("ABSOLUTELY") }, 1, 0, 0},
		{"another known answer", func(w *world) { w.out("HELP"); w.wait(); w.in("COMMANDS list=HELP") }, 1, 1, time.Second},
		{"known answer with a serial", func(w *world) { w.out("ALIVE"); w.wait(); w.in("ABSOLUTELY serial=8") }, 1, 0, 0},
		{"known answer, too late", func(w *world) { w.out("ALIVE"); w.now = w.now.Add(time.Hour); w.in("ABSOLUTELY") }, 1, 0, 0},
		{"second answer", func(w *world) { w.out("ALIVE"); w.wait(); w.in("ABSOLUTELY"); w.wait(); w.in("ABSOLUTELY") }, 2, 0, 0},
		{"second answer to a serial", func(w *world) {
			w.out("NOW serial=7")
			w.wait()
			w.in("TIME serial=7")
			w.wait()
			w.in("TIME serial=7")
		}, 2, 0, 0},
		{"first of three serials", func(w *world) {
			w.out("NOW serial=7")
			w.out("NOW serial=8")
			w.out("NOW serial=9")
			w.wait()
			w.in("TIME serial=7")
		}, 3, 1, time.Second},
		{"not sent", func(w *world) {
			m := message.New("ALIVE")
			w.d.Trace(&dispatch.Event{Direction: dispatch.Out, Message: m, Outcome: dispatch.Dropped})
			w.d.Trace(&dispatch.Event{Direction: dispatch.Out, Message: m, Outcome: dispatch.Failed})
			w.wait()
			w.in("ABSOLUTELY")
		}, 2, 0, 0},
		{"another link", func(w *world) {
			w.out("ALIVE")
			w.wait()
			w.d.Trace(&dispatch.Event{Message: message.New("ABSOLUTELY"), Link: 2})
		}, 1, 0, 0},
		{"one link of two", func(w *world) {
			w.out("ALIVE")
			w.d.Trace(&dispatch.Event{Direction: dispatch.Out, Message: message.New("HELP"), Outcome: dispatch.Sent, Link: 2})
			w.wait()
			w.in("ABSOLUTELY")
		}, 2, 1, time.Second},
		{"unknown, but another", func(w *world) { w.out("CLIMB"); w.wait(); w.in("UNKNOWN command=JUMP") }, 1, 0, 0},
		{"no addresses", func(w *world) { w.out("db/GET"); w.wait(); w.in("VALUE v=1") }, 1, 0, 0},
		{"second of two by address", func(w *world) {
			w.out("<h:me db/GET")
			w.out("<h:me db/GET")
			w.wait()
			w.in("me/VALUE v=1")
			w.in("me/VALUE v=2")
		}, 3, 2, time.Second},
		{"unknown", func(w *world) { w.out("CLIMB"); w.wait(); w.in("UNKNOWN command=CLIMB") }, 1, 1, time.Second},
		{"by address", func(w *world) { w.out("<h:me db/GET"); w.wait(); w.in("me/VALUE v=1") }, 1, 1, time.Second},
		{"first of two by address", func(w *world) {
			w.out("<h:me db/GET")
			w.out("<h:me db/GET")
			w.wait()
			w.in("me/VALUE v=1")
		}, 2, 1, time.Second},
		{"to somebody else", func(w *world) { w.out("<h:me db/GET"); w.wait(); w.in("you/VALUE v=1") }, 1, 0, 0},
		{"in the handler", func(w *world) {
			get := func(dispatch.Sender, *message.Message) error { w.wait(); w.out("VALUE"); w.wait(); return nil }
			require.NoError(w.t, w.d.Add(dispatch.Match{Command: "GET", Priority: dispatch.First, Handler: get}))
			w.in("GET")
		}, 1, 1, time.Second},
		{"an answer of the handler is no question", func(w *world) {
			get := func(dispatch.Sender, *message.Message) error { w.wait(); w.out("<h:me x/VALUE"); return nil }
			require.NoError(w.t, w.d.Add(dispatch.Match{Command: "GET", Priority: dispatch.First, Handler: get}))
			w.in("GET")
			w.wait()
			w.in("me/THANKS")
		}, 2, 0, 0},
		{"in the handler, with a serial", func(w *world) {
			get := func(dispatch.Sender, *message.Message) error { w.wait(); w.out("VALUE serial=7"); w.wait(); return nil }
			require.NoError(w.t, w.d.Add(dispatch.Match{Command: "GET", Priority: dispatch.First, Handler: get}))
			w.in("GET serial=7")
		}, 1, 1, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			v := w.watch(inspect.WatchOptions{})
			c.play(w)
			shown, _ := take(t, v)
			require.Equal(t, c.pair, shown[c.which].Pair)
			require.Equal(t, c.after, shown[c.which].Latency)
			require.Equal(t, c.pair != 0 && !strings.HasPrefix(c.name, "in the handler"), shown[c.which].Answer)
		})
	}
	w := newWorld(t)
	v := w.watch(inspect.WatchOptions{NoPairs: true})
	w.out("ALIVE")
	w.in("ABSOLUTELY")
	shown, _ := take(t, v)
	require.Zero(t, shown[1].Pair)
}

// What passed while nobody watched may have been the answer.
func TestTheEndOfAWatchEndsTheSearchForPairs(t *testing.T) {
	w := newWorld(t)
	v := w.watch(inspect.WatchOptions{})
	w.out("NOW serial=7")
	v.Close()
	w.in("TIME serial=7")
	v = w.watch(inspect.WatchOptions{})
	w.in("TIME serial=7")
	shown, _ := take(t, v)
	require.Len(t, shown, 1)
	require.Zero(t, shown[0].Pair)
}

func (w *world) wait() { w.now = w.now.Add(time.Second) }

func TestPairsAreBounded(t *testing.T) {
	w := newWorld(t)
	w.watch(inspect.WatchOptions{Filter: []string{"NEVER"}})
	m := message.New("ASK")
	for i := range 20_000 {
		m.SetInt("serial", int64(i))
		w.d.Trace(&dispatch.Event{Direction: dispatch.Out, Message: m, Outcome: dispatch.Sent, Link: uint64(i)})
	}
	questions, links := inspect.PairsKept(w.tracer)
	require.LessOrEqual(t, questions, 4096)
	require.LessOrEqual(t, links, 1024)
}
