package watch

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/ed-toolbox/ed/core/signals"
)

// Exit is how a process ended.
type Exit struct {
	PID    int
	Code   int            // what it gave to exit(2), 0 to 255; -1 if it was killed or that is not known
	Signal signals.Signal // what killed it; 0: nothing
	Core   bool           // it left a core dump
	Usage  Usage          // its own and that of the children it waited for; of our children only
	Err    error          // why all this is not known, such as ErrReaped; nil: it is
}

// Usage is what a process consumed.
type Usage struct {
	User, System time.Duration // time on a processor
	MaxRSS       int64         // most memory held at a time, in bytes
	MinorFaults  int64
	MajorFaults  int64
	ReadBlocks   int64 // of 512 bytes, from devices
	WriteBlocks  int64
	Yields       int64 // voluntary context switches
	Preemptions  int64 // involuntary ones
}

// ExitOfState is how a process ended that os/exec or os waited for, without its usage.
func ExitOfState(s *os.ProcessState) Exit {
	e := Exit{PID: s.Pid(), Code: s.ExitCode()}
	if status, ok := s.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		e.Signal, e.Core = status.Signal(), status.CoreDump()
	}
	return e
}

// Success says that the process ended with exit(0).
func (e Exit) Success() bool { return e.Err == nil && e.Signal == 0 && e.Code == 0 }

// ShellCode is the exit code that a shell shows: for a death by signal 128 and its number.
func (e Exit) ShellCode() int {
	if e.Signal != 0 {
		return 128 + int(e.Signal)
	}
	return e.Code
}

// String is "exit status 3", "signal TERM", "signal SEGV (core dumped)" or what Err says.
func (e Exit) String() string {
	switch {
	case e.Err != nil:
		return e.Err.Error()
	case e.Signal != 0 && e.Core:
		return "signal " + signals.Name(e.Signal) + " (core dumped)"
	case e.Signal != 0:
		return "signal " + signals.Name(e.Signal)
	}
	return fmt.Sprintf("exit status %d", e.Code)
}

// exitOf explains the status word of wait(2).
func exitOf(pid int, status uint32) Exit {
	e := Exit{PID: pid, Code: -1}
	switch s := syscall.WaitStatus(status); {
	case s.Exited():
		e.Code = s.ExitStatus()
	case s.Signaled():
		e.Signal, e.Core = s.Signal(), s.CoreDump()
	}
	return e
}
