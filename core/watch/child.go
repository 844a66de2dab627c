package watch

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/core/signals"
)

// lookAgain is the pause before a child is asked again whose pidfd says that it ended while waitid(2) does not yet: a
// debugger is told first.
const lookAgain = 10 * time.Millisecond

// ChildOptions describe a watch to Child. The zero value is good.
type ChildOptions struct {
	Name string // for people; "": "child 4711"

	// Keep leaves the ended child to be reaped by its owner, such as exec.Cmd.Wait, which then does not wait for it.
	// Without it the watch reaps.
	Keep bool

	// Stops is called on the loop's goroutine when the child was stopped by a signal, and with 0 when it goes on.
	// Several changes between two looks are one: the last. Nil: nobody asks.
	Stops func(by signals.Signal)
}

// ChildWatch waits for the end of one child.
type ChildWatch struct {
	loop    *reactor.Loop
	fd      int
	pid     int
	f       func(Exit)
	options ChildOptions
	process *os.Process
	source  reactor.Source
	again   reactor.Timer
	signals *SignalWatch
}

// Child has f called once, on the loop's goroutine, when the child with this number has ended, and reaps it: this child and no
// other. It must be a child of this process that nobody has reaped, from syscall.ForkExec for instance; see ChildProcess for
// those of os.StartProcess and os/exec. Stopping and going on is not ending. The watch keeps the loop alive until
// then or Close; after Close the child is reaped by whoever else wants to.
//
// If somebody else reaps it first, f gets an Exit with ErrReaped. ErrGone: there is no such process; ErrNotChild: it
// is not ours; ErrUnsupported as for Process.
func Child(l *reactor.Loop, pid int, f func(Exit), o ChildOptions) (*ChildWatch, error) {
	return newChild(l, pid, nil, f, o)
}

// ChildProcess is Child for what os.StartProcess and exec.Cmd.Start made. Without Keep the watch calls p.Wait, which
// does not block at that time, and nobody else may: p is done with, its Signal says os.ErrProcessDone. For an exec.Cmd
// use Keep, and call its Wait in f: it closes the pipes, waits for what copies from and to them (not at all, if
// these are files; else at most cmd.WaitDelay after the end), and reaps.
func ChildProcess(l *reactor.Loop, p *os.Process, f func(Exit), o ChildOptions) (*ChildWatch, error) {
	return newChild(l, p.Pid, p, f, o)
}

func newChild(l *reactor.Loop, pid int, p *os.Process, f func(Exit), o ChildOptions) (*ChildWatch, error) {
	fd, err := openChild(pid, p)
	if err != nil {
		return nil, err
	}
	// An unreaped child keeps its number, so this also says that the pidfd stands for the one that was meant.
	if _, _, _, err := waitID(fd, unix.WEXITED|unix.WNOWAIT); err != nil {
		_ = unix.Close(fd)
		if errors.Is(err, unix.ECHILD) {
			err = ErrNotChild
		}
		return nil, fmt.Errorf("watch child %d: %w", pid, err)
	}
	w := &ChildWatch{loop: l, fd: fd, pid: pid, f: f, options: o, process: p}
	if err := w.start(); err != nil {
		w.Close()
		return nil, fmt.Errorf("watch child %d: %w", pid, err)
	}
	return w, nil
}

// openChild opens a pidfd of the child: a copy of the one that package os has, if it has one.
func openChild(pid int, p *os.Process) (int, error) {
	if p == nil {
		return openPID(pid)
	}
	fd, failed := -1, error(nil)
	err := p.WithHandle(func(handle uintptr) {
		fd, failed = unix.FcntlInt(handle, unix.F_DUPFD_CLOEXEC, 0)
	})
	switch {
	case errors.Is(err, os.ErrNoHandle):
		return openPID(pid)
	case errors.Is(err, os.ErrProcessDone):
		err = ErrGone
	case failed != nil:
		err = os.NewSyscallError("fcntl", failed)
	}
	if err != nil {
		return -1, fmt.Errorf("watch child %d: %w", pid, err)
	}
	return fd, nil
}

func (w *ChildWatch) start() (err error) {
	name := w.options.Name
	if name == "" {
		name = fmt.Sprintf("child %d", w.pid)
	}
	w.source, err = w.loop.Add(w.fd, w, reactor.SourceOptions{Name: name, Kind: "child", Interest: reactor.Read})
	if err == nil && w.options.Stops != nil {
		stops := func(signals.Signal, int) { w.lookForStops() }
		w.signals, err = Signals(w.loop, stops, SignalOptions{Weak: true}, syscall.SIGCHLD)
	}
	return err
}

// lookForStops takes the child's stops and continues, and leaves its end alone.
func (w *ChildWatch) lookForStops() {
	last := signals.Signal(-1)
	for w.fd >= 0 {
		code, status, _, err := waitID(w.fd, unix.WSTOPPED|unix.WCONTINUED)
		if err != nil || code == 0 {
			break
		}
		last = 0
		if code != codeContinued {
			last = signals.Signal(status)
		}
	}
	if last >= 0 {
		w.options.Stops(last)
	}
}

// OnReady is for the loop.
func (w *ChildWatch) OnReady(reactor.Source, reactor.Interest) {
	code, status, usage, err := waitID(w.fd, unix.WEXITED|unix.WNOWAIT)
	switch {
	case errors.Is(err, unix.ECHILD):
		w.finish(Exit{PID: w.pid, Code: -1, Err: ErrReaped})
	case err != nil:
		w.finish(Exit{PID: w.pid, Code: -1, Err: fmt.Errorf("wait for child: %w", os.NewSyscallError("waitid", err))})
	case code == 0:
		_ = w.source.SetEnabled(false) // or it would be called at once, again and again
		w.again = w.loop.After(lookAgain, "child", func() { _ = w.source.SetEnabled(true) })
	default:
		w.reap()
		w.finish(exitFrom(w.pid, code, status, &usage))
	}
}

// reap takes the child that is known to have ended. If somebody was quicker, that is well.
func (w *ChildWatch) reap() {
	switch {
	case w.options.Keep:
	case w.process != nil:
		_, _ = w.process.Wait()
	default:
		_, _, _, _ = waitID(w.fd, unix.WEXITED)
	}
}

func (w *ChildWatch) finish(e Exit) {
	w.Close()
	w.f(e)
}

// Signal sends a signal to the child, on the loop's goroutine. It is ErrGone if it has ended; no other process is ever hit.
func (w *ChildWatch) Signal(sig signals.Signal) error {
	err := error(ErrGone)
	if w.fd >= 0 {
		// The kernel takes signals for zombies without a word.
		if code, _, _, ended := waitID(w.fd, unix.WEXITED|unix.WNOWAIT); code == 0 && ended == nil {
			err = unix.PidfdSendSignal(w.fd, sig, nil, 0)
		}
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.ESRCH):
		err = ErrGone
	}
	return fmt.Errorf("signal child %d: %w", w.pid, err)
}

// Close ends the watch, on the loop's goroutine: f is not called any more. Closing twice is nothing.
func (w *ChildWatch) Close() {
	if w.fd < 0 {
		return
	}
	w.source.Remove()
	w.again.Cancel()
	if w.signals != nil {
		w.signals.Close()
	}
	_ = unix.Close(w.fd)
	w.fd = -1
}
