package reactor_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/reactor"
)

// TestNowIsNeverAhead: what the loop says between looks at the clock is not later than the truth, never goes back, and is not far behind.
func TestNowIsNeverAhead(t *testing.T) {
	l := newLoop(t, reactor.Options{})
	var last time.Time
	var behind time.Duration
	calls, until := 0, time.Now().Add(20*time.Second)
	for range 8 {
		add(t, l, readable(t), reactor.Read, func(s reactor.Source, _ reactor.Interest) {
			now, truth := l.Now(), time.Now()
			if now.After(truth) || now.Before(last) {
				t.Errorf("it is %v, and the loop says %v after %v", truth, now, last)
				l.Stop()
			}
			last = now
			if reactor.Paced(l) {
				calls++
				behind += truth.Sub(now)
			}
			if calls >= 20_000 || !reactor.SteadyCycles() || truth.After(until) {
				l.Stop()
			}
		})
	}
	run(t, l)
	if reactor.SteadyCycles() {
		require.GreaterOrEqual(t, calls, 20_000)
		t.Logf("%v behind on average", behind/time.Duration(calls))
	}
}

// TestLongCallbacksAreTimedByTheClock: a callback that took long is in the statistics with its true time.
func TestLongCallbacksAreTimedByTheClock(t *testing.T) {
	l := newLoop(t, reactor.Options{})
	var took time.Duration
	s := add(t, l, readable(t), reactor.Read, func(reactor.Source, reactor.Interest) {
		if reactor.SteadyCycles() && !reactor.Paced(l) {
			return
		}
		began := time.Now()
		for took < 2*time.Millisecond {
			took = time.Since(began)
		}
		l.Stop()
	})
	s.SetName("long")
	run(t, l)
	slow := l.Slow()
	require.NotEmpty(t, slow)
	require.Equal(t, "long", slow[0].Name)
	require.GreaterOrEqual(t, slow[0].Most, took)
}

// TestNowIsNeverAheadInTheNextRun: what goes by between two runs is not counted twice.
func TestNowIsNeverAheadInTheNextRun(t *testing.T) {
	l := quickLoop(t)
	add(t, l, readable(t), reactor.Read, func(reactor.Source, reactor.Interest) {
		if reactor.Paced(l) || !reactor.SteadyCycles() {
			l.Stop()
		}
	})
	run(t, l)
	var ahead time.Duration
	look := func() { ahead = max(ahead, l.Now().Sub(time.Now())) }
	for range 2000 {
		for range 40 {
			require.NoError(t, l.Post(look))
		}
		require.NoError(t, l.Post(l.Stop))
		require.NoError(t, l.Run(context.Background()))
	}
	require.LessOrEqual(t, ahead, time.Duration(0))
}

// TestTimersAreNotEarlyByAWrongRate: whatever the counter tells, the clock decides whether a timer is due.
func TestTimersAreNotEarlyByAWrongRate(t *testing.T) {
	l := newLoop(t, reactor.Options{})
	const delay = time.Millisecond
	fired := 0
	var early time.Duration
	var due time.Time
	arm := func() {
		due = time.Now().Add(delay)
		l.After(delay, "not early", func() {
			fired++
			early = max(early, time.Until(due))
			due = time.Time{}
		})
		reactor.SetRate(l, 16) // far too high
	}
	for range 20 {
		add(t, l, readable(t), reactor.Read, func(reactor.Source, reactor.Interest) {
			if due.IsZero() && fired < 20 {
				arm()
			}
			for began := time.Now(); time.Since(began) < 5*time.Microsecond; {
			}
			if fired == 20 {
				l.Stop()
			}
		})
	}
	run(t, l)
	require.LessOrEqual(t, early, time.Duration(0))
}

// TestAWrongRateIsMeasuredAgain: the counter tells the time again, a while after the clock has shown that it told too much.
func TestAWrongRateIsMeasuredAgain(t *testing.T) {
	l := newLoop(t, reactor.Options{})
	phase := 0
	var last time.Time
	add(t, l, readable(t), reactor.Read, func(reactor.Source, reactor.Interest) {
		now := l.Now()
		require.False(t, now.Before(last))
		last = now
		switch paced := reactor.Paced(l); {
		case !reactor.SteadyCycles(), phase == 2 && paced:
			l.Stop()
		case phase == 0 && paced:
			phase = 1
			reactor.SetRate(l, 1000) // ns in a cycle: far too high
		case phase == 1 && !paced:
			phase = 2
		}
	})
	run(t, l)
}
