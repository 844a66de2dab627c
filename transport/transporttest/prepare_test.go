package transporttest_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/stretchr/testify/require"
)

func TestPrepare(t *testing.T) {
	for umask, want := range map[int]os.FileMode{0: 0o755, 0o002: 0o755, 0o027: 0o750, 0o077: 0o700} {
		short := t.TempDir()
		t.Setenv("TMPDIR", filepath.Join(short, strings.Repeat("x", 90)))
		t.Setenv("LC_ALL", "xx_YY.UTF-8")
		old := syscall.Umask(umask)
		transporttest.Prepare()
		folder := filepath.Join(short, "folder")
		made := os.Mkdir(folder, 0o777)
		syscall.Umask(old)
		require.NoError(t, made)
		info, err := os.Stat(folder)
		require.NoError(t, err)
		require.Equal(t, want, info.Mode().Perm(), "umask %03o", umask)
		require.Equal(t, "/tmp", os.TempDir())
		require.Equal(t, "C", os.Getenv("LC_ALL"))
	}
}

func TestPrepareTakesPlainFolders(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o022))
	t.Setenv("LC_ALL", "C")
	t.Setenv("TMPDIR", "")
	for dir, want := range map[string]string{
		"": "", "/var/tmp/x_1-2.3+": "/var/tmp/x_1-2.3+", "/home/a b": "/tmp", "/home/$x": "/tmp", "/" + strings.Repeat("x", 30): "/tmp",
	} {
		t.Setenv("GOTMPDIR", dir)
		transporttest.Prepare()
		require.Equal(t, want, os.Getenv("GOTMPDIR"))
	}
}
