package reactor_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/reactor"
)

func TestTimersComeInOrderAndNeverEarly(t *testing.T) {
	for _, coarse := range []bool{false, true} {
		l := newLoop(t, reactor.Options{})
		if coarse {
			reactor.SetCoarse(l)
		}
		type window struct{ earliest, latest time.Time } // After reads the clock in between
		var order []window
		for range 300 {
			d := time.Duration(rand.Int64N(int64(30 * time.Millisecond)))
			due := window{earliest: time.Now().Add(d)}
			l.After(d, "t", func() {
				require.False(t, time.Now().Before(due.earliest), "early")
				order = append(order, due)
			})
			due.latest = time.Now().Add(d)
		}
		run(t, l)
		require.Len(t, order, 300)
		for i := 1; i < len(order); i++ {
			require.False(t, order[i].latest.Before(order[i-1].earliest))
		}
	}
}

func TestEqualDatesComeInOrderOfArming(t *testing.T) {
	l := newLoop(t, reactor.Options{})
	var order []int
	past := time.Now().Add(-time.Second)
	for i := range 50 {
		l.At(past, "past", func() { order = append(order, i) })
	}
	run(t, l)
	require.True(t, slices.IsSorted(order), "%v", order)
	require.Len(t, order, 50)
}

// What one timer does to itself or another, in callbacks and outside of them.
func TestTimerChanges(t *testing.T) {
	const soon, far = time.Millisecond, time.Hour
	for _, c := range []struct {
		name string
		do   func(t *testing.T, l *reactor.Loop, fire func()) reactor.Timer
		want int
	}{
		{"fires once", func(_ *testing.T, l *reactor.Loop, fire func()) reactor.Timer {
			return l.After(soon, "t", fire)
		}, 1},
		{"negative delay", func(_ *testing.T, l *reactor.Loop, fire func()) reactor.Timer {
			return l.After(-far, "t", fire)
		}, 1},
		{"cancelled", func(t *testing.T, l *reactor.Loop, fire func()) reactor.Timer {
			tm := l.After(soon, "t", fire)
			require.True(t, tm.Active())
			require.True(t, tm.Cancel())
			require.False(t, tm.Active())
			require.False(t, tm.Cancel())
			require.False(t, tm.Reset(0))
			require.Empty(t, tm.Name())
			return tm
		}, 0},
		{"sooner", func(t *testing.T, l *reactor.Loop, fire func()) reactor.Timer {
			tm := l.After(far, "t", fire)
			require.True(t, tm.Reset(soon))
			return tm
		}, 1},
		{"armed again in its callback", func(t *testing.T, l *reactor.Loop, fire func()) reactor.Timer {
			var tm reactor.Timer
			left := 3
			tm = l.After(soon, "t", func() {
				fire()
				require.False(t, tm.Active())
				require.Equal(t, "t", tm.Name())
				if left--; left > 0 {
					require.True(t, tm.Reset(soon))
					require.True(t, tm.Active())
				}
			})
			return tm
		}, 3},
		{"armed and cancelled in its callback", func(t *testing.T, l *reactor.Loop, fire func()) reactor.Timer {
			var tm reactor.Timer
			tm = l.After(soon, "t", func() {
				fire()
				require.True(t, tm.Reset(soon))
				require.True(t, tm.Cancel())
			})
			return tm
		}, 1},
		{"cancelled in its callback", func(t *testing.T, l *reactor.Loop, fire func()) reactor.Timer {
			var tm reactor.Timer
			tm = l.After(soon, "t", func() {
				fire()
				require.False(t, tm.Cancel(), "no longer pending")
			})
			return tm
		}, 1},
		{"interval cancels itself", func(t *testing.T, l *reactor.Loop, fire func()) reactor.Timer {
			var tm reactor.Timer
			left := 4
			tm = l.Every(soon, "t", func(int) {
				fire()
				require.True(t, tm.Active())
				require.False(t, tm.ResetAt(time.Now()), "an interval has no date")
				if left--; left == 0 {
					require.True(t, tm.Cancel())
				}
			})
			return tm
		}, 4},
		{"interval changes itself", func(t *testing.T, l *reactor.Loop, fire func()) reactor.Timer {
			var tm reactor.Timer
			left := 3
			tm = l.Every(far, "t", func(int) {
				fire()
				require.Equal(t, 2*soon, l.Timers()[0].Span)
				if left--; left == 0 {
					tm.Cancel()
				}
			})
			require.True(t, tm.Reset(2*soon))
			return tm
		}, 3},
		{"date becomes a delay", func(t *testing.T, l *reactor.Loop, fire func()) reactor.Timer {
			tm := l.At(time.Now().Add(far), "t", fire)
			require.True(t, tm.Reset(soon))
			require.Equal(t, "once", l.Timers()[0].Kind)
			return tm
		}, 1},
		{"delay becomes a date", func(t *testing.T, l *reactor.Loop, fire func()) reactor.Timer {
			tm := l.After(far, "t", fire)
			other := l.After(far, "t", fire) // shares the function
			require.True(t, tm.ResetAt(time.Now().Add(soon)))
			require.True(t, other.Cancel())
			require.Equal(t, "date", l.Timers()[0].Kind)
			return tm
		}, 1},
		{"without function", func(_ *testing.T, l *reactor.Loop, _ func()) reactor.Timer {
			return l.After(soon, "t", nil)
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, fired := newLoop(t, reactor.Options{}), 0
			tm := c.do(t, l, func() { fired++ })
			run(t, l)
			require.Equal(t, c.want, fired)
			require.False(t, tm.Active())
			require.False(t, tm.Reset(0), "gone")
			require.False(t, tm.ResetAt(time.Now()), "gone")
			require.Zero(t, l.Stats().TimersPending)
			require.EqualValues(t, fired, l.Stats().TimersFired)
		})
	}
}

func TestTimerCancelsOneThatIsDueInTheSameTurn(t *testing.T) {
	l, fired := newLoop(t, reactor.Options{}), 0
	var timers [2]reactor.Timer
	for i := range timers {
		timers[i] = l.After(0, "t", func() {
			fired++
			require.True(t, timers[1-i].Cancel())
		})
	}
	run(t, l)
	require.Equal(t, 1, fired)
}

func TestHandleOfOldTimerDoesNotTouchTheNext(t *testing.T) {
	l, fired := newLoop(t, reactor.Options{}), 0
	old := l.After(time.Hour, "old", func() {})
	old.Cancel()
	l.After(0, "new", func() { fired++ })
	require.False(t, old.Cancel())
	require.False(t, old.Reset(time.Hour))
	run(t, l)
	require.Equal(t, 1, fired)
}

func TestTimerArmedInATurnDoesNotFireInIt(t *testing.T) {
	l := newLoop(t, reactor.Options{})
	inTurn, most, total := 0, 0, 0
	var arm func()
	arm = func() {
		inTurn++
		if total++; total < 100 {
			l.After(-1, "t", arm)
		}
	}
	l.BeforeWait(func() { most, inTurn = max(most, inTurn), 0 })
	require.NoError(t, l.Post(func() { l.After(0, "from a post", arm) }))
	run(t, l)
	require.Equal(t, 100, total)
	require.Equal(t, 1, most)
	require.EqualValues(t, 101, l.Stats().Turns)
}

func TestIntervalDoesNotDriftAndCountsMissedTicks(t *testing.T) {
	const every = 2 * time.Millisecond
	l := newLoop(t, reactor.Options{})
	begin, ticks, missed := time.Now(), 0, 0
	var tm reactor.Timer
	var end time.Time
	tm = l.Every(every, "tick", func(m int) {
		missed += m
		ticks++
		if ticks == 3 {
			for block := time.Now(); time.Since(block) < 5*every; {
				continue
			}
		}
		require.GreaterOrEqual(t, time.Since(begin), time.Duration(ticks+missed)*every, "early")
		if ticks == 10 {
			end = time.Now()
			tm.Cancel()
		}
	})
	run(t, l)
	require.GreaterOrEqual(t, missed, 4)
	require.EqualValues(t, missed, l.Stats().TimersMissed)
	require.Less(t, end.Sub(begin)-time.Duration(ticks+missed)*every, time.Minute, "on time but for the machine")
}

func TestDelayBeyondTheEndOfTime(t *testing.T) {
	l := newLoop(t, reactor.Options{})
	tm := l.After(math.MaxInt64, "never", func() { require.Fail(t, "fired") })
	l.After(time.Millisecond, "stop", l.Stop)
	run(t, l)
	require.True(t, tm.Active())
	require.Greater(t, l.Timers()[0].Due, 290*365*24*time.Hour)
}

func TestManyTimers(t *testing.T) {
	t.Setenv("ED_VERIFY", "")
	const n = 200_000
	l, fired := newLoop(t, reactor.Options{}), 0
	f := func() { fired++ }
	timers := make([]reactor.Timer, n)
	for i := range timers {
		timers[i] = l.After(time.Duration(rand.Int64N(int64(time.Hour))), "idle", f)
	}
	require.Equal(t, n, l.Stats().TimersPending)
	cancelled := 0
	for i := range timers {
		switch i % 4 {
		case 0:
			if !timers[i].Cancel() {
				require.Fail(t, "not pending")
			}
			cancelled++
		default:
			if !timers[i].Reset(time.Duration(rand.Int64N(int64(100 * time.Millisecond)))) {
				require.Fail(t, "gone")
			}
		}
	}
	run(t, l)
	require.Equal(t, n-cancelled, fired)
	require.Zero(t, l.Stats().TimersPending)
}

func TestDates(t *testing.T) {
	newWall := func(l *reactor.Loop) *time.Time {
		wall := new(time.Time)
		*wall = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		reactor.SetWall(l, func() time.Time { return *wall })
		return wall
	}
	t.Run("real clock", func(t *testing.T) {
		l := newLoop(t, reactor.Options{})
		date, fired := time.Now().Add(5*time.Millisecond), false
		l.At(date, "date", func() {
			fired = true
			require.False(t, time.Now().Round(0).Before(date.Round(0)), "early")
		})
		run(t, l)
		require.True(t, fired)
	})
	t.Run("clock set forward", func(t *testing.T) {
		l := newLoop(t, reactor.Options{})
		wall, fired := newWall(l), false
		l.At(wall.Add(time.Hour), "date", func() { fired = true })
		late := l.At(wall.Add(3*time.Hour), "late", func() {})
		require.NoError(t, l.Post(func() {
			*wall = wall.Add(2 * time.Hour)
			reactor.StepClock(l)
			require.Equal(t, 2, l.Stats().TimersPending)
			l.After(time.Millisecond, "stop", l.Stop)
		}))
		run(t, l)
		require.True(t, fired)
		require.True(t, late.Active())
		require.InDelta(t, time.Hour, l.Timers()[0].Due, float64(20*time.Second))
	})
	t.Run("clock set back", func(t *testing.T) {
		l := newLoop(t, reactor.Options{})
		wall := newWall(l)
		tm := l.At(wall.Add(time.Minute), "date", func() { require.Fail(t, "early") })
		*wall = wall.Add(-time.Hour)
		reactor.StepClock(l)
		require.InDelta(t, time.Hour+time.Minute, l.Timers()[0].Due, float64(20*time.Second))
		tm.Cancel()
	})
	t.Run("clock set back and the word of it late", func(t *testing.T) {
		l := newLoop(t, reactor.Options{})
		wall, fired := newWall(l), false
		l.At(wall.Add(time.Millisecond), "date", func() { fired = true })
		*wall = wall.Add(-time.Minute)
		l.After(5*time.Millisecond, "set it right", func() {
			require.False(t, fired)
			require.Equal(t, "date", l.Timers()[0].Kind)
			*wall = wall.Add(2 * time.Minute)
			reactor.StepClock(l)
		})
		run(t, l)
		require.True(t, fired)
	})
	t.Run("extremes", func(t *testing.T) {
		l, fired := newLoop(t, reactor.Options{}), 0
		l.At(time.Time{}, "zero", func() { fired++ })
		l.At(time.Unix(math.MinInt64, 0), "past", func() { fired++ })
		future := l.At(time.Unix(math.MaxInt32*100, 0), "future", func() { fired++ })
		l.After(time.Millisecond, "end", func() { future.Cancel() })
		run(t, l)
		require.Equal(t, 2, fired)
	})
}

// The ticks of an interval do not move when one comes late.
func TestIntervalKeepsItsTicks(t *testing.T) {
	const d = 20 * time.Millisecond
	l, err := reactor.New(reactor.Options{})
	require.NoError(t, err)
	defer l.Close()
	before := time.Now()
	var start time.Duration // the interval began before, at most
	timer := l.Every(d, "tick", func(int) {
		least := time.Since(before)
		next := l.Timers()[0].Due
		most := time.Since(before)
		tick := (next + most) / d * d
		require.GreaterOrEqual(t, tick, next+least-start, "the next tick is %v to %v after the start", next+least-start, next+most)
		l.Stop()
	})
	defer timer.Cancel()
	start = time.Since(before)
	for time.Since(before) < d+d/2 { // the first one is late by half
	}
	require.NoError(t, l.Run(t.Context()))
}
