package unixsock

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
	"golang.org/x/sys/unix"
)

// bind makes a socket of the kind and names it; file remembers what is to be
// removed later. It touches the file system, once, at start.
func bind(a address.Address, kind int, o transport.Options) (fd int, file *socketFile, err error) {
	uid, gid, err := ids(o.Owner, o.Group)
	if err != nil {
		return -1, nil, err
	}
	fd, raw, err := socket(a, kind)
	if err != nil {
		return -1, nil, err
	}
	fail := func(err error) (int, *socketFile, error) {
		_ = unix.Close(fd)
		return -1, nil, err
	}
	if a.Path == "" || a.IsAbstract() {
		if err := sockaddr.Bind(fd, &raw); err != nil {
			return fail(inUse(a, os.NewSyscallError("bind", err)))
		}
		return fd, nil, nil
	}
	if err := clearStale(a, kind); err != nil {
		return fail(err)
	}
	// The mode of an unbound socket becomes that of its file (minus the umask,
	// which is the whole process's and thus not ours to change): the file is
	// born private, and nobody can connect before the rights are as wanted.
	if err := unix.Fchmod(fd, 0o600); err != nil {
		return fail(os.NewSyscallError("fchmod", err))
	}
	if err := sockaddr.Bind(fd, &raw); err != nil {
		return fail(os.NewSyscallError("bind", err))
	}
	file, err = publish(a.Path, o.Mode, uid, gid)
	if err != nil {
		file.remove()
		return fail(err)
	}
	return fd, file, nil
}

// publish gives a fresh socket file its owner, group and mode. It works on the
// inode, not the name, so that nobody can slip another file under it.
func publish(path string, mode fs.FileMode, uid, gid int) (*socketFile, error) {
	at, err := unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("open", err)
	}
	defer unix.Close(at)
	var st unix.Stat_t
	if err := unix.Fstat(at, &st); err != nil {
		return nil, os.NewSyscallError("fstat", err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return nil, &NotSocketError{Path: path}
	}
	file := &socketFile{path: path, dev: uint64(st.Dev), ino: st.Ino}
	if uid >= 0 || gid >= 0 {
		if err := unix.Fchownat(at, "", uid, gid, unix.AT_EMPTY_PATH); err != nil {
			return file, os.NewSyscallError("fchownat", err)
		}
	}
	if err := unix.Chmod("/proc/self/fd/"+strconv.Itoa(at), uint32(mode.Perm())); err != nil {
		return file, os.NewSyscallError("chmod", err)
	}
	return file, nil
}

// socketFile is a socket file that we made.
type socketFile struct {
	path     string
	dev, ino uint64
}

// remove unlinks the file if it is still ours: a successor may have replaced it.
func (f *socketFile) remove() {
	var st unix.Stat_t
	if f != nil && unix.Lstat(f.path, &st) == nil && uint64(st.Dev) == f.dev && st.Ino == f.ino {
		_ = unix.Unlink(f.path)
	}
}

// ids finds the numbers of owner and group; -1 leaves one as it is.
func ids(owner, group string) (uid, gid int, err error) {
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
