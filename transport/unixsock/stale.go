package unixsock

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
	"golang.org/x/sys/unix"
)

// InUseError says that somebody listens on the address.
type InUseError struct{ Addr address.Address }

func (e *InUseError) Error() string { return "a live process listens there" }

// Unwrap makes errors.Is(err, syscall.EADDRINUSE) hold.
func (e *InUseError) Unwrap() error { return unix.EADDRINUSE }

// NotSocketError says that the path exists and is something else than a socket.
type NotSocketError struct{ Path string }

func (e *NotSocketError) Error() string {
	return strconv.Quote(e.Path) + " exists and is not a socket; it was left alone"
}

// Unwrap makes errors.Is(err, syscall.EADDRINUSE) hold.
func (e *NotSocketError) Unwrap() error { return unix.EADDRINUSE }

// inUse says it in words where the kernel's error means a live listener.
func inUse(a address.Address, err error) error {
	if errors.Is(err, unix.EADDRINUSE) {
		return &InUseError{Addr: a}
	}
	return err
}

// lockWait is how long another starter in the same folder is waited for. Whoever may read the folder can lock it, and must not keep
// us from starting: after that we go on without.
const lockWait = time.Second

// lock keeps others of us from testing and taking a socket file until its owner listens: one that is bound and does not listen yet
// looks stale. Closing the descriptor, -1 if there is none, unlocks.
func lock(path string) int {
	fd, err := unix.Open(filepath.Dir(path), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1 // bind tells, or it can be written and not read
	}
	for late := time.Now().Add(lockWait); unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) == unix.EWOULDBLOCK && time.Now().Before(late); {
		<-time.After(time.Millisecond)
	}
	return fd
}

// clearStale removes the socket file of a process that is gone. Only a refused
// connection proves that: any other answer leaves the file alone.
func clearStale(a address.Address, kind int) error {
	var before, now unix.Stat_t
	if err := unix.Lstat(a.Path, &before); err == unix.ENOENT {
		return nil
	} else if err != nil {
		return os.NewSyscallError("lstat", err)
	}
	if before.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return &NotSocketError{Path: a.Path}
	}
	switch err := probe(a, kind); err {
	case unix.ECONNREFUSED:
	case unix.ENOENT:
		return nil
	case nil, unix.EAGAIN, unix.EPROTOTYPE: // accepted, backlog full, a live socket of another kind
		return &InUseError{Addr: a}
	default:
		return os.NewSyscallError("connect", err)
	}
	// Another process may be doing the same: take away only what was tested.
	if err := unix.Lstat(a.Path, &now); err != nil || now.Dev != before.Dev || now.Ino != before.Ino {
		return nil // bind will tell
	}
	if err := unix.Unlink(a.Path); err != nil && err != unix.ENOENT {
		return os.NewSyscallError("unlink", err)
	}
	return nil
}

// probe connects to a and hangs up.
func probe(a address.Address, kind int) error {
	fd, raw, err := socket(a, kind)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return sockaddr.Connect(fd, &raw)
}
