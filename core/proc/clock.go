package proc

import (
	"time"

	"golang.org/x/sys/unix"
)

// Monotonic is the machine's monotonic clock (CLOCK_MONOTONIC), the same for all processes, as the times in a time.Time are
// not. 0 where there is none.
func Monotonic() time.Duration {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) != nil {
		return 0
	}
	return time.Duration(now.Nano())
}

// CPUTime is the processor time that all threads of a process have used, also those that have ended, in nanoseconds where
// Usage has steps of 10 ms. Anybody may ask.
func CPUTime(pid int) (time.Duration, error) {
	const processClock = 2 // CPUCLOCK_SCHED, which clock_getcpuclockid(3) puts beside the process
	var used unix.Timespec
	if pid <= 0 || pid > 1<<28-1 {
		return 0, &ProcessError{Op: "inspect", PID: pid, Err: ErrGone}
	}
	switch err := unix.ClockGettime(^int32(pid)<<3|processClock, &used); err {
	case nil:
		return time.Duration(used.Nano()), nil
	case unix.EINVAL, unix.ESRCH:
		return 0, &ProcessError{Op: "inspect", PID: pid, Err: ErrGone}
	default:
		return 0, &ProcessError{Op: "inspect", PID: pid, Err: err}
	}
}

// ClockSet says whether the kernel takes the clock of this host for set by a time server: adjtimex(2).
func ClockSet() (bool, error) {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	return err == nil && state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0, err
}
