package unixsock

import (
	"errors"
	"os"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/internal/inode"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
	"golang.org/x/sys/unix"
)

// bind makes a socket of the kind and names it, and has it listen unless it is one of datagrams; file remembers what is to be
// removed later. It touches the file system, once, at start.
func bind(a address.Address, kind int, o transport.Options) (fd int, file *inode.File, err error) {
	uid, gid, err := inode.IDs(o.Owner, o.Group)
	if err != nil {
		return -1, nil, err
	}
	fd, raw, err := socket(a, kind)
	if err != nil {
		return -1, nil, err
	}
	fail := func(err error) (int, *inode.File, error) {
		_ = unix.Close(fd)
		return -1, nil, err
	}
	if a.Path == "" || a.IsAbstract() {
		if err := sockaddr.Bind(fd, &raw); err != nil {
			return fail(inUse(a, os.NewSyscallError("bind", err)))
		}
		if err := listen(fd, kind, o.Backlog); err != nil {
			return fail(err)
		}
		return fd, nil, nil
	}
	defer unix.Close(lock(a.Path))
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
	file, err = inode.Publish(a.Path, unix.S_IFSOCK, o.Mode, uid, gid)
	if errors.Is(err, inode.ErrKind) {
		err = &NotSocketError{Path: a.Path}
	}
	if err == nil {
		err = listen(fd, kind, o.Backlog)
	}
	if err != nil {
		file.Remove()
		return fail(err)
	}
	return fd, file, nil
}

func listen(fd, kind, backlog int) error {
	if kind == unix.SOCK_DGRAM {
		return nil
	}
	return os.NewSyscallError("listen", unix.Listen(fd, backlog))
}
