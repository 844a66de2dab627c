package child

import (
	"errors"
	"syscall"
	"time"

	"github.com/ed-toolbox/ed/core/watch"
)

// ErrLimit is in the Result of a job that was ended when its time was over.
var ErrLimit = errors.New("time limit reached")

// Result is how a job ended.
type Result struct {
	Stages    []Stage // one for each command
	Output    []byte  // of the last
	OutputCut bool    // there was more than Options.Keep
	Held      bool    // something outlived the commands and held their pipes; what it still writes is lost
	InputErr  error   // of Options.Input, but io.EOF; a *watch.PanicError where its Read panicked
	Err       error   // why the job was ended: ErrLimit, what Stop was given; nil: by itself
	Took      time.Duration
}

// Stage is one command of a job.
type Stage struct {
	Command Command
	watch.Exit
	Errors    []byte // what it wrote to its standard error
	ErrorsCut bool
}

// ExitError says that a command did not end with exit(0).
type ExitError struct {
	Command string
	watch.Exit
}

func (e *ExitError) Error() string { return e.Command + ": " + e.Exit.String() }

// Check is the first reason to call the job a failure: Err, InputErr, or the *ExitError of a command. A command before the
// last that died of SIGPIPE is none: what it wrote was not wanted any more.
func (r *Result) Check() error {
	if r.Err != nil {
		return r.Err
	}
	if r.InputErr != nil {
		return r.InputErr
	}
	for i, s := range r.Stages {
		if !s.Success() && (s.Signal != syscall.SIGPIPE || i == len(r.Stages)-1) {
			return &ExitError{s.Command.Path, s.Exit}
		}
	}
	return nil
}
