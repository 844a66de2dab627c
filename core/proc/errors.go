package proc

import (
	"errors"
	"fmt"
	"strings"
)

// What callers branch on.
var (
	ErrGone        = errors.New("process is gone")           // never was, has ended, is a zombie, or its number has a new owner
	ErrPermission  = errors.New("permission denied")         // the process belongs to somebody else
	ErrUnsupported = errors.New("pidfd_open is unavailable") // kernel before 5.10, or a system-call filter
	ErrNoSystemd   = errors.New("systemd is not running here")
	// ErrNoProc says that there is nothing to see processes in, as in a chroot.
	ErrNoProc = errors.New("/proc is not mounted, no process can be seen")
	// ErrOtherNamespace says that the numbers in /proc mean other processes than those that signals would go to.
	ErrOtherNamespace = errors.New("/proc was mounted in another PID namespace, its numbers are not those of the processes here; unshare(1) needs --mount-proc")
)

// ProcessError is a failure to do something with one process. It unwraps to one of the sentinels or to a system error.
type ProcessError struct {
	Op  string // "open", "signal", "wait for", "inspect"
	PID int
	Err error
}

func (e *ProcessError) Error() string { return fmt.Sprintf("%s process %d: %v", e.Op, e.PID, e.Err) }

// Unwrap returns the cause.
func (e *ProcessError) Unwrap() error { return e.Err }

// NotFoundError says that no process has a name.
type NotFoundError struct{ Name string }

func (e *NotFoundError) Error() string { return fmt.Sprintf("no process is called %q", e.Name) }

// Is makes the error equal to ErrGone: what does not run needs no stopping.
func (e *NotFoundError) Is(target error) bool { return target == ErrGone }

// AmbiguousError says that several processes have a name where one is wanted.
type AmbiguousError struct {
	Name       string
	Candidates []Process // by PID
}

func (e *AmbiguousError) Error() string {
	list := make([]string, 0, len(e.Candidates))
	for i, p := range e.Candidates {
		if i == 8 {
			list = append(list, "…")
			break
		}
		list = append(list, p.String())
	}
	return fmt.Sprintf("%d processes are called %q: %s", len(e.Candidates), e.Name, strings.Join(list, ", "))
}

// PIDFileError says why a file holds no process number. It unwraps to the cause if the file cannot be read.
type PIDFileError struct {
	Path   string
	Reason string
	Err    error
}

func (e *PIDFileError) Error() string {
	if e.Err != nil {
		return "read pid file " + e.Path + ": " + e.Err.Error()
	}
	return "read pid file " + e.Path + ": " + e.Reason
}

// Unwrap returns the cause.
func (e *PIDFileError) Unwrap() error { return e.Err }

// UnitError says that systemd cannot tell the process of a unit: it is unknown (LoadState "not-found"), or its name is
// none.
type UnitError struct {
	Name      string
	LoadState string // "" where the name itself is wrong
}

func (e *UnitError) Error() string {
	switch e.LoadState {
	case "":
		return fmt.Sprintf("%q is no name for a systemd unit", e.Name)
	case "not-found":
		return fmt.Sprintf("systemd has no unit %q", e.Name)
	default:
		return fmt.Sprintf("the systemd unit %q is %s", e.Name, e.LoadState)
	}
}
