// Package inode makes a file that a medium put into the file system (a socket,
// a FIFO) what it should be, and takes it away again if it is still the same.
package inode

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"

	"golang.org/x/sys/unix"
)

// ErrKind says that the path is something else by now.
var ErrKind = errors.New("not what was made")

// File is a file that we made.
type File struct {
	path     string
	dev, ino uint64
}

// Publish gives a fresh file of the kind (unix.S_IFSOCK …) its owner, group and
// mode; -1 leaves an owner as it is. It works on the inode, not the name, so that nobody
// can slip another file under it. A File comes with some errors too: then
// there is one to Remove.
func Publish(path string, kind uint32, mode fs.FileMode, uid, gid int) (*File, error) {
	var st unix.Stat_t
	at, err := unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil { // there are no descriptors left, most likely
		err = os.NewSyscallError("open", err)
		if unix.Lstat(path, &st) != nil || st.Mode&unix.S_IFMT != kind {
			return nil, err
		}
		return &File{path: path, dev: uint64(st.Dev), ino: st.Ino}, err
	}
	defer unix.Close(at)
	if err := unix.Fstat(at, &st); err != nil {
		return nil, os.NewSyscallError("fstat", err)
	}
	if st.Mode&unix.S_IFMT != kind {
		return nil, ErrKind
	}
	file := &File{path: path, dev: uint64(st.Dev), ino: st.Ino}
	if uid >= 0 || gid >= 0 {
		if err := unix.Fchownat(at, "", uid, gid, unix.AT_EMPTY_PATH); err != nil {
			return file, os.NewSyscallError("fchownat", err)
		}
	}
	if err := unix.Chmod(Link(at), uint32(mode.Perm())); err != nil {
		return file, &fs.PathError{Op: "chmod", Path: Link(at), Err: err} // it takes a /proc
	}
	return file, nil
}

// Remove unlinks the file if it is still ours: a successor may have replaced it.
// A nil File is none.
func (f *File) Remove() {
	var st unix.Stat_t
	if f != nil && unix.Lstat(f.path, &st) == nil && uint64(st.Dev) == f.dev && st.Ino == f.ino {
		_ = unix.Unlink(f.path)
	}
}

// Link is a path that leads to what the descriptor is open on, whatever its
// name is by now. Opening it makes a new open file.
func Link(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

// IDs finds the numbers of owner and group; -1 leaves one as it is.
func IDs(owner, group string) (uid, gid int, err error) {
	uid, err = id(owner, func(name string) (string, error) {
		u, err := user.Lookup(name)
		if err != nil {
			return "", err
		}
		return u.Uid, nil
	})
	if err != nil {
		return -1, -1, fmt.Errorf("look up owner %q: %w", owner, err)
	}
	gid, err = id(group, func(name string) (string, error) {
		g, err := user.LookupGroup(name)
		if err != nil {
			return "", err
		}
		return g.Gid, nil
	})
	if err != nil {
		return -1, -1, fmt.Errorf("look up group %q: %w", group, err)
	}
	return uid, gid, nil
}

func id(name string, lookup func(string) (string, error)) (int, error) {
	if name == "" {
		return -1, nil
	}
	if n, err := strconv.ParseUint(name, 10, 31); err == nil {
		return int(n), nil
	}
	text, err := lookup(name)
	if err != nil {
		return -1, err
	}
	return strconv.Atoi(text)
}
