package proc_test

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/core/proc"
)

// TestClockSet: the answer is what the kernel's status says.
func TestClockSet(t *testing.T) {
	set, err := proc.ClockSet()
	require.NoError(t, err)
	var kernel unix.Timex
	_, err = unix.Adjtimex(&kernel)
	require.NoError(t, err)
	require.Equal(t, kernel.Status&unix.STA_UNSYNC == 0, set)
}

// TestCPUTime: it is what the process used, whichever of its threads, to less than the ticks of /proc.
func TestCPUTime(t *testing.T) {
	before, err := proc.CPUTime(os.Getpid())
	require.NoError(t, err)
	require.Positive(t, before)
	work := make(chan int)
	go func() {
		runtime.LockOSThread() // and never unlocks: the thread ends with it
		n := 0
		for begin := time.Now(); time.Since(begin) < 3*time.Millisecond; n++ {
		}
		work <- n
	}()
	<-work
	after, err := proc.CPUTime(os.Getpid())
	require.NoError(t, err)
	require.Greater(t, after, before)

	child := exec.Command("sleep", "60")
	require.NoError(t, child.Start())
	used, err := proc.CPUTime(child.Process.Pid)
	require.NoError(t, err)
	require.Less(t, used, time.Second)
	require.NoError(t, child.Process.Kill())
	_ = child.Wait()
	for _, pid := range []int{child.Process.Pid, 0, -1, 1 << 30} {
		_, err := proc.CPUTime(pid)
		require.ErrorIs(t, err, proc.ErrGone, pid)
	}
}
