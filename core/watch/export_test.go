package watch

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/core/signals"
)

// ExitOf is exitOf.
func ExitOf(pid int, status uint32) Exit { return exitOf(pid, status) }

// ExitFrom is exitFrom without usage.
func ExitFrom(pid int, code, status int32) Exit { return exitFrom(pid, code, status, &unix.Rusage{}) }

// Counted is how many times a signal came that the loop was not told of yet.
func (w *SignalWatch) Counted(s signals.Signal) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.counts[s]
}

// Idle says that a FileWatch has read and reported everything that happened so far.
func (w *FileWatch) Idle() bool {
	n, err := unix.IoctlGetInt(w.kernel.fd, unix.TIOCINQ)
	return err == nil && n == 0 && w.announced && !w.lost && len(w.outbox.list) == 0 && (len(w.blind) == 0 || w.blindTimer.Active()) &&
		len(w.fresh)+len(w.suspects)+len(w.relinks)+len(w.checks)+len(w.moves) == 0
}

// Lose behaves as if the kernel had dropped events.
func (w *FileWatch) Lose() {
	for {
		empty, err := w.kernel.read(func(*change) {})
		if empty || err != nil {
			break
		}
	}
	w.apply(&change{wd: -1, mask: unix.IN_Q_OVERFLOW})
	w.source.Again()
}

// Moves is the number of renames that wait for their second half.
func (w *FileWatch) Moves() int { return len(w.moves) }

// each calls f for n and all below it, directories before what is in them, in no order otherwise.
func (n *node) each(f func(*node)) {
	f(n)
	for _, k := range n.kids {
		k.each(f)
	}
}

// Check finds what must not be in the tree.
func (w *FileWatch) Check() (errors []string) {
	count := 0
	for _, root := range w.roots {
		root.each(func(n *node) {
			count++
			if n.is(isDead | isMoving | isFresh | isSuspect) {
				errors = append(errors, "flags of "+n.path())
			}
			links := int32(0)
			for name, k := range n.kids {
				if k.parent != n || k.name != name {
					errors = append(errors, "parent of "+k.path())
				}
				if k.is(isLink) {
					links++
				}
			}
			if links != n.links {
				errors = append(errors, "links of "+n.path())
			}
			if n.states != nil && n.wd == 0 {
				errors = append(errors, "no watch of "+n.path())
			}
			found := n.wd == 0
			for b := w.bound[n.wd]; b != nil; b = b.twin {
				found = found || b == n
			}
			if !found {
				errors = append(errors, "binding of "+n.path())
			}
		})
	}
	if count != w.count {
		errors = append(errors, "count of nodes")
	}
	return errors
}

// Known is what is in the tree and matches.
func (w *FileWatch) Known() map[string]bool {
	m := map[string]bool{}
	for _, root := range w.roots {
		root.each(func(n *node) {
			if n.is(isMatch) {
				m[n.path()] = n.is(isDir)
			}
		})
	}
	return m
}

// Lose behaves as if the kernel had dropped events.
func (w *ProcessesWatch) Lose() {
	w.lose()
	w.deliver()
}

// Shrink leaves room for a few events of the kernel only.
func (w *ProcessesWatch) Shrink() error {
	return unix.SetsockoptInt(w.connector.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1)
}

// FallBack behaves as if the connector had failed.
func (w *ProcessesWatch) FallBack() { w.fallBack() }

// Ready says that the first look is over and no other is under way.
func (w *ProcessesWatch) Ready() bool { return !w.first && w.scan == nil }

// ReadStat is readStat: the name, and whether the process lives.
func ReadStat(proc string, pid int) (name string, lives bool, err error) {
	s, err := readStat(proc, pid)
	return s.name, err == nil && s.lives(), err
}

// NewMatcher says which paths below the working directory a pattern means.
func NewMatcher(text string, recursive bool) (func(path string) bool, error) {
	list, err := parsePatterns(text, recursive)
	if err != nil {
		return nil, err
	}
	m := machine{patterns: list, known: map[string]*states{}}
	return func(path string) bool {
		s, _ := m.start(".")
		for {
			name, rest, more := strings.Cut(path, "/")
			if s == nil {
				return false
			}
			if !more {
				return m.judge(s, name).matches
			}
			s, path = m.descend(s, name, false), rest
		}
	}, nil
}

// FailWatches has inotify_add_watch fail for paths.
func (w *FileWatch) FailWatches(err error, paths ...string) {
	w.kernel.watch = func(fd int, path string, mask uint32) (int, error) {
		if slices.Contains(paths, path) {
			return -1, err
		}
		return unix.InotifyAddWatch(fd, path, mask)
	}
}

// BeforeLook has f called once, when the path was watched and is to be read.
func (w *FileWatch) BeforeLook(path string, f func()) {
	w.kernel.watch = func(fd int, p string, mask uint32) (int, error) {
		wd, err := unix.InotifyAddWatch(fd, p, mask)
		if p == path && f != nil {
			f()
			f = nil
		}
		return wd, err
	}
}

// Descriptor is that of inotify.
func (w *FileWatch) Descriptor() int { return w.kernel.fd }

// Retry does what is to be done after a while, and says whether anything was.
func (w *FileWatch) Retry() bool {
	if !w.blindTimer.Active() {
		return false
	}
	w.blindTimer.Cancel()
	w.retryBlind()
	return true
}

// Merge puts events together as Coalesce does.
func Merge(events ...FileEvent) (merged []FileEvent) {
	var o outbox
	for _, e := range events {
		o.merge(e)
	}
	o.due = true
	for {
		e, ok := o.next(true)
		if !ok {
			return merged
		}
		merged = append(merged, e)
	}
}

// ScanProcesses looks at all processes and counts them.
func ScanProcesses() (int, error) {
	found, err := scanProcesses(context.Background(), &ProcessesOptions{Proc: "/proc"})
	return len(found), err
}
