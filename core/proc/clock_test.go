package proc_test

import (
	"testing"

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
