package proc

import (
	"errors"
	"os/exec"

	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/core/signals"
)

// OwnGroup has cmd, which is not started yet, run in a process group of its own: what the terminal sends to ours does not
// reach it, and SignalGroup reaches it and all that it starts.
func OwnGroup(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &unix.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
}

// SignalGroup signals the process group that cmd leads after OwnGroup. It must be called before cmd.Wait has returned:
// until then the number of the group cannot get a new owner. It returns ErrGone if nobody is left in it.
func SignalGroup(cmd *exec.Cmd, s signals.Signal) error {
	if cmd.Process == nil {
		return ErrGone
	}
	err := unix.Kill(-cmd.Process.Pid, s)
	if errors.Is(err, unix.ESRCH) {
		return ErrGone
	}
	if err != nil {
		return &ProcessError{Op: "signal", PID: cmd.Process.Pid, Err: err}
	}
	return nil
}

// StopOurs stops us and all in our process group, as Ctrl-Z does on a terminal, until a shell lets us go on. The system does not
// stop a group that no shell watches over, which is no error; it may return before we are stopped.
func StopOurs() error {
	if err := unix.Kill(0, unix.SIGTSTP); err != nil {
		return &ProcessError{Op: "stop", Err: err}
	}
	return nil
}
