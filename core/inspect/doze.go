package inspect

import (
	"time"

	"github.com/ed-toolbox/ed/core/dispatch"
)

// doze has the dispatchers make no more events, for as long as no watcher could take one: its rate is reached, or it does not
// read. What passes is counted, which costs a fraction. A meter, and filters that look at more than the message, keep the
// tracer awake.
func (t *Tracer) doze(now time.Time) {
	if t.after == nil || t.meter.counting || len(t.watchers) == 0 {
		return
	}
	soonest := maxDoze
	for _, w := range t.watchers {
		if !w.filter.brief() {
			return
		}
		switch {
		case w.full:
		case w.options.Rate > 0 && w.tokens < 1:
			soonest = min(soonest, w.refilled(now))
		default:
			return
		}
	}
	t.dozing = true
	for _, tap := range t.taps {
		tap.Doze(t.count)
	}
	t.after(soonest, t.wake)
}

// maxDoze is how long the tracer dozes at most. A watcher that has read wakes it.
const maxDoze = refill

// wake ends it.
func (t *Tracer) wake() {
	if !t.dozing {
		return
	}
	t.dozing = false
	t.pairs.clear() // what was not seen may have been an answer
	for _, tap := range t.taps {
		tap.Doze(nil)
	}
	for _, w := range t.watchers {
		if w.Owes() {
			w.tell() // if nothing comes, there still is a note to send
		}
	}
}

// count is the hook while the tracer dozes.
func (t *Tracer) count(ev *dispatch.Event) {
	t.seq++
	for _, w := range t.watchers {
		if w.wants(ev) {
			w.drop()
		}
	}
}

// brief says whether the filter looks at nothing but message, direction and outcome.
func (f Filter) brief() bool {
	for _, all := range f {
		for i := range all {
			switch all[i].field {
			case byPeer, byHandler, byLink, byTook:
				return false
			}
		}
	}
	return true
}

// refilled is how long it is until the bucket of tokens is filled again.
func (w *Watcher) refilled(now time.Time) time.Duration {
	one := time.Second / time.Duration(w.options.Rate)
	return max(max(refill, one)-now.Sub(w.filled), time.Millisecond)
}
