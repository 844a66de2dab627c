package watch

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/core/signals"
)

// childInfo is the part of siginfo_t that waitid(2) fills in; x/sys/unix keeps all but the first three fields to itself.
// The union after them is aligned as a pointer is.
type childInfo struct {
	_      [3]int32
	_      [unsafe.Sizeof(uintptr(0)) / 8]int32
	PID    int32
	UID    uint32
	Status int32 // the exit code, or the signal that killed, stopped or continued
}

// Codes of siginfo_t for SIGCHLD, sigaction(2).
const (
	codeExited = 1 + iota
	codeKilled
	codeDumped
	codeTrapped
	codeStopped
	codeContinued
)

// waitID asks for a change of the child that a pidfd stands for, without blocking. No change is code 0.
func waitID(fd, options int) (code int32, status int32, usage unix.Rusage, err error) {
	var info unix.Siginfo
	for {
		err = unix.Waitid(unix.P_PIDFD, fd, &info, options|unix.WNOHANG, &usage)
		if err != unix.EINTR {
			break
		}
	}
	if err == unix.EAGAIN { // a pidfd opened as non-blocking has this word for "no change"
		err = nil
	}
	if err != nil || info.Signo == 0 {
		return 0, 0, usage, err
	}
	return info.Code, (*childInfo)(unsafe.Pointer(&info)).Status, usage, nil
}

// exitFrom explains what waitID gave for a child that ended.
func exitFrom(pid int, code, status int32, u *unix.Rusage) Exit {
	e := Exit{PID: pid, Code: -1, Usage: Usage{
		User: time.Duration(u.Utime.Nano()), System: time.Duration(u.Stime.Nano()), MaxRSS: int64(u.Maxrss) * 1024,
		MinorFaults: int64(u.Minflt), MajorFaults: int64(u.Majflt), ReadBlocks: int64(u.Inblock), WriteBlocks: int64(u.Oublock),
		Yields: int64(u.Nvcsw), Preemptions: int64(u.Nivcsw),
	}}
	if code == codeExited {
		e.Code = int(status)
	} else {
		e.Signal, e.Core = signals.Signal(status), code == codeDumped
	}
	return e
}
