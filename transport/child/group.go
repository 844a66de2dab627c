package child

import (
	"os"
	"syscall"
	"time"

	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/core/watch"
	"golang.org/x/sys/unix"
)

// DefaultGrace is how long a process group has between TERM and KILL.
const DefaultGrace = 2 * time.Second

// group is the processes of one command or pipeline, in a process group of their own. It belongs to the loop's goroutine.
// None is reaped before all have ended and nothing is left to signal: until then the group's number is ours.
type group struct {
	loop   *reactor.Loop
	grace  time.Duration // negative: KILL at once
	ended  func()        // all have ended; called once
	procs  []int         // their numbers; the first is the group's, too
	left   int           // those that run
	timer  reactor.Timer
	ending bool
	reaped bool
	exits  []watch.Exit // of each, as far as they have ended
}

// add starts one more process in the group.
func (g *group) add(c Command, files [3]*os.File, deathSignal syscall.Signal) error {
	sys := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: deathSignal}
	if len(g.procs) > 0 {
		sys.Pgid = g.procs[0]
	}
	pid, err := c.start(files, sys)
	if err != nil {
		return err
	}
	g.procs = append(g.procs, pid)
	i := len(g.exits)
	g.exits = append(g.exits, watch.Exit{})
	exited := func(e watch.Exit) {
		g.exits[i] = e
		g.exited()
	}
	if _, err := watch.Child(g.loop, pid, exited, watch.ChildOptions{Name: c.Path, Keep: true}); err != nil {
		// It cannot be waited for, so it must not run. KILL is quick, and there is no other moment to reap it.
		_ = unix.Kill(pid, unix.SIGKILL)
		_ = wait(pid, 0)
		g.procs, g.exits = g.procs[:i], g.exits[:i]
		return c.refuse(err.Error(), err)
	}
	g.left++
	return nil
}

func (g *group) exited() {
	if g.left--; g.left == 0 {
		g.ended()
	}
}

// abandon ends a group that could not be completed; nobody hears of it any more.
func (g *group) abandon() {
	g.ended = func() { g.reap() }
	g.signal(unix.SIGKILL)
}

// signal reaches every process of the group, those that ours started included. Processes that have ended feel nothing.
func (g *group) signal(s syscall.Signal) {
	if len(g.procs) > 0 && !g.reaped {
		_ = unix.Kill(-g.procs[0], s) // it can only fail where nobody is left
	}
}

// terminate asks all to end, and makes them after the grace. CONT is for those that are stopped, which else hear nothing.
func (g *group) terminate() {
	if g.ending || g.reaped {
		return
	}
	g.ending = true
	if g.grace < 0 {
		g.signal(unix.SIGKILL)
		return
	}
	g.signal(unix.SIGTERM)
	g.signal(unix.SIGCONT)
	g.timer = g.loop.After(g.grace, "grace", func() { g.signal(unix.SIGKILL) })
}

// reap tells how all ended, once they have. What a group that had to be ended left behind ends now.
func (g *group) reap() []watch.Exit {
	if g.reaped {
		return g.exits
	}
	g.timer.Cancel()
	if g.ending {
		g.signal(unix.SIGKILL)
	}
	g.reaped = true
	for _, pid := range g.procs {
		_ = wait(pid, unix.WNOHANG) // if somebody was quicker, that is well
	}
	return g.exits
}

// wait reaps a child, and no other.
func wait(pid, options int) error {
	for {
		if _, err := unix.Wait4(pid, nil, options, nil); err != unix.EINTR {
			return err
		}
	}
}
