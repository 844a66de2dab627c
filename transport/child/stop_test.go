package child_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ed-toolbox/ed/transport/child"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestLimit: the whole group ends, politely or not.
func TestLimit(t *testing.T) {
	tests := map[string]struct {
		script string
		grace  time.Duration
		signal syscall.Signal
		code   int
	}{
		"polite":       {"echo $!; sleep 1000", time.Minute, syscall.SIGTERM, -1},
		"with a trap":  {"trap 'exit 7' TERM; echo $!; sleep 1000 & wait", time.Minute, 0, 7},
		"deaf":         {"trap '' TERM; echo $!; while :; do sleep 1000; done", 20 * time.Millisecond, syscall.SIGKILL, -1},
		"stopped":      {"echo $!; kill -STOP $$; sleep 1000", time.Minute, syscall.SIGTERM, -1},
		"without much": {"trap '' TERM; echo $!; sleep 1000", -1, syscall.SIGKILL, -1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			var r *child.Result
			for limit := 50 * time.Millisecond; ; limit *= 2 { // on a slow machine a shell needs longer to come so far
				r = runOn(w, child.Options{Limit: limit, Grace: tt.grace}, sh("sleep 1000 & "+tt.script))
				require.ErrorIs(t, r.Check(), child.ErrLimit)
				if bytes.Contains(r.Output, []byte("\n")) {
					break
				}
				require.Less(t, limit, 20*time.Second)
			}
			require.Equal(t, tt.signal, r.Stages[0].Signal)
			require.Equal(t, tt.code, r.Stages[0].Code)
			require.Less(t, r.Took, 50*time.Second)
			grandchild, err := strconv.Atoi(strings.TrimSpace(string(r.Output)))
			require.NoError(t, err)
			gone(w, grandchild)
		})
	}
}

// TestStop: the group has a number of its own, and a stop without a reason.
func TestStop(t *testing.T) {
	w := transporttest.NewWorld(t)
	var result *child.Result
	var pids []int
	var j *child.Job
	o := child.Options{Done: func(r *child.Result) { result = r }, Output: func(p []byte) {
		for i, pid := range pids {
			group, err := unix.Getpgid(pid)
			require.NoError(t, err)
			require.Equal(t, pids[0], group, "stage %d", i)
		}
		j.Signal(syscall.SIGCONT)
		j.Stop(nil)
		j.Stop(errBroken)
	}}
	var err error
	j, err = child.Start(w.Loop, o, sh("echo ready; sleep 1000"), cmd("cat"), cmd("cat"))
	require.NoError(t, err)
	pids = j.PIDs()
	require.NotEqual(t, unix.Getpgrp(), pids[0])
	w.Idle()
	require.NoError(t, result.Err)
	require.Equal(t, syscall.SIGTERM, result.Stages[0].Signal)
	noChildren(t)
}

// TestSignal: it reaches all that the commands started.
func TestSignal(t *testing.T) {
	w := transporttest.NewWorld(t)
	var result *child.Result
	var pid int
	var j *child.Job
	o := child.Options{Done: func(r *child.Result) { result = r }, Output: func(p []byte) {
		_, err := fmt.Sscan(string(p), &pid)
		require.NoError(t, err)
		j.Signal(syscall.SIGUSR1)
	}}
	var err error
	j, err = child.Start(w.Loop, o, cmd("sleep 1000"), sh("sleep 1000 & echo $!; wait"))
	require.NoError(t, err)
	w.Idle()
	gone(w, pid)
	require.Equal(t, syscall.SIGUSR1, result.Stages[0].Signal)
	require.Equal(t, syscall.SIGUSR1, result.Stages[1].Signal)
	require.NoError(t, result.Err)
	noChildren(t)
}

// TestStopLeavesNothing: what a command that was ended had started ends with it, whether that listens to TERM or not.
func TestStopLeavesNothing(t *testing.T) {
	w := transporttest.NewWorld(t)
	var pid int
	var j *child.Job
	o := child.Options{Grace: time.Hour, Output: func(p []byte) {
		_, err := fmt.Sscan(string(p), &pid)
		require.NoError(t, err)
		j.Stop(errBroken)
	}}
	var err error
	j, err = child.Start(w.Loop, o, sh("trap '' TERM; sleep 1000 <&- >&- 2>&- & trap - TERM; echo $!; exec sleep 1000"))
	require.NoError(t, err)
	w.Idle()
	gone(w, pid)
	noChildren(t)
}

// TestHeld: what a command left behind does not keep the job, and is left alone.
func TestHeld(t *testing.T) {
	w := transporttest.NewWorld(t)
	r := runOn(w, child.Options{Drain: 20 * time.Millisecond}, sh("sleep 1000 & echo $!"))
	require.True(t, r.Held)
	require.NoError(t, r.Check())
	pid, err := strconv.Atoi(strings.TrimSpace(string(r.Output)))
	require.NoError(t, err)
	lives(w, pid)
	gone(w, pid)
}

// TestDeathSignal: the kernel ends the child of a process that was killed.
func TestDeathSignal(t *testing.T) {
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), "ED_TEST_CHILD=parent")
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	var pid int
	_, err = fmt.Fscan(out, &pid)
	require.NoError(t, err)
	require.NoError(t, parent.Process.Kill())
	require.Error(t, parent.Wait())
	gone(transporttest.NewWorld(t), pid)
}
