package watch

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// isLink says whether an entry is a symbolic link that means what it points to, and whether that is a directory.
func (w *FileWatch) isLink(dir *node, name string, v verdict) (link, directory bool) {
	if !v.follow && !v.deeper {
		return false, false
	}
	path := joinPath(dir, name)
	var s unix.Stat_t
	if unix.Lstat(path, &s) != nil || s.Mode&unix.S_IFMT != unix.S_IFLNK {
		return false, false
	}
	if info, err := os.Stat(path); v.deeper && err == nil && info.IsDir() {
		return true, true
	}
	return v.follow, false
}

// follow watches the target of a link to a file, because changes of it are not reported for the directory of the link. If the link
// leads to another file than before, the path was updated.
func (w *FileWatch) follow(n *node) {
	if !n.is(isLink) {
		return
	}
	const fate = unix.IN_ATTRIB | unix.IN_DELETE_SELF | unix.IN_MOVE_SELF
	n.flags &^= isFailing
	wd, err := w.kernel.add(n.path(), contents(w.options.Ops)|fate)
	switch _, limit := errors.AsType[*LimitError](err); {
	case err != nil:
		w.unwatch(n) // it leads nowhere, or where we may not look
		if limit {
			w.fail(n, err)
		} else {
			w.retryLater(n) // no event tells of the directory where its target may come to be
		}
		return
	case wd == n.wd:
		return
	}
	w.bind(n, wd)
	if n.is(isFollowed) && n.is(isMatch) {
		w.report(FileEvent{Op: Updated, Path: n.path(), Found: true})
	}
	n.flags = n.flags&^isBlind | isFollowed
}

// checkLinks has the links in a directory looked at after a change of its entries: a link may lead through one of them, as where a
// whole configuration is exchanged by renaming one link.
func (w *FileWatch) checkLinks(dir *node) {
	if dir.links > 0 && !dir.is(isRelink|isDead) {
		dir.flags |= isRelink
		w.relinks = append(w.relinks, dir)
	}
}
