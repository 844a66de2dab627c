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

// ClockSet says whether the kernel takes the clock of this host for set by a time server: adjtimex(2).
func ClockSet() (bool, error) {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	return err == nil && state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0, err
}
