package watch_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/watch"
)

// childMode makes the test binary play a child: what it is to do.
const childMode = "ED_WATCH_TEST_CHILD"

func playChild(mode string) {
	switch mode {
	case "three":
		os.Exit(3)
	case "work":
		var used syscall.Rusage
		for used.Utime.Nano() < int64(30*time.Millisecond) && syscall.Getrusage(syscall.RUSAGE_SELF, &used) == nil {
			_ = bytes.Repeat([]byte("x"), 1<<16)
		}
	case "wait": // until its standard input ends
		_, _ = io.Copy(io.Discard, os.Stdin)
	case "greet":
		_, _ = os.Stdout.WriteString("hello")
	case "unreadable":
		playUnreadable()
	case "threads":
		playThreads()
	}
}

// command is the test binary as a child.
func command(mode string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childMode+"="+mode, "GORACE=atexit_sleep_ms=0")
	return cmd
}

// waiting starts a child that lives until end.
func waiting(t *testing.T, mode string) (cmd *exec.Cmd, end func()) {
	cmd = command(mode)
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd, func() { _ = stdin.Close() }
}

func TestChildExit(t *testing.T) {
	for _, test := range []struct {
		mode string
		kill syscall.Signal
		want watch.Exit
		text string
		good bool
	}{
		{"three", 0, watch.Exit{Code: 3}, "exit status 3", false},
		{"work", 0, watch.Exit{Code: 0}, "exit status 0", true},
		{"wait", syscall.SIGKILL, watch.Exit{Code: -1, Signal: syscall.SIGKILL}, "signal KILL", false},
	} {
		t.Run(test.mode, func(t *testing.T) {
			l := newLoop(t)
			cmd, _ := waiting(t, test.mode)
			var got []watch.Exit
			w, err := watch.ChildProcess(l, cmd.Process, func(e watch.Exit) { got = append(got, e) }, watch.ChildOptions{})
			require.NoError(t, err)
			if test.kill != 0 {
				require.NoError(t, w.Signal(test.kill))
			}
			run(t, l)
			require.Len(t, got, 1)
			e := got[0]
			require.Equal(t, cmd.Process.Pid, e.PID)
			require.Positive(t, e.Usage.MaxRSS)
			if test.mode == "work" {
				require.Greater(t, e.Usage.User+e.Usage.System, 10*time.Millisecond)
			}
			require.Equal(t, test.text, e.String())
			require.Equal(t, test.good, e.Success())
			e.PID, e.Usage = 0, watch.Usage{}
			require.Equal(t, test.want, e)
			require.ErrorIs(t, w.Signal(syscall.SIGTERM), watch.ErrGone)
			require.ErrorIs(t, cmd.Process.Signal(syscall.SIGTERM), os.ErrProcessDone)
			w.Close()
		})
	}
}

// TestExitOfState tells the same of a child that os/exec waited for.
func TestExitOfState(t *testing.T) {
	cmd, end := waiting(t, "three")
	end()
	require.Error(t, cmd.Wait())
	e := watch.ExitOfState(cmd.ProcessState)
	require.Equal(t, watch.Exit{PID: cmd.Process.Pid, Code: 3}, e)
	require.Equal(t, 3, e.ShellCode())
	cmd, _ = waiting(t, "wait")
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	e = watch.ExitOfState(cmd.ProcessState)
	require.Equal(t, watch.Exit{PID: cmd.Process.Pid, Code: -1, Signal: syscall.SIGKILL}, e)
	require.Equal(t, 137, e.ShellCode())
}

func TestExit(t *testing.T) {
	for _, test := range []struct {
		exit watch.Exit
		want watch.Exit
		text string
	}{
		{watch.ExitOf(1, 0), watch.Exit{PID: 1}, "exit status 0"},
		{watch.ExitOf(1, 255<<8), watch.Exit{PID: 1, Code: 255}, "exit status 255"},
		{watch.ExitOf(1, 15), watch.Exit{PID: 1, Code: -1, Signal: 15}, "signal TERM"},
		{watch.ExitOf(1, 11|128), watch.Exit{PID: 1, Code: -1, Signal: 11, Core: true}, "signal SEGV (core dumped)"},
		{watch.ExitFrom(1, 1, 3), watch.Exit{PID: 1, Code: 3}, "exit status 3"},
		{watch.ExitFrom(1, 2, 9), watch.Exit{PID: 1, Code: -1, Signal: 9}, "signal KILL"},
		{watch.ExitFrom(1, 3, 6), watch.Exit{PID: 1, Code: -1, Signal: 6, Core: true}, "signal ABRT (core dumped)"},
		{watch.Exit{Err: watch.ErrReaped}, watch.Exit{Err: watch.ErrReaped}, "child was reaped elsewhere"},
	} {
		require.Equal(t, test.want, test.exit)
		require.Equal(t, test.text, test.exit.String())
	}
}

func TestChildByNumber(t *testing.T) {
	l := newLoop(t)
	pid, err := syscall.ForkExec("/bin/sh", []string{"sh", "-c", "exit 5"}, nil)
	require.NoError(t, err)
	var got watch.Exit
	_, err = watch.Child(l, pid, func(e watch.Exit) { got = e }, watch.ChildOptions{})
	require.NoError(t, err)
	run(t, l)
	require.Equal(t, 5, got.Code)
	_, err = syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
	require.ErrorIs(t, err, syscall.ECHILD, "it was reaped")
	_, err = watch.Child(l, pid, nil, watch.ChildOptions{})
	require.ErrorIs(t, err, watch.ErrGone)
}

// TestChildKeep is how to watch an exec.Cmd: its Wait finds the child still there.
func TestChildKeep(t *testing.T) {
	l := newLoop(t)
	cmd := command("greet")
	var out bytes.Buffer
	cmd.Stdout = &out
	require.NoError(t, cmd.Start())
	called := false
	_, err := watch.ChildProcess(l, cmd.Process, func(e watch.Exit) {
		called = true
		require.True(t, e.Success())
		require.NoError(t, cmd.Wait())
	}, watch.ChildOptions{Keep: true})
	require.NoError(t, err)
	run(t, l)
	require.True(t, called)
	require.Equal(t, "hello", out.String())
}

// TestChildOfOthers leaves children alone that were not given to a watch, and says so when its own was taken.
func TestChildOfOthers(t *testing.T) {
	l := newLoop(t)
	mine, _ := waiting(t, "three")
	other := command("three")
	require.NoError(t, other.Start())
	_, err := watch.ChildProcess(l, mine.Process, func(watch.Exit) {}, watch.ChildOptions{Stops: func(syscall.Signal) {}})
	require.NoError(t, err)
	run(t, l)
	var exit *exec.ExitError
	require.ErrorAs(t, other.Wait(), &exit)
	require.Equal(t, 3, exit.ExitCode())

	taken, end := waiting(t, "wait")
	var got watch.Exit
	_, err = watch.Child(l, taken.Process.Pid, func(e watch.Exit) { got = e }, watch.ChildOptions{})
	require.NoError(t, err)
	end()
	require.NoError(t, taken.Wait())
	run(t, l)
	require.ErrorIs(t, got.Err, watch.ErrReaped)
	require.False(t, got.Success())

	_, err = watch.ChildProcess(l, taken.Process, nil, watch.ChildOptions{})
	require.ErrorIs(t, err, watch.ErrGone)
	_, err = watch.Child(l, os.Getpid(), nil, watch.ChildOptions{})
	require.ErrorIs(t, err, watch.ErrNotChild)
	_, err = watch.Child(l, 0, nil, watch.ChildOptions{})
	require.ErrorIs(t, err, watch.ErrGone)
}

// TestChildStops counts turns of the loop: a child that is stopped must not keep it busy.
func TestChildStops(t *testing.T) {
	l := newLoop(t)
	cmd, end := waiting(t, "wait")
	var stops []syscall.Signal
	var exit *watch.Exit
	w, err := watch.ChildProcess(l, cmd.Process, func(e watch.Exit) { exit = &e }, watch.ChildOptions{
		Stops: func(by syscall.Signal) { stops = append(stops, by) },
	})
	require.NoError(t, err)
	require.NoError(t, w.Signal(syscall.SIGSTOP))
	runUntil(t, l, func() bool { return len(stops) == 1 })
	turns := l.Stats().Turns
	l.After(50*time.Millisecond, "idle", l.Stop)
	run(t, l)
	require.Less(t, l.Stats().Turns-turns, uint64(20))
	require.NoError(t, w.Signal(syscall.SIGCONT))
	runUntil(t, l, func() bool { return len(stops) == 2 })
	require.Equal(t, []syscall.Signal{syscall.SIGSTOP, 0}, stops)
	require.Nil(t, exit)
	end()
	run(t, l)
	require.True(t, exit.Success())
}

func TestChildClose(t *testing.T) {
	l := newLoop(t)
	cmd, end := waiting(t, "wait")
	w, err := watch.ChildProcess(l, cmd.Process, func(watch.Exit) { t.Error("called") }, watch.ChildOptions{
		Stops: func(syscall.Signal) {},
	})
	require.NoError(t, err)
	w.Close()
	w.Close()
	end()
	run(t, l)
	require.NoError(t, cmd.Wait())
}

func TestProcess(t *testing.T) {
	l := newLoop(t)
	cmd, end := waiting(t, "wait")
	called, closed := 0, 0
	_, err := watch.Process(l, cmd.Process.Pid, func() { called++ }, watch.ProcessOptions{})
	require.NoError(t, err)
	w, err := watch.Process(l, cmd.Process.Pid, func() { closed++ }, watch.ProcessOptions{})
	require.NoError(t, err)
	w.Close()
	w.Close()
	end()
	run(t, l)
	require.Equal(t, 1, called)
	require.Zero(t, closed)
	require.NoError(t, cmd.Wait(), "it was not reaped")
	for _, pid := range []int{cmd.Process.Pid, 0, -1} {
		_, err = watch.Process(l, pid, nil, watch.ProcessOptions{})
		require.ErrorIs(t, err, watch.ErrGone)
	}
}
