package watch

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/core/reactor"
)

// openPID opens a pidfd: it means the process that has the number now until it is closed.
func openPID(pid int) (int, error) {
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	switch {
	case err == nil:
		return fd, nil
	case pid < 1, errors.Is(err, unix.ESRCH), errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOENT):
		err = ErrGone // the last two: the number is that of a thread
	case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EPERM):
		err = ErrUnsupported
	default:
		err = os.NewSyscallError("pidfd_open", err)
	}
	return -1, fmt.Errorf("watch process %d: %w", pid, err)
}

// ProcessOptions describe a watch to Process. The zero value is good.
type ProcessOptions struct {
	Name string // for people; "": "process 4711"
}

// ProcessWatch waits for the end of one process.
type ProcessWatch struct {
	fd     int
	f      func()
	source reactor.Source
}

// Process has f called once, on the loop's goroutine, when the process has ended, whoever it belongs to; how it ended is told to
// its parent only, see Child. The process is meant that has the number now: the number's next owner is not taken for it. One that
// has ended and waits to be reaped has ended. The watch keeps the loop alive until then or Close. ErrGone: there is no such
// process; ErrUnsupported: the kernel is older than Linux 5.10, or forbids it.
func Process(l *reactor.Loop, pid int, f func(), o ProcessOptions) (*ProcessWatch, error) {
	fd, err := openPID(pid)
	if err != nil {
		return nil, err
	}
	w := &ProcessWatch{fd: fd, f: f}
	if o.Name == "" {
		o.Name = fmt.Sprintf("process %d", pid)
	}
	w.source, err = l.Add(fd, w, reactor.SourceOptions{Name: o.Name, Kind: "process", Interest: reactor.Read})
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("watch process %d: %w", pid, err)
	}
	return w, nil
}

// OnReady is for the loop.
func (w *ProcessWatch) OnReady(reactor.Source, reactor.Interest) {
	w.Close()
	w.f()
}

// Close ends the watch, on the loop's goroutine: f is not called any more. Closing twice is nothing.
func (w *ProcessWatch) Close() {
	if w.fd < 0 {
		return
	}
	w.source.Remove()
	_ = unix.Close(w.fd)
	w.fd = -1
}
