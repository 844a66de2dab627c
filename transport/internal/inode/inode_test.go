package inode_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/transport/internal/inode"
)

// A file that cannot be made what it should be is still known, so that it can be taken away.
func TestPublishWithoutDescriptors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, unix.Mkfifo(path, 0o600))
	probe, err := os.Open("/dev/null")
	require.NoError(t, err)
	free := probe.Fd()
	require.NoError(t, probe.Close())
	var limit unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	none := limit
	none.Cur = uint64(free)
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &none))
	file, err := inode.Publish(path, unix.S_IFIFO, 0o600, -1, -1)
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
	require.ErrorIs(t, err, unix.EMFILE)
	file.Remove()
	require.NoFileExists(t, path)
}
