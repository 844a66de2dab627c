package ui

import (
	"fmt"
	"time"

	"github.com/ed-toolbox/ed/transport/control"
)

// TraceLength is how many items a Trace keeps, and TraceBytes how many bytes of messages.
const (
	TraceLength = 10_000
	TraceBytes  = 32 << 20
)

// Trace is the last of what services did, as rows. While it is held, its rows stay as they are, and what comes is kept
// for later, as many again.
type Trace struct {
	Look  *Look
	Limit int            // items; 0 is TraceLength
	Zone  *time.Location // of the clock; nil is the local one

	items   Window
	first   uint64   // the number of the first of them since the beginning
	shown   []uint64 // the numbers of those that match
	match   func(*control.Followed) bool
	holding bool
	later   Window // what came while it is held
	skipped uint64 // of what came then, and is not kept any more
	dropped uint64 // by the services, because we were slow or they were told to
	seen    uint64
	places  []int // which of the columns are on the screen
}

// Window is a list that forgets its oldest items. The zero value is empty.
type Window struct {
	list  []control.Followed
	bytes int // of their messages
}

// Push adds an item, and drops the oldest while there are more than TraceLength, or more than TraceBytes of messages. It returns how many
// it dropped.
func (w *Window) Push(item control.Followed) (dropped int) { return w.keep(item, TraceLength) }

// keep is Push for another number of items.
func (w *Window) keep(item control.Followed, limit int) (dropped int) {
	for w.push(item); w.over(limit); w.pop() {
		dropped++
	}
	return dropped
}

// Take returns the items, which are the caller's, and empties the window.
func (w *Window) Take() []control.Followed {
	items := w.list
	*w = Window{}
	return items
}

func (w *Window) push(item control.Followed) {
	w.list = append(w.list, item)
	w.bytes += weight(&item)
}

// pop drops the oldest.
func (w *Window) pop() {
	w.bytes -= weight(&w.list[0])
	w.list[0] = control.Followed{} // so that its bytes are let go before the list moves
	w.list = w.list[1:]
}

func (w *Window) over(limit int) bool {
	return len(w.list) > limit || w.bytes > TraceBytes && len(w.list) > 1
}

func weight(item *control.Followed) int {
	if item.Record == nil {
		return 0
	}
	return len(item.Record.Text)
}

// NewTrace returns an empty one.
func NewTrace(look *Look) *Trace { return &Trace{Look: look} }

func (t *Trace) limit() int {
	if t.Limit > 0 {
		return t.Limit
	}
	return TraceLength
}

func (t *Trace) zone() *time.Location {
	if t.Zone != nil {
		return t.Zone
	}
	return time.Local
}

// Add takes items in the order of their times. gone is how many of the first rows are not there any more.
func (t *Trace) Add(items []control.Followed) (gone int) {
	for _, item := range items {
		switch {
		case item.Record != nil:
			t.seen++
		case item.Lost != nil:
			t.dropped += item.Lost.Slow + item.Lost.Rate
		}
		if t.holding { // one less than all, so that there is room to say what was skipped
			t.skipped += uint64(t.later.keep(item, t.limit()-1))
			continue
		}
		gone += t.push(item)
	}
	return gone
}

func (t *Trace) push(item control.Followed) (gone int) {
	t.items.push(item)
	if t.match == nil || t.match(&item) {
		t.shown = append(t.shown, t.first+uint64(len(t.items.list))-1)
	}
	for t.items.over(t.limit()) {
		if len(t.shown) > 0 && t.shown[0] == t.first {
			t.shown = t.shown[1:]
			gone++
		}
		t.items.pop()
		t.first++
	}
	return gone
}

// Hold keeps the rows as they are, or lets them go on with what came meanwhile. gone is as for Add.
func (t *Trace) Hold(hold bool, now time.Time) (gone int) {
	t.holding = hold
	if hold {
		return 0
	}
	if t.skipped > 0 {
		gone += t.push(control.Followed{At: now, Err: fmt.Errorf("%d that came while the screen was held are not kept here", t.skipped)})
	}
	for _, item := range t.later.Take() {
		gone += t.push(item)
	}
	t.skipped = 0
	return gone
}

// Held says whether rows stay as they are.
func (t *Trace) Held() bool { return t.holding }

// Waiting is how many items came since the rows are held.
func (t *Trace) Waiting() uint64 { return t.skipped + uint64(len(t.later.list)) }

// Filter shows only what matches; nil shows all.
func (t *Trace) Filter(match func(*control.Followed) bool) {
	t.match, t.shown = match, nil
	for i := range t.items.list {
		if match == nil || match(&t.items.list[i]) {
			t.shown = append(t.shown, t.first+uint64(i))
		}
	}
}

// Seen is how many messages came.
func (t *Trace) Seen() uint64 { return t.seen }

// Dropped is how many messages the services could not send us.
func (t *Trace) Dropped() uint64 { return t.dropped }

// Len is how many rows there are.
func (t *Trace) Len() int { return len(t.shown) }

// Item is what a row is about.
func (t *Trace) Item(row int) *control.Followed { return &t.items.list[t.shown[row]-t.first] }

// Rows are copies of all of them.
func (t *Trace) Rows() []control.Followed {
	all := make([]control.Followed, t.Len())
	for row := range all {
		all[row] = *t.Item(row)
	}
	return all
}
