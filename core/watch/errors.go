package watch

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

var (
	// ErrGone is returned when the process to be watched has ended already, zombies that are not ours included.
	ErrGone = errors.New("no such process")
	// ErrNotChild is returned when the process to be watched as a child is not a child of this process.
	ErrNotChild = errors.New("not a child of this process")
	// ErrReaped is in the Exit of a child whose status somebody else took.
	ErrReaped = errors.New("child was reaped elsewhere")
	// ErrUnknown is in the Exit of a process that is not ours: its status is told to its parent only.
	ErrUnknown = errors.New("exit status is not known")
	// ErrUnsupported is returned where the kernel or the permissions do not offer what was asked for.
	ErrUnsupported = errors.New("not supported here")
	// ErrBusy is returned when a pool's queue of tasks is full.
	ErrBusy = errors.New("too many tasks wait")
	// ErrClosed is returned by, and given to, whatever comes after a Close.
	ErrClosed = errors.New("watch is closed")
	// ErrTimeout is given to the callback of Listening when ListenOptions.Timeout has passed.
	ErrTimeout = errors.New("timed out")
)

// LimitError says which limit keeps a path from being watched, and how to raise it.
type LimitError struct {
	What  string // "watches", "instances" or "entries"
	Limit int    // 0: unknown
	Path  string // what was to be watched
	Err   error  // the system's error; nil for a limit of our own
}

func (e *LimitError) Error() string {
	text := fmt.Sprintf("watch %s: too many inotify %s", e.Path, e.What)
	if e.What == limitEntries {
		text = fmt.Sprintf("watch %s: too many %s", e.Path, e.What)
	}
	if e.Limit > 0 {
		text += fmt.Sprintf(" (limit %d)", e.Limit)
	}
	switch e.What {
	case limitWatches:
		text += ", raise fs.inotify.max_user_watches"
	case limitInstances:
		text += ", raise fs.inotify.max_user_instances or the limit of open files"
	}
	return text
}

func (e *LimitError) Unwrap() error { return e.Err }

const (
	limitWatches   = "watches"
	limitInstances = "instances"
	limitEntries   = "entries"
)

// newLimitError looks up the limit of the system, so that whoever reads the message knows what to raise.
func newLimitError(what, path string, err error) *LimitError {
	e := &LimitError{What: what, Path: path, Err: err}
	if text, err := os.ReadFile("/proc/sys/fs/inotify/max_user_" + what); err == nil {
		e.Limit, _ = strconv.Atoi(strings.TrimSpace(string(text)))
	}
	return e
}

// PanicError is the error of a background task that panicked.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic in background task: %v", e.Value) }

// Unwrap is the value of the panic, if that is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}
