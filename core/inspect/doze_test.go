package inspect_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
)

// sleeper is a world whose tracer may doze; wake is what the timer would call.
func sleeper(t *testing.T) (w *world, looks *int, wake *func()) {
	w = &world{t: t, now: time.Unix(1000, 0)}
	looks, wake = new(int), new(func())
	clock := func() time.Time { *looks++; return w.now }
	w.d = dispatch.New(dispatch.Options{Now: clock})
	require.NoError(t, w.d.On("A", func(dispatch.Sender, *message.Message) error { return nil }))
	w.tracer = inspect.NewTracer(inspect.TracerOptions{Now: clock, After: func(d time.Duration, f func()) {
		require.Positive(t, d)
		require.LessOrEqual(t, d, 100*time.Millisecond)
		*wake = f
	}})
	w.tracer.Add(w.d)
	return w, looks, wake
}

// A watcher that cannot take more costs the watched process a count, and no look at the clock.
func TestTracerDozesWhileNothingCanBeTaken(t *testing.T) {
	for name, o := range map[string]inspect.WatchOptions{
		"rate": {Rate: 10}, "queue": {Rate: -1, Queue: 1000}, "filter": {Rate: 10, Filter: []string{"A,direction=in"}},
	} {
		t.Run(name, func(t *testing.T) {
			w, looks, wake := sleeper(t)
			v := w.watch(o)
			for range 30 {
				w.in("A n=1")
			}
			require.NotNil(t, *wake)
			before := *looks
			for range 1000 {
				w.in("A n=2")
			}
			w.in("B") // not wanted by the filter
			require.Equal(t, before, *looks, "it dozes")
			shown, lost := take(t, v)
			ready := 0
			v.Ready = func() { ready++ }
			w.in("A n=2")
			(*wake)()
			require.Equal(t, 1, ready, "there is a note to send")
			w.now = w.now.Add(time.Second)
			w.in("A n=3")
			last, more := take(t, v)
			want := 1033
			if name == "filter" {
				want = 1032
			}
			require.Equal(t, want, len(shown)+lost+more+len(last))
			require.EqualValues(t, 1033, last[len(last)-1].Seq, "each was counted")
			require.EqualValues(t, want, v.Stats().Matched)
		})
	}
}

func TestWhatKeepsTheTracerAwake(t *testing.T) {
	for name, wakeUp := range map[string]func(w *world){
		"a meter":                     func(w *world) { w.tracer.Meter() },
		"a watcher with room":         func(w *world) { w.watch(inspect.WatchOptions{}) },
		"a filter by peer":            func(w *world) { w.watch(inspect.WatchOptions{Rate: 1, Filter: []string{"peer=x"}}) },
		"another hook":                func(w *world) { w.d.AddTrace(func(*dispatch.Event) {}) },
		"the end of the only watcher": func(w *world) { w.tracer.Watchers()[0].Close(); w.d.AddTrace(func(*dispatch.Event) {}) },
	} {
		t.Run(name, func(t *testing.T) {
			w, looks, _ := sleeper(t)
			w.watch(inspect.WatchOptions{Rate: 1})
			for range 5 {
				w.in("A")
			}
			before := *looks
			w.in("A")
			require.Equal(t, before, *looks)
			wakeUp(w)
			for range 5 {
				w.in("A")
			}
			before = *looks
			w.in("A")
			require.Greater(t, *looks, before)
		})
	}
}

// While the tracer dozes an event has no peer that a filter could look at.
func TestAFilterByPeerKeepsTheTracerAwake(t *testing.T) {
	w, _, wake := sleeper(t)
	v := w.watch(inspect.WatchOptions{Rate: 1, Filter: []string{"peer=x"}})
	for range 3 {
		w.d.Trace(&dispatch.Event{Message: message.New("A"), Peer: "x", Time: w.now})
	}
	require.EqualValues(t, 2, v.Stats().Dropped.Rate)
	require.Nil(t, *wake)
}

// Who looks at the meter every second, as ed top does, takes no answer from it.
func TestALookAtTheMeterKeepsQuestions(t *testing.T) {
	w, _, wake := sleeper(t)
	v := w.watch(inspect.WatchOptions{Rate: 1})
	w.in("A")
	w.in("A")
	require.NotNil(t, *wake)
	(*wake)()
	w.now = w.now.Add(time.Second)
	w.out("A serial=1")
	w.tracer.Meter()
	w.now = w.now.Add(time.Second)
	w.in("A serial=1")
	shown, _ := take(t, v)
	require.EqualValues(t, shown[len(shown)-2].Seq, shown[len(shown)-1].Pair)
}

func TestAWatcherThatReadsWakesTheTracer(t *testing.T) {
	w, looks, _ := sleeper(t)
	v := w.watch(inspect.WatchOptions{Rate: -1, Queue: 1000})
	for range 30 {
		w.in("A n=1")
	}
	shown, lost := take(t, v)
	require.Equal(t, 30, len(shown)+lost)
	before := *looks
	w.in("A n=2")
	require.Greater(t, *looks, before)
	shown, _ = take(t, v)
	require.Len(t, shown, 1)
	for range 30 {
		w.in("A n=3")
	}
	before = *looks
	w.in("A n=4")
	require.Equal(t, before, *looks, "it dozes again")
}

// A dispatcher that is added wakes the tracer: what it shows may refill the bucket, and that is for the others, too.
func TestADispatcherThatIsAddedWakesTheTracer(t *testing.T) {
	w, _, wake := sleeper(t)
	v := w.watch(inspect.WatchOptions{Rate: 10})
	for range 10 {
		w.in("A")
	}
	require.Nil(t, *wake)
	w.in("A")
	require.NotNil(t, *wake, "it dozes")
	other := dispatch.New(dispatch.Options{Now: func() time.Time { return w.now }})
	w.tracer.Add(other)
	w.now = w.now.Add(time.Second)
	other.Dispatch(nil, message.New("B"))
	w.in("A")
	shown, lost := take(t, v)
	require.Len(t, shown, 12)
	require.Equal(t, 1, lost)
}

// What passed while the tracer dozed may have been the answer: nothing after it is taken for one.
func TestADozeEndsTheSearchForPairs(t *testing.T) {
	w, _, wake := sleeper(t)
	v := w.watch(inspect.WatchOptions{Rate: 1})
	w.out("A serial=1")
	w.in("A n=1")
	require.NotNil(t, *wake)
	w.in("A serial=1")
	w.now = w.now.Add(time.Second)
	(*wake)()
	w.in("A serial=1")
	shown, _ := take(t, v)
	require.Len(t, shown, 2)
	require.Zero(t, shown[1].Pair)
}

// It wakes when the rate next lets a record through.
func TestHowLongTheTracerDozes(t *testing.T) {
	now, last := time.Unix(1000, 0), time.Duration(0)
	d := dispatch.New(dispatch.Options{Now: func() time.Time { return now }})
	tracer := inspect.NewTracer(inspect.TracerOptions{Now: func() time.Time { return now }, After: func(d time.Duration, _ func()) { last = d }})
	tracer.Add(d)
	_, err := tracer.Watch(inspect.WatchOptions{Rate: 20})
	require.NoError(t, err)
	now = now.Add(70 * time.Millisecond)
	for range 30 {
		d.Dispatch(nil, message.New("A"))
	}
	require.Equal(t, 30*time.Millisecond, last)
}
