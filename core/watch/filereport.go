package watch

// deliver is the only place where f is called.
func (w *FileWatch) deliver() {
	for !w.closed {
		e, ok := w.outbox.next(w.options.Coalesce > 0)
		if !ok {
			return
		}
		w.stats.Reported++
		w.f(e)
	}
}

// report puts an event into the outbox, if it was asked for.
func (w *FileWatch) report(e FileEvent) {
	if e.Op&Rename != 0 && w.options.Ops&Rename == 0 {
		w.report(FileEvent{Op: Delete, Path: e.Old, Dir: e.Dir, Found: e.Found})
		e.Op, e.Old = e.Op&^Rename|Create, ""
	}
	if e.Op &= w.options.Ops | unasked; e.Op == 0 {
		return
	}
	if w.options.Coalesce > 0 {
		w.outbox.merge(e)
	} else {
		w.outbox.add(e)
	}
}

// announce reports what was there when the watch began.
func (w *FileWatch) announce() {
	if w.announced {
		return
	}
	w.announced = true
	for _, n := range w.roots {
		w.announceTree(n)
	}
}

func (w *FileWatch) announceTree(n *node) {
	if n.is(isMatch) {
		w.report(FileEvent{Op: Exists, Path: n.path(), Dir: n.is(isDir), Found: true})
	}
	for _, name := range sortedKids(n) {
		w.announceTree(n.kids[name])
	}
}

// loseEvents begins to look at everything again.
func (w *FileWatch) loseEvents() {
	w.stats.Lost++
	if !w.lost {
		w.lost, w.since = true, w.drained.Add(-clockSlack)
		w.report(FileEvent{Op: Lost})
	}
	w.expireMoves(true)
	w.checks = nil
	for _, n := range w.roots {
		w.suspect(n)
	}
}

// fail reports what cannot be watched; before the watch has begun, it keeps it from doing so.
func (w *FileWatch) fail(n *node, err error) {
	if w.starting {
		if w.initial == nil {
			w.initial = err
		}
		return
	}
	w.retryLater(n)
	if !n.is(isBlind) {
		n.flags |= isBlind
		w.report(FileEvent{Op: Failed, Path: n.path(), Dir: n.is(isDir), Err: err})
	}
}
