package watch_test

import (
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/core/signals"
	"github.com/ed-toolbox/ed/core/watch"
)

func raise(t *testing.T, s syscall.Signal) {
	t.Helper()
	require.NoError(t, syscall.Kill(os.Getpid(), s))
}

func TestSignals(t *testing.T) {
	l := newLoop(t)
	got := map[string]int{}
	note := func(who string) func(syscall.Signal, int) {
		return func(s syscall.Signal, n int) { got[who+signals.Name(s)] += n }
	}
	a, err := watch.Signals(l, note("a "), watch.SignalOptions{}, syscall.SIGUSR1, syscall.SIGUSR2, syscall.Signal(40))
	require.NoError(t, err)
	b, err := watch.Signals(l, note("b "), watch.SignalOptions{Weak: true}, syscall.SIGUSR1)
	require.NoError(t, err)
	raise(t, syscall.SIGUSR1)
	runUntil(t, l, func() bool { return got["a USR1"] > 0 && got["b USR1"] > 0 })
	raise(t, syscall.SIGUSR2)
	raise(t, 40)
	runUntil(t, l, func() bool { return got["a USR2"] > 0 && got["a RTMIN+6"] > 0 })
	b.Close()
	raise(t, syscall.SIGUSR1)
	runUntil(t, l, func() bool { return got["a USR1"] == 2 })
	require.Equal(t, map[string]int{"a USR1": 2, "b USR1": 1, "a USR2": 1, "a RTMIN+6": 1}, got)
	a.Close()
	a.Close()
	run(t, l)
}

// TestSignalsCoalesce sends many while the loop does not run. Real-time signals are queued by the system, each one.
func TestSignalsCoalesce(t *testing.T) {
	l := newLoop(t)
	calls, total := 0, 0
	w, err := watch.Signals(l, func(_ syscall.Signal, n int) { calls++; total += n }, watch.SignalOptions{}, 45)
	require.NoError(t, err)
	defer w.Close()
	all := make(chan os.Signal, 1000)
	signal.Notify(all, syscall.Signal(45))
	defer signal.Stop(all)
	const raised = 60 // the watch has room for as many, whenever its goroutine gets to run
	for range raised {
		raise(t, 45)
		<-all // os/signal has one of a kind under way at a time
	}
	runUntil(t, l, func() bool { return total == raised })
	require.Less(t, calls, 10)
}

// TestSignalsFull fills the loop's queue of posts: the signal must come through when there is room again.
func TestSignalsFull(t *testing.T) {
	l, err := reactor.New(reactor.Options{PostLimit: 1})
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	got := 0
	w, err := watch.Signals(l, func(_ syscall.Signal, n int) { got += n }, watch.SignalOptions{}, syscall.SIGUSR1)
	require.NoError(t, err)
	defer w.Close()
	require.NoError(t, l.Post(func() {}))
	raise(t, syscall.SIGUSR1)
	require.Eventually(t, func() bool { return w.Counted(syscall.SIGUSR1) == 1 }, limit, time.Millisecond, "it was counted, and found no room")
	runUntil(t, l, func() bool { return got == 1 })
}

// TestSignalsPanic: a signal whose callback panics is gone, another that came with it is not.
func TestSignalsPanic(t *testing.T) {
	l := quietLoop(t)
	var got []syscall.Signal
	w, err := watch.Signals(l, func(s syscall.Signal, _ int) {
		if got = append(got, s); s == 45 {
			panic("oh")
		}
	}, watch.SignalOptions{}, 45, 46)
	require.NoError(t, err)
	defer w.Close()
	raiseBoth(t)
	runUntil(t, l, func() bool { return len(got) == 2 })
	require.ElementsMatch(t, []syscall.Signal{45, 46}, got, "in any order: the second may be counted first, and comes by itself then")
}

// raiseBoth raises two signals and waits until the runtime has handed both on.
func raiseBoth(t *testing.T) {
	t.Helper()
	heard := make(chan os.Signal, 2)
	signal.Notify(heard, syscall.Signal(45), syscall.Signal(46))
	defer signal.Stop(heard)
	raise(t, 45)
	raise(t, 46)
	<-heard
	<-heard
}

// TestSignalsCloseInCallback stops the rest of the same delivery.
func TestSignalsCloseInCallback(t *testing.T) {
	l := newLoop(t)
	var w *watch.SignalWatch
	calls := 0
	w, err := watch.Signals(l, func(syscall.Signal, int) { calls++; w.Close() }, watch.SignalOptions{}, 45, 46)
	require.NoError(t, err)
	raiseBoth(t)
	run(t, l)
	require.Equal(t, 1, calls)
}

func TestSignalsRefused(t *testing.T) {
	l := newLoop(t)
	for _, list := range [][]syscall.Signal{nil, {syscall.SIGKILL}, {syscall.SIGSTOP}, {0}, {65}, {-1}, {syscall.SIGHUP, 0}} {
		_, err := watch.Signals(l, nil, watch.SignalOptions{}, list...)
		require.Error(t, err)
	}
}
