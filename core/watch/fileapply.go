package watch

import (
	"golang.org/x/sys/unix"
)

// apply brings the tree up to date with one event of the kernel. The kernel names the directory by its watch, so that it does not
// matter what the directory is called by now.
func (w *FileWatch) apply(c *change) {
	w.stats.Events++
	if c.has(unix.IN_Q_OVERFLOW) {
		w.loseEvents()
		return
	}
	if n := w.bound[c.wd]; n != nil && n.twin == nil {
		w.applyTo(n, c)
		return
	}
	var twins []*node // the list changes on the way
	for n := w.bound[c.wd]; n != nil; n = n.twin {
		twins = append(twins, n)
	}
	for _, n := range twins {
		if n.wd == c.wd {
			w.applyTo(n, c)
		}
	}
}

func (w *FileWatch) applyTo(n *node, c *change) {
	if c.name == "" {
		w.applySelf(n, c)
	} else if n.is(isDir) {
		w.applyEntry(n, c)
	}
}

// applySelf is about the watched object itself: a base, a directory or the target of a link.
func (w *FileWatch) applySelf(n *node, c *change) {
	switch {
	case c.has(unix.IN_IGNORED): // the kernel dropped the watch: deleted or unmounted
		w.bound.unbind(n)
		n.flags |= isCut
		w.suspect(n)
	case c.has(unix.IN_UNMOUNT):
		w.report(FileEvent{Op: Unmounted, Path: n.path(), Dir: n.is(isDir)})
		if n.parent != nil {
			w.suspect(n.parent)
		}
	case n.is(isLink) && !n.is(isDir) && c.has(unix.IN_DELETE_SELF|unix.IN_MOVE_SELF):
		w.suspect(n)
	default:
		if n.is(isMatch) && (n.is(isLink) && !n.is(isDir) || n.parent == nil) {
			w.reportContent(n, c.mask)
		}
		if n.is(isLink) && !n.is(isDir) && c.has(unix.IN_ATTRIB) {
			w.suspect(n) // perhaps its last name is gone
		}
	}
}

// reportContent reports what happened to the contents. Directories are read by looking at them, ours included: that is no news.
func (w *FileWatch) reportContent(n *node, mask uint32) {
	ops := contentOf(mask)
	if n.is(isDir) {
		ops &^= Read | Access | Updated | Write
	}
	if ops&w.options.Ops != 0 {
		w.report(FileEvent{Op: ops, Path: n.path(), Dir: n.is(isDir)})
	}
}

// applyEntry is about an entry of a directory.
func (w *FileWatch) applyEntry(dir *node, c *change) {
	n := dir.kids[c.name]
	if n != nil && n.is(isMoving) && c.has(unix.IN_CREATE|unix.IN_DELETE|unix.IN_MOVE) {
		w.giveUpMove(n)
		n = nil
	}
	switch {
	case c.has(unix.IN_CREATE):
		w.arrive(dir, c.name, c.has(unix.IN_ISDIR), byCreation)
	case c.has(unix.IN_DELETE):
		if n != nil {
			w.drop(n, false)
		}
	case c.has(unix.IN_MOVED_FROM):
		if n != nil {
			w.depart(n, c)
		}
	case c.has(unix.IN_MOVED_TO):
		w.arriveMoved(dir, c)
	default:
		if n != nil && n.is(isMatch) {
			w.reportContent(n, c.mask)
		}
		return
	}
	w.checkLinks(dir)
}

// arrival is how an entry became known.
type arrival uint8

const (
	byLooking arrival = iota // and it is no symbolic link
	asLink                   // by looking: it is one
	byCreation
	byMove // from where the watch does not look
)

func (a arrival) found() bool { return a <= asLink }

// arrive makes an entry known that was created, or moved in from elsewhere, or found by looking.
func (w *FileWatch) arrive(dir *node, name string, directory bool, how arrival) {
	if dir.states == nil || dir.is(isDead) {
		return
	}
	v := w.machine.judge(dir.states, name)
	link := false
	if !directory && how != byLooking {
		link, directory = w.isLink(dir, name, v)
	}
	replaced := Op(0)
	if n := dir.kids[name]; n != nil {
		if w.expected(n, how) {
			return
		}
		if n.is(isDir) && directory {
			w.suspect(n) // whatever it is now, it is looked at again
			return
		}
		if n.is(isMatch) {
			replaced = Delete
		}
		w.forget(n, how.found())
	}
	n := w.newNode(dir, name, v, directory, link)
	switch {
	case n == nil && replaced != 0:
		w.report(FileEvent{Op: Delete, Path: joinPath(dir, name), Found: how.found()})
		return
	case n == nil:
		return
	}
	if how.found() {
		n.flags |= isFound
	}
	if v.matches && !w.starting {
		w.report(FileEvent{Op: Create | replaced, Path: n.path(), Dir: directory, Found: how.found()})
	}
	if n.states != nil || link {
		w.lookSoon(n)
	}
}

// expected says that the event is about what a look at the directory found already.
func (w *FileWatch) expected(n *node, how arrival) bool {
	if how.found() || !n.is(isFound) || n.epoch != w.epoch {
		return false
	}
	n.flags &^= isFound
	switch {
	case how == byCreation:
	case n.is(isDir):
		w.suspect(n)
	case n.is(isMatch):
		// Perhaps it replaced what was found, and the callback has read that already.
		w.report(FileEvent{Op: Updated, Path: n.path()})
	}
	return true
}

// newNode puts an entry into the tree, if it matters and there is room.
func (w *FileWatch) newNode(dir *node, name string, v verdict, directory, link bool) *node {
	n := &node{epoch: w.epoch, round: w.round}
	if directory {
		n.flags |= isDir
		n.states = w.machine.descend(dir.states, name, link)
	}
	if link {
		n.flags |= isLink
	}
	if v.matches {
		n.flags |= isMatch
	}
	if !v.matches && n.states == nil {
		return nil
	}
	if w.count >= w.options.MaxEntries {
		w.fail(dir, &LimitError{What: limitEntries, Limit: w.options.MaxEntries, Path: joinPath(dir, name)})
		return nil
	}
	n.attach(dir, name)
	w.count++
	return n
}

func joinPath(dir *node, name string) string {
	n := node{parent: dir, name: name}
	return n.path()
}

// drop forgets a path, and all below it, that is no longer there, and reports it: what is in a directory before the directory.
func (w *FileWatch) drop(n *node, found bool) {
	w.dropBelow(n, found)
	if n.is(isMatch) {
		w.report(FileEvent{Op: Delete, Path: n.path(), Dir: n.is(isDir), Found: found})
	}
	w.discard(n)
}

func (w *FileWatch) dropBelow(n *node, found bool) {
	for _, name := range sortedKids(n) {
		w.drop(n.kids[name], found)
	}
}

// forget is drop for a path that was replaced: it is not reported itself.
func (w *FileWatch) forget(n *node, found bool) {
	w.dropBelow(n, found)
	w.discard(n)
}

// discard takes a single node out.
func (w *FileWatch) discard(n *node) {
	w.unwatch(n)
	n.detach()
	n.flags |= isDead
	w.count--
}

// unwatch gives the watch of a node back.
func (w *FileWatch) unwatch(n *node) {
	if wd := n.wd; wd != 0 && w.bound.unbind(n) {
		w.kernel.remove(wd)
	}
}
