package reactor_test

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/reactor"
)

// clocked is a loop on a clock that is moved by hand.
func clocked(t *testing.T) (*reactor.Loop, *time.Duration) {
	l, now := newLoop(t, reactor.Options{}), new(time.Duration)
	reactor.SetClock(l, func() time.Duration { return *now })
	return l, now
}

// until lets the loop wait for its timers until f says so, and counts the turns.
func until(t *testing.T, l *reactor.Loop, now *time.Duration, f func() bool) (turns int) {
	t.Helper()
	for ; !f(); turns++ {
		require.Less(t, turns, 10_000, "it never comes")
		wait := reactor.Turn(l)
		if f() {
			return turns
		}
		require.GreaterOrEqual(t, wait, time.Duration(0))
		*now += wait
	}
	return turns
}

// A service that hears of each of its connections now and then and puts the time-outs off: how often it comes to life for
// nothing does not depend on how many there are, or how often that was.
func TestTimersPutOffHardlyWakeTheLoop(t *testing.T) {
	for name, c := range map[string]struct{ timers, most int }{
		"one": {1, 3}, "as many as are looked at": {16, 10}, "thousand": {1000, 100}, "many": {50_000, 300},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("ED_VERIFY", "")
			l, now := clocked(t)
			fired, dates := 0, min(c.timers, 1000)
			after := func(i int) time.Duration { return time.Minute + time.Duration(i%dates)*time.Microsecond }
			timers := make([]reactor.Timer, c.timers)
			for i := range timers {
				timers[i] = l.After(after(i), "time-out", func() { fired++ })
			}
			for range 5 {
				*now += 5 * time.Second
				for i := range timers {
					timers[i].Reset(after(i))
				}
			}
			last := *now
			turns := until(t, l, now, func() bool { return fired > 0 })
			require.Equal(t, last+time.Minute, *now, "at its time, exactly")
			require.LessOrEqual(t, turns, 10)
			turns += until(t, l, now, func() bool { return fired == c.timers })
			require.Equal(t, last+after(dates-1), *now)
			require.LessOrEqual(t, turns, dates+c.most)
		})
	}
}

func TestCancelledTimersDoNotWakeTheLoop(t *testing.T) {
	l, now := clocked(t)
	for i := range 10_000 {
		l.After(time.Duration(i)*10*time.Millisecond, "cancelled", func() { require.Fail(t, "fired") }).Cancel()
	}
	fired := false
	l.After(time.Hour, "one", func() { fired = true })
	require.LessOrEqual(t, until(t, l, now, func() bool { return fired }), 20)
	require.Equal(t, time.Hour, *now)
}

// What timers have left behind is used for the next ones.
func TestMemoryOfCancelledTimersIsBounded(t *testing.T) {
	t.Setenv("ED_VERIFY", "")
	l, now := clocked(t)
	const pending, rounds = 100, 100_000
	timers := make([]reactor.Timer, pending)
	for i := range timers {
		timers[i] = l.After(time.Hour, "time-out", func() {})
	}
	delays := []time.Duration{0, 50 * time.Microsecond, time.Millisecond, time.Second, time.Minute, 24 * time.Hour}
	round := func(i int) {
		at, d := &timers[i%pending], delays[i%len(delays)]
		switch i % 3 {
		case 0:
			at.Reset(d)
		default:
			at.Cancel()
			*at = l.After(d, "time-out", func() {})
		}
	}
	for i := range rounds {
		round(i)
	}
	require.NoError(t, l.Post(func() {
		for i := range rounds {
			round(i)
		}
	}))
	reactor.Turn(l)
	nodes, entries := reactor.TimerMemory(l)
	require.LessOrEqual(t, nodes, pending)
	require.LessOrEqual(t, entries, 3*pending+200)
	require.Equal(t, pending, l.Stats().TimersPending)
	*now += time.Hour
	reactor.Turn(l)
	_, entries = reactor.TimerMemory(l)
	require.Less(t, entries, pending)
}

// A delay counts from the end of the callback: a callback that takes its time does not make its timers early.
func TestDelaysCountFromTheEndOfTheCallback(t *testing.T) {
	const work = 30 * time.Millisecond
	l, now := clocked(t)
	var came []time.Duration
	note := func() { came = append(came, *now) }
	require.NoError(t, l.Post(func() {
		l.After(10*time.Millisecond, "first", note)
		*now += work
		l.After(9*time.Millisecond, "second", note)
	}))
	until(t, l, now, func() bool { return len(came) == 2 })
	require.Equal(t, []time.Duration{work + 9*time.Millisecond, work + 10*time.Millisecond}, came)
}

// What the collector has to look through does not grow with timers that share a function: their records have no pointers.
func TestTimersGiveTheCollectorNothingToScan(t *testing.T) {
	t.Setenv("ED_VERIFY", "")
	const timers = 200_000
	l, f := newLoop(t, reactor.Options{}), func() {}
	before := scannable()
	for i := range timers {
		l.After(time.Minute+time.Duration(i), "time-out", f)
	}
	require.InDelta(t, before, scannable(), timers, "less than a byte each")
	require.Equal(t, timers, l.Stats().TimersPending)
}

// scannable is how much of the heap the collector looks through.
func scannable() uint64 {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/gc/scan/heap:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
