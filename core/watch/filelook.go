package watch

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// lookSoon has a new directory, or link, looked at in this turn or the next.
func (w *FileWatch) lookSoon(n *node) {
	if !n.is(isFresh) {
		n.flags |= isFresh
		w.fresh = append(w.fresh, n)
	}
}

// suspect has a node, and all below it, looked at when no events wait: the tree may differ from what is there. That is
// so after a directory was renamed, because a look goes by the path, and the path may have led elsewhere
// while the event of the rename was still in the queue.
func (w *FileWatch) suspect(n *node) {
	if n.is(isSuspect | isDead) {
		return
	}
	if len(w.suspects) == 0 {
		w.waiting = w.loop.Now()
	}
	n.flags |= isSuspect
	w.suspects = append(w.suspects, n)
}

func (w *FileWatch) lookAtFresh() {
	for left := looksPerTurn; left > 0 && len(w.fresh) > 0; {
		n := w.fresh[0]
		w.fresh = w.fresh[1:]
		n.flags &^= isFresh
		left -= 1 + w.look(n, false)/looksPerTurn
	}
}

func (w *FileWatch) lookAtSuspects() {
	for left := looksPerTurn; left > 0 && len(w.suspects) > 0; {
		n := w.suspects[0]
		w.suspects = w.suspects[1:]
		n.flags &^= isSuspect
		left -= 1 + w.look(n, true)/looksPerTurn
	}
	for _, dir := range w.relinks {
		dir.flags &^= isRelink
		for _, name := range sortedKids(dir) {
			if k := dir.kids[name]; k != nil && k.is(isLink) {
				w.look(k, true)
			}
		}
	}
	w.relinks = nil
}

// look watches a directory and compares it with what is known; in this order, so that nothing is missed in between. What
// is then reported as an event, too, is recognized by its epoch. Known directories in it are looked at as well if
// deep. The result is the number of entries.
func (w *FileWatch) look(n *node, deep bool) int {
	switch {
	case n.is(isDead):
		return 0
	case !n.is(isDir):
		w.follow(n)
		return 0
	case n.states == nil:
		return 0
	}
	w.stats.Looks++
	n.flags &^= isFailing
	path := n.path()
	changed := w.watch(n, path)
	entries, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrPermission) {
		entries, err = w.lookUpNames(n, path)
	}
	if err != nil {
		w.lookFailed(n, err)
	}
	w.round++
	for _, e := range entries {
		w.see(n, e, deep, changed)
	}
	if err == nil {
		w.dropUnseen(n)
	}
	if !n.is(isFailing) {
		n.flags &^= isBlind
	}
	return len(entries)
}

// dropUnseen drops what a look at the directory has not found.
func (w *FileWatch) dropUnseen(dir *node) {
	var gone []string
	for name, k := range dir.kids {
		if k.round != w.round && !k.is(isMoving) {
			gone = append(gone, name)
		}
	}
	slices.Sort(gone)
	for _, name := range gone {
		w.drop(dir.kids[name], true)
	}
}

// lookFailed is mostly about a directory that is gone by now, of which the events of its own directory will tell. Where these
// do not come, for want of permission, a look helps.
func (w *FileWatch) lookFailed(n *node, err error) {
	switch {
	case n.parent == nil:
		w.fail(n, err)
	case missing(err):
		w.checkSoon(n.parent, n.name)
	default:
		w.goBlind(n, err)
	}
}

// goBlind is fail for a directory that is there. On the way to what is meant, want of permission is no news, for what is below
// may be watched all the same; but it is tried again as well, because no event tells what becomes of the names in it.
func (w *FileWatch) goBlind(n *node, err error) {
	if n.states.ends || !errors.Is(err, fs.ErrPermission) {
		w.fail(n, err)
		return
	}
	w.retryLater(n)
	n.flags |= isBlind
}

// retryLater has what cannot be watched looked at again after a while.
func (w *FileWatch) retryLater(n *node) {
	n.flags |= isFailing
	if !n.is(isRetried) {
		n.flags |= isRetried
		w.blind = append(w.blind, n)
	}
}

// missing says that there is no such path.
func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP)
}

// lookUpNames looks into a directory that may be passed but not be read. If it may not be passed either, that is the error: what
// is known of it need not be gone.
func (w *FileWatch) lookUpNames(n *node, path string) (entries []fs.DirEntry, err error) {
	names, only := w.machine.names(n.states)
	for _, name := range names {
		info, failed := os.Lstat(joinPath(n, name))
		if failed == nil {
			entries = append(entries, fs.FileInfoToDirEntry(info))
		} else if !missing(failed) {
			err = failed
		}
	}
	if !only {
		err = &fs.PathError{Op: "open", Path: path, Err: unix.EACCES}
	}
	return entries, err
}

// watch has the kernel watch what is at the path now. It says whether that is not what was watched before, if anything was.
func (w *FileWatch) watch(n *node, path string) (changed bool) {
	mask := uint32(structure)
	if n.states.ends {
		mask |= contents(w.options.Ops)
	}
	if !n.is(isLink) {
		mask |= unix.IN_DONT_FOLLOW
	}
	if n.parent == nil && n.is(isMatch) {
		mask |= contents(w.options.Ops)
	}
	wd, err := w.kernel.add(path, mask)
	if err != nil {
		w.unwatch(n)
		if !missing(err) {
			w.goBlind(n, err)
		}
		return false
	}
	changed = n.wd != wd || n.is(isCut)
	n.flags &^= isCut
	w.bind(n, wd)
	return changed
}

// bind notes the watch. If another path has it, one of the two may be out of date.
func (w *FileWatch) bind(n *node, wd int32) {
	if n.wd == wd {
		return
	}
	w.unwatch(n)
	for o := w.bound[wd]; o != nil; o = o.twin {
		w.suspect(o)
	}
	w.bound.bind(n, wd)
}

// see compares one entry of a directory.
func (w *FileWatch) see(dir *node, e fs.DirEntry, deep, changed bool) {
	name := e.Name()
	k := dir.kids[name]
	if k != nil && k.is(isMoving) && changed {
		w.giveUpMove(k) // it moved away from where this is not
		k = nil
	}
	how := byLooking
	if e.Type()&fs.ModeSymlink != 0 {
		how = asLink
	}
	if k == nil {
		w.arrive(dir, name, e.IsDir(), how)
		return
	}
	k.round = w.round
	if k.is(isMoving) {
		return
	}
	directory, link := e.IsDir(), false
	if how == asLink {
		link, directory = w.isLink(dir, name, w.machine.judge(dir.states, name))
	}
	switch {
	case directory != k.is(isDir) || link != k.is(isLink):
		w.arrive(dir, name, e.IsDir(), how)
	case directory || link:
		if deep || changed {
			w.suspect(k)
		} else if dir.is(isBlind) {
			w.lookSoon(k) // no event tells whether it is another; what is below it is looked at if it is
		}
	case k.is(isMatch) && (changed || w.lost && w.changedSince(k, w.since)):
		w.report(FileEvent{Op: Updated, Path: k.path(), Found: true})
	}
}

// changedSince goes by the time of the last change of contents or attributes, which programs cannot set.
func (w *FileWatch) changedSince(n *node, t time.Time) bool {
	var s unix.Stat_t
	return unix.Lstat(n.path(), &s) == nil && !time.Unix(s.Ctim.Unix()).Before(t)
}

// check is a name to be looked at again.
type check struct {
	dir  *node
	name string
}

// checkSoon has one name looked at when no events wait.
func (w *FileWatch) checkSoon(dir *node, name string) {
	if len(w.checks) < maxChecks {
		w.checks = append(w.checks, check{dir, name})
		return
	}
	w.suspect(dir)
}

func (w *FileWatch) checkNames() {
	checks := w.checks
	w.checks = nil
	for _, c := range checks {
		if c.dir.is(isDead) || c.dir.states == nil {
			continue
		}
		info, err := os.Lstat(joinPath(c.dir, c.name))
		k := c.dir.kids[c.name]
		switch {
		case err == nil:
			w.see(c.dir, fs.FileInfoToDirEntry(info), true, false)
		case missing(err) && k != nil && !k.is(isMoving):
			w.drop(k, true)
		}
	}
}

// retryBlind looks again at what could not be watched.
func (w *FileWatch) retryBlind() {
	for _, n := range w.blind {
		n.flags &^= isRetried
		if n.is(isFailing) {
			w.lookSoon(n)
		}
	}
	w.blind = nil
	w.source.Again()
}
