package proc

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/core/signals"
)

// Handle is one process that cannot be mistaken for another. Close it after use.
type Handle struct {
	process Process
	file    *os.File      // the pidfd, in the runtime's poller
	waiting chan struct{} // holds the one waiter: the read deadline of the file is his
}

// Open opens a handle of the process with this number. The pidfd comes first, so that what is read afterwards is about
// the process it stands for: the start time is read before and after the rest, and the process must still be there.
func (s System) Open(pid int) (*Handle, error) {
	h, err := s.open(pid)
	if err != nil {
		return nil, &ProcessError{Op: "open", PID: pid, Err: err}
	}
	return h, nil
}

// OpenSame opens a handle of a process found earlier. If it has ended since, or its number has a new owner, that is
// ErrGone.
func (s System) OpenSame(p Process) (*Handle, error) {
	h, err := s.Open(p.PID)
	if err != nil {
		return nil, err
	}
	if !h.process.Same(p) {
		_ = h.Close()
		return nil, &ProcessError{Op: "open", PID: p.PID, Err: ErrGone}
	}
	return h, nil
}

func (s System) open(pid int) (*Handle, error) {
	if pid < 1 {
		return nil, ErrGone
	}
	if err := s.checkNumbers(); err != nil {
		return nil, err
	}
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		return nil, openError(err)
	}
	h := &Handle{file: os.NewFile(uintptr(fd), "pidfd"), waiting: make(chan struct{}, 1)}
	first, err := s.look(pid)
	if err == nil {
		h.process, err = s.look(pid)
	}
	switch {
	case !h.Alive():
		err = ErrGone
	case errors.Is(err, ErrGone):
		err = ErrPermission // it lives, but /proc is silent about it: hidepid
	case err == nil && !first.Same(h.process):
		err = ErrGone
	}
	if err != nil {
		_ = h.Close()
		return nil, err
	}
	return h, nil
}

// openError explains pidfd_open(2).
func openError(err error) error {
	switch {
	case errors.Is(err, unix.ESRCH), errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOENT):
		return ErrGone // the last two: the number is that of a thread
	case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EPERM):
		return ErrUnsupported
	default:
		return os.NewSyscallError("pidfd_open", err)
	}
}

// Process returns what was known when the handle was opened.
func (h *Handle) Process() Process { return h.process }

// Close gives the pidfd back. A Wait that is under way ends with os.ErrClosed.
func (h *Handle) Close() error { return h.file.Close() }

// Alive says that the process has not ended. A zombie is not alive. After Close it is false.
func (h *Handle) Alive() bool {
	alive := false
	err := h.control(func(fd int) { alive = !ended(fd) })
	return err == nil && alive
}

// ended asks the pidfd, which becomes readable when the last thread ends; pidfd_open(2).
func ended(fd int) bool {
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(p, 0)
		if !errors.Is(err, unix.EINTR) {
			return n > 0
		}
	}
}

func (h *Handle) control(f func(fd int)) error {
	raw, err := h.file.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Control(func(fd uintptr) { f(int(fd)) })
}

// Signal sends a signal to the process of the handle and to no other; signal 0 only asks whether that is allowed.
// It is ErrGone if the process has ended, zombies included, and ErrPermission if it belongs to somebody else.
func (h *Handle) Signal(sig signals.Signal) error {
	var sent error
	err := h.control(func(fd int) {
		if ended(fd) { // the kernel takes signals for zombies without a word
			sent = ErrGone
			return
		}
		sent = unix.PidfdSendSignal(fd, sig, nil, 0)
	})
	if err != nil {
		err = closedError(err)
	} else {
		err = sent
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.ESRCH):
		err = ErrGone
	case errors.Is(err, unix.EPERM):
		err = ErrPermission
	case errors.Is(err, unix.ENOSYS):
		err = ErrUnsupported
	}
	return &ProcessError{Op: "signal", PID: h.process.PID, Err: err}
}

// Wait returns nil when the process has ended, even if it is a zombie that nobody reaps, and the cause of ctx when that ends
// first. It may be called again.
func (h *Handle) Wait(ctx context.Context) error {
	select {
	case h.waiting <- struct{}{}:
		defer func() { <-h.waiting }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := h.file.SetReadDeadline(time.Time{}); err != nil {
		return &ProcessError{Op: "wait for", PID: h.process.PID, Err: closedError(err)}
	}
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = h.file.SetReadDeadline(time.Unix(1, 0))
		close(interrupted)
	})
	err := h.waitReadable()
	if !stop() {
		<-interrupted // or it would cut the next Wait short
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		gone := false // not Alive, which is false after Close, too
		if err := h.control(func(fd int) { gone = ended(fd) }); err == nil && gone {
			return nil // both at once: that it has ended is the better news
		}
		return context.Cause(ctx)
	default:
		return &ProcessError{Op: "wait for", PID: h.process.PID, Err: closedError(err)}
	}
}

// closedError names the one failure that a descriptor in the poller has; package os keeps its own name for it to itself.
func closedError(err error) error {
	if errors.Is(err, os.ErrNoDeadline) {
		return err
	}
	return os.ErrClosed
}

func (h *Handle) waitReadable() error {
	raw, err := h.file.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Read(func(fd uintptr) bool { return ended(int(fd)) })
}
