package proc_test

import (
	"bufio"
	"io"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/core/signals"
)

// What a command started in the background ends with it.
func TestSignalGroup(t *testing.T) {
	cmd := exec.Command("/bin/sh", "-c", "sleep 300 & echo up; wait")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.ErrorIs(t, proc.SignalGroup(cmd, signals.TERM), proc.ErrGone, "not started")
	proc.OwnGroup(cmd)
	require.NoError(t, cmd.Start())
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "up\n", line)
	require.NoError(t, proc.SignalGroup(cmd, signals.KILL))
	_, err = io.ReadAll(lines) // ends when both have gone
	require.NoError(t, err)
	require.Error(t, cmd.Wait())
}
