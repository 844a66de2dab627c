package config

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ReplaceFile writes a file beside path and renames it, so that path has the old contents or the new ones, whatever happens. A file that was
// there keeps owner and mode; a new one has the bits of perm that the umask leaves. The error is errors.ErrUnsupported, and nothing was
// changed, where that cannot be kept up: for anything but a regular file of one name and without an ACL, and where the owner or the
// directory is not ours.
func ReplaceFile(path string, data []byte, perm fs.FileMode) error {
	f, err := createBeside(path, perm)
	if err == nil {
		_, err = f.Write(data)
		if err = cmp.Or(err, f.Sync(), f.Close()); err == nil {
			err = os.Rename(f.Name(), path)
		}
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.EBUSY): // the last one: it is a mount point
		return fmt.Errorf("%w: %w", errors.ErrUnsupported, err)
	case err != nil:
		return &fs.PathError{Op: "write", Path: path, Err: cause(err)} // the name of the other file says nothing to anybody
	}
	return nil
}

// createBeside creates the file that is to become path.
func createBeside(path string, perm fs.FileMode) (*os.File, error) {
	old, err := os.Lstat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if old != nil {
		if !old.Mode().IsRegular() || old.Sys().(*syscall.Stat_t).Nlink > 1 || hasACL(path) {
			return nil, errors.ErrUnsupported
		}
		perm = 0o600 // nobody opens it who may not read the old one: what is in it comes when it has the mode of that
	}
	f, err := os.OpenFile(filepath.Join(filepath.Dir(path), ".new-"+rand.Text()), os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil || old == nil {
		return f, err
	}
	owner := old.Sys().(*syscall.Stat_t)
	if cmp.Or(f.Chown(int(owner.Uid), int(owner.Gid)), f.Chmod(old.Mode())) != nil { // EINVAL too: of an owner that our user namespace has not
		_ = f.Close()
		_ = os.Remove(f.Name())
		return nil, errors.ErrUnsupported
	}
	return f, nil
}

// hasACL says whether a file has an ACL (acl(5)). Without it, the bits of the group would say what somebody else may, so the mode alone is
// not to be kept.
func hasACL(path string) bool {
	n, err := syscall.Getxattr(path, "system.posix_acl_access", nil)
	return err == nil && n > 0
}
