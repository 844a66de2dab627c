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
