package watch

import "golang.org/x/sys/unix"

// Idle says that a FileWatch has read and reported everything that happened so far.
func (w *FileWatch) Idle() bool {
	n, err := unix.IoctlGetInt(w.kernel.fd, unix.TIOCINQ)
	return err == nil && n == 0 && w.announced && !w.lost && len(w.outbox.list) == 0 &&
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
