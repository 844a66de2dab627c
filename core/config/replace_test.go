package config_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/config"
)

// TestReplaceFile: what was there is replaced, not written over, and nothing is left beside it.
func TestReplaceFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report")
	require.NoError(t, config.ReplaceFile(path, []byte("old"), 0o600))
	require.NoError(t, os.Chmod(path, 0o640))
	reader, err := os.Open(path)
	require.NoError(t, err)
	defer reader.Close()

	require.NoError(t, config.ReplaceFile(path, []byte("new"), 0o600))
	seen, err := io.ReadAll(reader)
	require.NoError(t, err)
	require.Equal(t, "old", string(seen), "whoever reads the old file reads all of it")
	seen, err = os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "new", string(seen))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o640), info.Mode(), "of the file that was there")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1)

	none := filepath.Join(dir, "none", "report")
	require.EqualError(t, config.ReplaceFile(none, nil, 0o600), "write "+none+": no such file or directory")
}

// TestReplaceFileOfMoreNames: a rename would part them.
func TestReplaceFileOfMoreNames(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report")
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o600))
	for name, link := range map[string]func(string, string) error{"symbolic": os.Symlink, "hard": os.Link} {
		second := filepath.Join(dir, name)
		require.NoError(t, link(path, second))
		err := config.ReplaceFile(second, []byte("new"), 0o600)
		require.ErrorIs(t, err, errors.ErrUnsupported, name)
		seen, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, "old", string(seen), name)
		require.NoError(t, os.Remove(second))
	}
	require.ErrorIs(t, config.ReplaceFile("/dev/null", nil, 0o600), errors.ErrUnsupported)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1)
}

// TestReplaceFileWithACL: its mode alone would give the group what the ACL gives to one user.
func TestReplaceFileWithACL(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report")
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o600))
	const acl = "\x02\x00\x00\x00" + // version; then tag, bits and id of each entry
		"\x01\x00\x06\x00\xff\xff\xff\xff" + // user::rw-
		"\x02\x00\x06\x00\xd2\x04\x00\x00" + // user:1234:rw-
		"\x04\x00\x00\x00\xff\xff\xff\xff" + // group::---
		"\x10\x00\x06\x00\xff\xff\xff\xff" + // mask::rw-
		"\x20\x00\x00\x00\xff\xff\xff\xff" // other::---
	err := syscall.Setxattr(path, "system.posix_acl_access", []byte(acl), 0)
	if err == syscall.ENOTSUP {
		return // a file system without ACLs: there is nothing to lose
	}
	require.NoError(t, err)
	require.ErrorIs(t, config.ReplaceFile(path, []byte("new"), 0o600), errors.ErrUnsupported)
	seen, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "old", string(seen))
}
