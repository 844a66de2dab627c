package watch_test

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/core/watch"
)

// scripted is a probe that fails so many times.
type scripted struct {
	fail  int
	tries []time.Time
}

func (s *scripted) probe(done func(error)) {
	s.tries = append(s.tries, time.Now())
	if len(s.tries) <= s.fail {
		done(unix.ECONNREFUSED)
	} else {
		done(nil)
	}
}

func TestListening(t *testing.T) {
	l := newLoop(t)
	s := scripted{fail: 4}
	calls := 0
	w := watch.Listening(l, s.probe, func(err error) { calls++; require.NoError(t, err) }, watch.ListenOptions{
		Interval: 2 * time.Millisecond, Max: 8 * time.Millisecond,
	})
	require.Empty(t, s.tries, "not from inside Listening")
	run(t, l)
	require.Equal(t, 1, calls)
	require.Len(t, s.tries, 5)
	for i, least := range []time.Duration{2, 4, 8, 8} {
		require.GreaterOrEqual(t, s.tries[i+1].Sub(s.tries[i]), least*time.Millisecond)
	}
	s.tries = nil
	w.Rearm()
	run(t, l)
	require.Equal(t, 2, calls)
	w.Close()
}

func TestListeningTimeout(t *testing.T) {
	l := newLoop(t)
	s := scripted{fail: 1 << 30}
	var got error
	watch.Listening(l, s.probe, func(err error) { got = err }, watch.ListenOptions{
		Interval: time.Millisecond, Timeout: 20 * time.Millisecond, Name: "tcp://h:1",
	})
	run(t, l)
	require.ErrorIs(t, got, watch.ErrTimeout)
	require.ErrorIs(t, got, unix.ECONNREFUSED)
	require.Equal(t, "wait for tcp://h:1: timed out: connection refused", got.Error())
}

// TestListeningStale has answers come late, twice and after Close.
func TestListeningStale(t *testing.T) {
	l := newLoop(t)
	var answers []func(error)
	calls := 0
	w := watch.Listening(l, func(done func(error)) { answers = append(answers, done) }, func(error) { calls++ },
		watch.ListenOptions{Interval: time.Millisecond})
	runUntil(t, l, func() bool { return len(answers) == 1 })
	answers[0](unix.ECONNREFUSED)
	answers[0](nil)
	runUntil(t, l, func() bool { return len(answers) == 2 })
	answers[0](nil)
	require.Zero(t, calls)
	w.Close()
	w.Close()
	answers[1](nil)
	run(t, l)
	require.Zero(t, calls)
}

func TestListeningPanic(t *testing.T) {
	l := quietLoop(t)
	n := 0
	var got error
	watch.Listening(l, func(done func(error)) {
		if n++; n == 1 {
			panic("oh")
		}
		done(nil)
	}, func(err error) { got = err }, watch.ListenOptions{Interval: time.Millisecond})
	run(t, l)
	require.NoError(t, got)
	require.Equal(t, 2, n)
}

// TestListeningPath has long pauses: only the appearance of the socket ends them in time.
func TestListeningPath(t *testing.T) {
	scratch(t)
	l := newLoop(t)
	failed := 0
	probe := func(done func(error)) {
		c, err := net.Dial("unix", "run/x[1].sock")
		if err == nil {
			err = c.Close()
		} else {
			failed++
		}
		done(err)
	}
	heard := errors.New("not yet")
	watch.Listening(l, probe, func(err error) { heard = err }, watch.ListenOptions{
		Interval: time.Hour, Max: time.Hour, Path: "run/x[1].sock",
	})
	runUntil(t, l, func() bool { return failed == 1 })
	require.NoError(t, os.Mkdir("run", 0o755))
	listener, err := net.Listen("unix", "run/x[1].sock")
	require.NoError(t, err)
	defer func() { require.NoError(t, listener.Close()) }()
	run(t, l)
	require.NoError(t, heard)
	require.Equal(t, 1, failed)
}
