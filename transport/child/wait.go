package child

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/ed-toolbox/ed/core/reactor"
	"golang.org/x/sys/unix"
)

// Exit is how a process ended.
type Exit struct {
	PID    int
	Code   int            // what it gave to exit(2), 0 to 255; -1 if it was killed or that is not known
	Signal syscall.Signal // what killed it; 0: nothing
	Core   bool           // it left a core dump
	Usage  Usage          // its own and that of the children it waited for
	Err    error          // why all this is not known; nil: it is
}

// Usage is what a process consumed.
type Usage struct {
	User, System time.Duration // time on a processor
	MaxRSS       int64         // most memory held at a time, in bytes
}

// Success says that the process ended with exit(0).
func (e Exit) Success() bool { return e.Err == nil && e.Signal == 0 && e.Code == 0 }

// String is "exit status 3", "signal TERM", "signal SEGV (core dumped)" or what Err says.
func (e Exit) String() string {
	name := strings.TrimPrefix(unix.SignalName(e.Signal), "SIG")
	switch {
	case e.Err != nil:
		return e.Err.Error()
	case e.Signal != 0 && e.Core:
		return "signal " + name + " (core dumped)"
	case e.Signal != 0:
		return "signal " + name
	}
	return fmt.Sprintf("exit status %d", e.Code)
}

// waiter waits for the end of one child of ours. It does not reap: an ended child keeps its number, and as the leader of a
// process group that of the group, until reap.
type waiter struct {
	fd     int
	source reactor.Source
	f      func()
}

// await has f called once, on the loop's goroutine, when the child has ended. Until then it keeps the loop alive.
func await(l *reactor.Loop, pid int, name string, f func()) (*waiter, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, os.NewSyscallError("pidfd_open", err)
	}
	w := &waiter{fd: fd, f: f}
	w.source, err = l.Add(fd, w, reactor.SourceOptions{Name: name, Kind: "child", Interest: reactor.Read})
	if err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return w, nil
}

// OnReady implements reactor.Handler.
func (w *waiter) OnReady(reactor.Source, reactor.Interest) {
	w.source.Remove()
	_ = unix.Close(w.fd)
	w.f()
}

// reap takes an ended child, and no other.
func reap(pid int) Exit {
	var status unix.WaitStatus
	var usage unix.Rusage
	e := Exit{PID: pid, Code: -1}
	for {
		got, err := unix.Wait4(pid, &status, unix.WNOHANG, &usage)
		if err == unix.EINTR {
			continue
		}
		if err != nil || got == 0 {
			e.Err = fmt.Errorf("wait for child %d: %w", pid, os.NewSyscallError("wait4", orAgain(err)))
			return e
		}
		break
	}
	e.Usage = Usage{User: time.Duration(usage.Utime.Nano()), System: time.Duration(usage.Stime.Nano()), MaxRSS: usage.Maxrss * 1024}
	switch {
	case status.Exited():
		e.Code = status.ExitStatus()
	case status.Signaled():
		e.Signal, e.Core = status.Signal(), status.CoreDump()
	}
	return e
}

// orAgain names the case that cannot be: a pidfd said that the child had ended, and wait4 does not.
func orAgain(err error) error {
	if err == nil {
		return unix.EAGAIN
	}
	return err
}
