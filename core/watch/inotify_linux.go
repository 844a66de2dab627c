package watch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// inotifyBuffer is what one read takes: some hundred events.
const inotifyBuffer = 32 << 10

// inotify is the kernel's side of a FileWatch; see inotify(7).
type inotify struct {
	fd     int
	buffer []byte
	watch  func(fd int, path string, mask uint32) (wd int, err error) // inotify_add_watch(2)
}

// change is one event as the kernel reports it.
type change struct {
	wd     int32
	mask   uint32
	cookie uint32
	name   string // "": the watched object itself
}

func (c *change) has(mask uint32) bool { return c.mask&mask != 0 }

func openInotify(path string) (inotify, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if errors.Is(err, unix.EMFILE) {
		return inotify{fd: -1}, newLimitError(limitInstances, path, os.NewSyscallError("inotify_init1", err))
	} else if err != nil {
		return inotify{fd: -1}, fmt.Errorf("watch %s: %w", path, os.NewSyscallError("inotify_init1", err))
	}
	return inotify{fd, make([]byte, inotifyBuffer), unix.InotifyAddWatch}, nil
}

// add watches path, or adds to the mask with which the same object is watched already.
func (i *inotify) add(path string, mask uint32) (int32, error) {
	wd, err := i.watch(i.fd, path, mask|unix.IN_MASK_ADD)
	switch {
	case err == nil:
		return int32(wd), nil
	case errors.Is(err, unix.ENOSPC):
		return 0, newLimitError(limitWatches, path, os.NewSyscallError("inotify_add_watch", err))
	}
	return 0, fmt.Errorf("watch %s: %w", path, os.NewSyscallError("inotify_add_watch", err))
}

// remove may fail: the kernel forgets what is deleted by itself.
func (i *inotify) remove(wd int32) { _, _ = unix.InotifyRmWatch(i.fd, uint32(wd)) }

// read gives f what is there, at most one buffer of it, and says whether it found nothing.
func (i *inotify) read(f func(*change)) (empty bool, err error) {
	n, err := unix.Read(i.fd, i.buffer)
	switch {
	case errors.Is(err, unix.EAGAIN):
		return true, nil
	case errors.Is(err, unix.EINTR):
		return false, nil
	case err != nil:
		return true, os.NewSyscallError("read inotify", err)
	}
	for rest := i.buffer[:n]; len(rest) >= unix.SizeofInotifyEvent; {
		c := change{
			wd:     int32(binary.NativeEndian.Uint32(rest)),
			mask:   binary.NativeEndian.Uint32(rest[4:]),
			cookie: binary.NativeEndian.Uint32(rest[8:]),
		}
		size := int(binary.NativeEndian.Uint32(rest[12:]))
		rest = rest[unix.SizeofInotifyEvent:]
		c.name = unix.ByteSliceToString(rest[:size])
		rest = rest[size:]
		f(&c)
	}
	return false, nil
}

// close does not wait for the kernel to let go of the watches, which may take 20 ms: other sources are waiting.
func (i *inotify) close() {
	if fd := i.fd; fd >= 0 {
		go func() { _ = unix.Close(fd) }()
	}
	i.fd = -1
}

// structure is what every directory is watched for.
const structure = unix.IN_CREATE | unix.IN_DELETE | unix.IN_MOVED_FROM | unix.IN_MOVED_TO | unix.IN_ONLYDIR | unix.IN_EXCL_UNLINK

// contents is what directories are watched for whose entries may be reported.
func contents(ops Op) (mask uint32) {
	for _, m := range contentOps {
		if ops&m.op != 0 {
			mask |= m.mask
		}
	}
	return mask
}

var contentOps = []struct {
	op   Op
	mask uint32
}{
	{Updated, unix.IN_CLOSE_WRITE},
	{Write, unix.IN_MODIFY},
	{Attrib, unix.IN_ATTRIB},
	{Read, unix.IN_ACCESS},
	{Access, unix.IN_OPEN | unix.IN_CLOSE},
}

// contentOf names what happened to the contents.
func contentOf(mask uint32) (ops Op) {
	for _, m := range contentOps {
		if mask&m.mask != 0 {
			ops |= m.op
		}
	}
	return ops
}
