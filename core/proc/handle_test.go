package proc_test

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/core/proc/proctest"
	"github.com/ed-toolbox/ed/core/signals"
)

func TestSignalAndWait(t *testing.T) {
	c := proctest.Start(t, "plain", "")
	h := open(t, c.PID())
	p := h.Process()
	require.Equal(t, c.PID(), p.PID)
	require.Equal(t, os.Getpid(), p.PPID)
	require.Equal(t, uint32(os.Geteuid()), p.UID)
	require.NotEmpty(t, p.Exe)
	require.Equal(t, []string{os.Args[0]}, p.Argv)
	require.Less(t, p.Age(), time.Minute)
	require.True(t, h.Alive())
	require.NoError(t, h.Signal(0))
	require.NoError(t, h.Signal(signals.INT))
	require.NoError(t, h.Wait(within(t)))
	require.NoError(t, h.Wait(within(t)), "it stays gone")
}

func TestZombieIsGone(t *testing.T) {
	c := proctest.Start(t, "plain", "")
	h := open(t, c.PID())
	require.NoError(t, h.Signal(signals.KILL))
	require.NoError(t, h.Wait(within(t)))
	p, err := proc.System{}.Look(c.PID())
	require.NoError(t, err, "nobody reaped it yet")
	require.True(t, p.Zombie())
	require.True(t, p.Same(h.Process()))
	require.False(t, h.Alive())
	require.ErrorIs(t, h.Signal(signals.TERM), proc.ErrGone)
	_, err = proc.System{}.Open(c.PID())
	require.ErrorIs(t, err, proc.ErrGone)
	c.Kill()
	require.ErrorIs(t, h.Signal(signals.TERM), proc.ErrGone)
	_, err = proc.System{}.Look(c.PID())
	require.ErrorIs(t, err, proc.ErrGone)
}

func TestIgnoredSignal(t *testing.T) {
	c := proctest.Start(t, "INT", "")
	h := open(t, c.PID())
	require.NoError(t, h.Signal(signals.INT))
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, h.Wait(ctx), context.DeadlineExceeded)
	require.True(t, h.Alive())
	require.NoError(t, h.Signal(signals.TERM))
	require.NoError(t, h.Wait(within(t)), "an earlier deadline is forgotten")
}

func TestWaitEndsWithItsContext(t *testing.T) {
	c := proctest.Start(t, "plain", "")
	h := open(t, c.PID())
	why := errors.New("why not")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(why)
	for range 3 {
		require.ErrorIs(t, h.Wait(ctx), why)
	}
}

func TestWaitersTakeTurns(t *testing.T) {
	c := proctest.Start(t, "plain", "")
	h := open(t, c.PID())
	short, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	var all sync.WaitGroup
	results := make([]error, 6)
	for i := range results {
		all.Go(func() {
			if i%2 == 0 {
				results[i] = h.Wait(short)
			} else {
				results[i] = h.Wait(within(t))
			}
		})
	}
	<-short.Done()
	require.NoError(t, h.Signal(signals.KILL))
	all.Wait()
	for i, err := range results {
		if i%2 == 1 || err == nil {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
	}
}

func TestCloseEndsWait(t *testing.T) {
	c := proctest.Start(t, "plain", "")
	h := open(t, c.PID())
	done := make(chan error, 1)
	go func() { done <- h.Wait(context.Background()) }()
	require.NoError(t, h.Close())
	select {
	case err := <-done:
		require.ErrorIs(t, err, os.ErrClosed)
	case <-within(t).Done():
		t.Fatal("Wait went on")
	}
	require.ErrorIs(t, h.Signal(signals.INT), os.ErrClosed)
	require.ErrorIs(t, h.Wait(within(t)), os.ErrClosed)
	require.False(t, h.Alive())
}

// A handle that is closed at the end of a wait does not tell that the process has ended.
func TestCloseIsNoEndOfTheProcess(t *testing.T) {
	c := proctest.Start(t, "plain", "")
	limited := within(t)
	for range 1000 {
		h := open(t, c.PID())
		ctx, cancel := context.WithCancel(limited)
		done := make(chan error)
		go func() { done <- h.Wait(ctx) }()
		context.AfterFunc(ctx, func() { _ = h.Close() })
		cancel()
		require.Error(t, <-done, "it lives")
	}
}

func TestGoneBetweenLookAndOpen(t *testing.T) {
	c := proctest.Start(t, "plain", "")
	p, err := proc.System{}.Look(c.PID())
	require.NoError(t, err)
	c.Kill()
	_, err = proc.System{}.OpenSame(p)
	require.ErrorIs(t, err, proc.ErrGone)
}

func TestNumberWithNewOwner(t *testing.T) {
	c := proctest.Start(t, "plain", "")
	p, err := proc.System{}.Look(c.PID())
	require.NoError(t, err)
	h, err := proc.System{}.OpenSame(p)
	require.NoError(t, err)
	require.NoError(t, h.Close())
	p.Start-- // the process that was found began earlier than the one that has its number now
	_, err = proc.System{}.OpenSame(p)
	require.ErrorIs(t, err, proc.ErrGone)
	var pe *proc.ProcessError
	require.ErrorAs(t, err, &pe)
	require.Equal(t, c.PID(), pe.PID)
}

func TestNoSuchProcess(t *testing.T) {
	for _, pid := range []int{-1, 0, 1 << 22} {
		_, err := proc.System{}.Open(pid)
		require.ErrorIs(t, err, proc.ErrGone)
		_, err = proc.System{}.Look(pid)
		require.ErrorIs(t, err, proc.ErrGone)
		_, err = proc.System{}.Usage(pid)
		require.ErrorIs(t, err, proc.ErrGone)
	}
}

func TestUsageAndLimits(t *testing.T) {
	u, err := proc.System{}.Usage(os.Getpid())
	require.NoError(t, err)
	require.Greater(t, u.RSS, int64(1<<20))
	require.GreaterOrEqual(t, u.PeakRSS, u.RSS/2)
	require.Greater(t, u.Threads, 0)
	require.Greater(t, u.FDs, 2)
	l, err := proc.FDLimit()
	require.NoError(t, err)
	require.LessOrEqual(t, l.Soft, l.Hard)
	require.NoError(t, proc.SetFDLimit(l.Soft))
	require.Equal(t, "root", proc.UserName(0))
	require.Equal(t, "4294967294", proc.UserName(4294967294))
}
