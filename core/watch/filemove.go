package watch

import (
	"maps"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// move is the first half of a rename. Its node stays in the tree until the second half comes, or a little time has passed.
type move struct {
	cookie uint32
	node   *node
	at     time.Time
}

func sortedKids(n *node) []string { return slices.Sorted(maps.Keys(n.kids)) }

// depart is the first half of a rename.
func (w *FileWatch) depart(n *node, c *change) {
	if c.has(unix.IN_ISDIR) != (n.is(isDir) && !n.is(isLink)) {
		w.drop(n, false) // a look found what came after; its own event will tell
		return
	}
	n.flags |= isMoving
	w.moves = append(w.moves, move{c.cookie, n, w.loop.Now()})
}

// arriveMoved is the second half of a rename, or all of it if it began where the watch does not look.
func (w *FileWatch) arriveMoved(dir *node, c *change) {
	i := slices.IndexFunc(w.moves, func(m move) bool { return m.cookie == c.cookie && m.node.parent == dir })
	if i < 0 { // one directory may be known under several paths: its own moves come first
		i = slices.IndexFunc(w.moves, func(m move) bool { return m.cookie == c.cookie })
	}
	if i < 0 {
		w.arrive(dir, c.name, c.has(unix.IN_ISDIR), byMove)
		return
	}
	n := w.moves[i].node
	w.moves = slices.Delete(w.moves, i, i+1)
	n.flags &^= isMoving
	switch {
	case n.is(isDead):
		w.arrive(dir, c.name, c.has(unix.IN_ISDIR), byMove)
	case dir.within(n): // the tree is not what the kernel's was
		w.suspect(dir.root())
	default:
		w.rename(n, dir, c.name)
	}
}

// expireMoves gives up those renames whose second half has not come in time.
func (w *FileWatch) expireMoves(all bool) {
	for len(w.moves) > 0 && (all || w.loop.Now().Sub(w.moves[0].at) >= renameWait) {
		m := w.moves[0]
		w.moves = w.moves[1:]
		w.endMove(m.node)
	}
}

// giveUpMove is for a path that is in use again before its move is complete.
func (w *FileWatch) giveUpMove(n *node) {
	w.moves = slices.DeleteFunc(w.moves, func(m move) bool { return m.node == n })
	w.endMove(n)
}

func (w *FileWatch) endMove(n *node) {
	n.flags &^= isMoving
	if !n.is(isDead) {
		w.drop(n, false)
	}
}

// rename moves a node, with all that is below it.
func (w *FileWatch) rename(n, dir *node, name string) {
	replaced := w.replace(n, dir, name)
	if n.is(isDead) { // it was below what it replaced: the tree is not what the kernel's was
		if replaced != 0 {
			w.report(FileEvent{Op: Delete, Path: joinPath(dir, name)})
		}
		w.arrive(dir, name, n.is(isDir) && !n.is(isLink), byMove)
		return
	}
	t := transfer{w: w, replaced: replaced}
	from, to := n.path(), joinPath(dir, name)
	n.detach()
	n.attach(dir, name)
	n.flags &^= isFound
	if !t.judge(n, dir.states, from, to) {
		w.discard(n)
		if replaced != 0 {
			w.report(FileEvent{Op: Delete, Path: to})
		}
		return
	}
	// On the way, what it was looked at may have been something else.
	if n.is(isDir) {
		w.suspect(n)
	} else {
		w.checkSoon(dir, name)
	}
}

// within says that n is dir or below it.
func (n *node) within(dir *node) bool {
	for ; n != nil; n = n.parent {
		if n == dir {
			return true
		}
	}
	return false
}

// replace makes room for n. An exchange of two names looks like two renames that replace, so both are looked at again.
func (w *FileWatch) replace(n, dir *node, name string) Op {
	target := dir.kids[name]
	if target == nil || target == n {
		return 0
	}
	w.checkSoon(n.parent, n.name)
	w.checkSoon(dir, name)
	w.forget(target, false)
	if target.is(isMatch) {
		return Delete
	}
	return 0
}

// transfer reports a tree that was moved. Where it is now, other patterns may apply.
type transfer struct {
	w        *FileWatch
	replaced Op // Delete, for the first event, if something was there
}

// judge compares n, which is now in a directory with these states, and what is below it. It says whether n still matters.
func (t *transfer) judge(n *node, in *states, from, to string) bool {
	var v verdict
	var below *states
	if in != nil {
		v = t.w.machine.judge(in, n.name)
	}
	if in != nil && n.is(isDir) {
		below = t.w.machine.descend(in, n.name, n.is(isLink))
	}
	if was := n.is(isMatch); was || v.matches {
		t.report(n.is(isDir), was, v.matches, from, to)
	}
	n.states = below
	n.flags &^= isMatch
	if v.matches {
		n.flags |= isMatch
	}
	for _, name := range sortedKids(n) {
		k := n.kids[name]
		if !t.judge(k, below, from+"/"+name, to+"/"+name) {
			t.w.discard(k)
		}
	}
	if below == nil && n.is(isDir) {
		t.w.unwatch(n)
	}
	return v.matches || below != nil
}

func (t *transfer) report(dir, was, is bool, from, to string) {
	e := FileEvent{Op: Delete, Path: from, Dir: dir}
	switch {
	case was && is:
		e = FileEvent{Op: Rename | t.replaced, Path: to, Old: from, Dir: dir}
	case is:
		e = FileEvent{Op: Create | t.replaced, Path: to, Dir: dir}
	}
	t.replaced = 0
	t.w.report(e)
}
