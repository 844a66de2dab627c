package router

import "slices"

// waiting is the messages that were sent to other routers for somebody who cannot be addressed from there, or to several of them:
// only when all of these report that it reached nobody, it did.
type waiting struct {
	byID  map[string]*wait
	queue []string // ids in the order in which they were added
	bytes int      // of what is kept of the messages

	second int64 // of the last expire, in Unix time
}

// wait is one such message.
type wait struct {
	asker  asker
	copies int
	until  int64    // Unix seconds
	told   bool     // the sender knows that it was cached
	lost   []string // routers whose copies reached nobody, as they reported, or may not have reached them, as their links broke
}

// add remembers a message. When there are more than limit of them, or they take too much room, the oldest are forgotten.
func (w *waiting) add(id string, o asker, copies int, until int64, limit int) {
	if w.byID == nil {
		w.byID = make(map[string]*wait)
	}
	if w.byID[id] == nil {
		w.queue = append(w.queue, id)
	}
	w.forget(id)
	w.byID[id] = &wait{asker: o, copies: copies, until: until}
	w.bytes += o.size()
	for len(w.queue) > limit || w.bytes > mostWaitingBytes {
		w.forget(w.queue[0])
		w.queue = w.queue[1:]
	}
}

// forget forgets a message, if it is known.
func (w *waiting) forget(id string) {
	if e := w.byID[id]; e != nil {
		w.bytes -= e.asker.size()
		delete(w.byID, id)
	}
}

// lost notes that the copy of a router reached nobody, or that the link broke over which it went. Both may be, and the router may have sent
// its copy on to another one that reports as well: it counts once.
func (w *waiting) lost(r *Router, id, router string) {
	e := w.byID[id]
	if e == nil || slices.Contains(e.lost, router) {
		return
	}
	if e.lost = append(e.lost, router); len(e.lost) == e.copies {
		w.forget(id)
		r.report(e.asker, failed)
	}
}

// answered notes the report about the copy of one router.
func (w *waiting) answered(r *Router, id, router, status string) {
	e := w.byID[id]
	switch {
	case e == nil:
	case status == cached:
		e.until = r.unix + int64(e.asker.age.Seconds()) + reportAge
		if !e.told {
			e.told = true
			r.report(e.asker, cached)
		}
	default:
		w.lost(r, id, router)
	}
}

// expire forgets, once a second, what is not reported any more: a report would have come by now, and all to whom it was sent have it.
func (w *waiting) expire(r *Router) {
	if w.second == r.unix {
		return
	}
	w.second = r.unix
	var unread map[string]bool
	keep := w.queue[:0]
	for _, id := range w.queue {
		e := w.byID[id]
		if e == nil {
			continue
		}
		if e.until < r.unix {
			if unread == nil {
				unread = r.unreadCopies()
			}
			if !unread[id] {
				w.forget(id)
				continue
			}
		}
		keep = append(keep, id)
	}
	w.queue = keep
}

// unreadCopies returns the ids of messages, reports of which are waited for, that some router may not have read yet: one that is suspended
// or cut off reports when it goes on.
func (r *Router) unreadCopies() map[string]bool {
	ids := make(map[string]bool)
	for _, p := range r.peers {
		if p.journal == nil || !p.trim() {
			continue
		}
		for _, e := range p.journal.entries {
			if e.asker.waits {
				ids[e.asker.id] = true
			}
		}
	}
	return ids
}
