package reactor

import "slices"

// Ender is called at the end of a turn, on the loop's goroutine, once for each Later. It must not block. One that is a Panicker
// hears of its own panic, with the zero Source.
type Ender interface {
	OnTurnEnd()
}

// Later has h called once, before the loop waits the next time: the place to write out what callbacks have queued.
// Those of sources, which come after the wait, are thus followed by the posted functions and timers that are due then.
// Calling it twice queues it twice: h keeps its own mark. What is queued by an Ender is called a turn later, and the loop does
// not wait before. The queue is flushed once more before Run returns; what Enders queue then is left to the next Run.
func (l *Loop) Later(h Ender) {
	l.check("Later")
	l.enders.queue = append(l.enders.queue, h)
}

// enders are two queues that change places: one is flushed while the other is filled.
type enders struct {
	queue, flushing []Ender
	next            int
}

func (e *enders) waiting() bool { return len(e.queue) > 0 }

func (l *Loop) flush() {
	e := &l.enders
	if !e.waiting() {
		return
	}
	e.queue, e.flushing, e.next = e.flushing[:0], e.queue, 0
	l.callEnders()
}

func (l *Loop) callEnders() {
	l.guard((*Loop).runEnders)
	clear(l.enders.flushing) // they may end before the list is used again
	l.cur.kind = inEnder
	l.mark()
}

// runEnders reads no clock between the calls: they have no names to be slow by.
func (l *Loop) runEnders() {
	for e := &l.enders; e.next < len(e.flushing); {
		h := e.flushing[e.next]
		e.next++
		l.cur.kind = inEnder
		h.OnTurnEnd()
	}
}

// BeforeWait has f called in every turn before the loop waits, and before the Later queue is flushed, until remove is
// called. Hooks run in the order they were added and must not block.
func (l *Loop) BeforeWait(f func()) (remove func()) {
	l.check("BeforeWait")
	return l.before.add(f)
}

// AfterWait has f called in every turn after the wait, before the ready sources, until remove is called. For late timers there is another
// look at the sources in a turn, with the hooks before and after.
func (l *Loop) AfterWait(f func()) (remove func()) {
	l.check("AfterWait")
	return l.after.add(f)
}

type hook struct{ f func() }

// hooks is a list that may be changed while it runs: a removed hook only loses its function, and is dropped from the
// list before the next run.
type hooks struct {
	list  []*hook
	next  int
	stale bool
}

func (h *hooks) add(f func()) (remove func()) {
	k := &hook{f}
	h.list = append(h.list, k)
	return func() { k.f, h.stale = nil, true }
}

// dropCurrent removes the hook that was called last.
func (h *hooks) dropCurrent() { h.list[h.next-1].f, h.stale = nil, true }

func (l *Loop) runHooks(h *hooks) {
	if len(h.list) == 0 {
		return
	}
	if h.stale {
		h.list = slices.DeleteFunc(h.list, func(k *hook) bool { return k.f == nil })
		h.stale = false
	}
	h.next = 0
	l.cur.hooks = h
	l.guard((*Loop).callHooks)
	l.cur.kind = inHook
	l.mark()
}

func (l *Loop) callHooks() {
	for h := l.cur.hooks; h.next < len(h.list); {
		k := h.list[h.next]
		h.next++
		if k.f != nil {
			l.cur.kind = inHook
			k.f()
		}
	}
}
