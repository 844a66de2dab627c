package reactor

import (
	"strconv"
	"time"
)

// tally are the figures kept while running.
type tally struct {
	turns, events, stale, panics uint64
	fired, missed                uint64
	waiting, busy                int64
	slow                         slow
}

// Stats are counts since New.
type Stats struct {
	Turns  uint64
	Events uint64 // callbacks of sources
	Stale  uint64 // events dropped because their source was removed in the same turn
	Panics uint64 // recovered ones

	Waiting     time.Duration // time in waits
	Busy        time.Duration // time in callbacks
	Slowest     time.Duration // longest callback
	SlowestName string        // name of its source or timer

	Posts   uint64 // functions accepted by Post
	Refused uint64 // and refused, because too many waited
	Wakes   uint64 // waits that posts, or the end of a context, ended

	Sources       int // registered
	Enabled       int // of them
	Holds         int
	TimersPending int
	TimersFired   uint64
	TimersMissed  uint64 // ticks that intervals left out because the loop was late
}

// Stats gives the figures up to the current callback.
func (l *Loop) Stats() Stats {
	l.check("Stats")
	l.stow()
	t := &l.stats
	s := Stats{
		Turns: t.turns, Events: t.events, Stale: t.stale, Panics: t.panics,
		Waiting: time.Duration(t.waiting), Busy: time.Duration(t.busy),
		Slowest: time.Duration(t.slow.most), SlowestName: t.slow.name,
		Sources: l.places.taken, Enabled: l.enabled, Holds: l.holds,
		TimersPending: l.timed.wheel.pending, TimersFired: t.fired, TimersMissed: t.missed,
	}
	l.inbox.mu.Lock()
	s.Posts, s.Refused, s.Wakes = l.inbox.accepted, l.inbox.refused, l.inbox.wakes
	l.inbox.mu.Unlock()
	return s
}

// SourceInfo describes a source to people.
type SourceInfo struct {
	Name, Kind string
	FD         int
	Interest   Interest
	Priority   uint8
	Enabled    bool
	Age        time.Duration
	Events     uint64
}

// Sources lists the sources, in no particular order.
func (l *Loop) Sources() []SourceInfo {
	list := make([]SourceInfo, 0, l.places.taken)
	l.EachSource(0, l.places.made, func(s SourceInfo) { list = append(list, s) })
	return list
}

// EachSource shows sources piece by piece, for loops that must not stand still while a hundred thousand are listed: it
// looks at most places, of which some may be free, and returns from where to go on; 0 at the end. The first call has
// from 0. A source that stays meanwhile is shown once.
func (l *Loop) EachSource(from, most int, f func(SourceInfo)) (next int) {
	l.check("EachSource")
	now := l.clock()
	from = max(from, 0)
	for id := from; id < l.places.made; id++ {
		if id-from >= most {
			return id
		}
		if s := l.places.slot(uint32(id)); s.flags&isUsed != 0 {
			o := l.places.owner(uint32(id)).label
			f(SourceInfo{o.name, o.kind, int(s.fd), s.interest, s.priority, s.flags&isEnabled != 0,
				time.Duration(now - s.added), s.events})
		}
	}
	return 0
}

// TimerInfo describes a timer to people.
type TimerInfo struct {
	Name string
	Kind string        // "once", "date", "interval"
	Due  time.Duration // from now; negative: overdue
	Span time.Duration // of an interval
}

// Timers lists the pending timers, in no particular order. With a million of them it takes a while.
func (l *Loop) Timers() []TimerInfo {
	l.stow()
	list := make([]TimerInfo, 0, l.timed.wheel.pending)
	l.EachTimer(0, int(l.timed.wheel.nodes.used), func(t TimerInfo) { list = append(list, t) })
	return list
}

// EachTimer is EachSource for the pending timers.
func (l *Loop) EachTimer(from, most int, f func(TimerInfo)) (next int) {
	l.check("EachTimer")
	now, w := l.clock(), &l.timed.wheel
	l.settle(now)
	for id := uint32(max(from, 1)); id < w.nodes.used; id++ {
		if int(id)-from >= most {
			return int(id)
		}
		n := w.at(id)
		if n.where == idle || n.dead {
			continue
		}
		t := TimerInfo{Name: l.timed.calls.at(n.call).name, Kind: n.kind.String(), Due: time.Duration(n.when - now)}
		if n.kind == interval {
			t.Span = time.Duration(l.timed.calls.at(n.call).span)
		}
		f(t)
	}
	return 0
}

// mark ends a callback: its end is the beginning of the next, so that each costs one look at the clock.
func (l *Loop) mark() {
	var now int64
	if l.timed.fresh.n > 0 {
		now = l.exact()
		l.settle(now)
	} else {
		now = l.quick()
		l.stow()
	}
	took := now - l.now
	l.now = now
	l.stats.busy += took
	if took > l.stats.slow.bar {
		l.stats.slow.note(l.callback(), took, now)
	}
}

// callback names the current one.
func (l *Loop) callback() string {
	switch l.cur.kind {
	case inPost:
		return "post"
	case inTimer:
		if n, ok := (Timer{l, newKey(l.cur.id, l.cur.gen)}).node(); ok {
			return l.timerName(n)
		}
		return l.cur.gone
	case inSource:
		if l.places.slot(l.cur.id).gen == l.cur.gen {
			return l.sourceName(l.cur.id)
		}
		return l.cur.gone
	case inFetch:
		return "fetch"
	case inHook:
		return "hook"
	}
	return "turn end"
}

func (l *Loop) sourceName(id uint32) string {
	switch o := l.places.owner(id).label; {
	case o.name != "":
		return o.name
	case o.kind != "":
		return o.kind
	}
	return "fd " + strconv.Itoa(int(l.places.slot(id).fd))
}

func (l *Loop) timerName(n *node) string {
	if name := l.timed.calls.at(n.call).name; name != "" {
		return name
	}
	return "timer"
}
