package control_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// staleSocket leaves a socket file behind as a process does that is killed.
func staleSocket(t *testing.T, path string) bool {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	require.NoError(t, err)
	l.SetUnlinkOnClose(false)
	require.NoError(t, l.Close())
	return exists(path)
}
