package inspect

import (
	"slices"
	"time"

	"github.com/ed-toolbox/ed/core/dispatch"
)

// Traced is what can be watched; *dispatch.Dispatcher satisfies it.
type Traced interface {
	// AddTrace has hook see every event until the Remove of what it returns.
	AddTrace(hook func(*dispatch.Event)) *dispatch.Tap
}

// TracerOptions of a Tracer. The zero value is useful.
type TracerOptions struct {
	// Mono gives the monotonic time of the machine for a time of an event. Nil: the time since the tracer was made.
	Mono func(t time.Time) time.Duration
	// Now is the clock of the meters. Nil: time.Now.
	Now func() time.Time
	// After calls f once, later, on the same goroutine: the loop's timer. Nil: events are made even
	// while no watcher takes any.
	After func(d time.Duration, f func())
}

// Tracer shows the events of a process to any number of watchers, and counts them while somebody looks at the counts. It
// hangs its hook in only then: nobody pays for watchers that are not there. It belongs to one goroutine, the loop's.
type Tracer struct {
	traced   []Traced
	taps     []*dispatch.Tap // empty while nobody looks
	watchers []*Watcher
	meter    Meter
	pairs    pairs
	secrets  secrets
	mono     func(time.Time) time.Duration
	now      func() time.Time
	after    func(time.Duration, func())
	dozing   bool
	seq      uint64
	serial   uint64 // of watches
}

// NewTracer returns a tracer that watches nothing yet.
func NewTracer(o TracerOptions) *Tracer {
	t := &Tracer{secrets: secrets{}, mono: o.Mono, now: o.Now, after: o.After}
	if t.now == nil {
		t.now = time.Now
	}
	if t.mono == nil {
		begin := t.now()
		t.mono = func(at time.Time) time.Duration { return at.Sub(begin) }
	}
	return t
}

// Add has the events of d shown, too.
func (t *Tracer) Add(d Traced) {
	t.traced = append(t.traced, d)
	if t.wanted() {
		t.wake()
		t.taps = append(t.taps, d.AddTrace(t.see))
	}
}

// Watch begins to queue records for a watcher. The error is that of the filter.
func (t *Tracer) Watch(o WatchOptions) (*Watcher, error) {
	filter, err := ParseFilter(o.Filter...)
	if err != nil {
		return nil, err
	}
	t.serial++
	w := newWatcher(t, t.serial, filter, o)
	t.wake()
	t.watchers = append(slices.Clone(t.watchers), w)
	t.settle()
	return w, nil
}

// unwatch takes a watcher off; an event in hand goes on along the old list.
func (t *Tracer) unwatch(w *Watcher) {
	t.watchers = slices.DeleteFunc(slices.Clone(t.watchers), func(o *Watcher) bool { return o == w })
	t.settle()
}

// Watchers are those there are.
func (t *Tracer) Watchers() []*Watcher { return t.watchers }

// Meter begins to count, if nobody counts yet, and goes on for at least MeterTime after the last call.
func (t *Tracer) Meter() *Meter {
	t.wake()
	t.meter.look(t.now())
	t.settle()
	return &t.meter
}

// Active says whether the hook is in.
func (t *Tracer) Active() bool { return len(t.taps) > 0 }

// wanted says whether somebody looks.
func (t *Tracer) wanted() bool { return len(t.watchers) > 0 || t.meter.counting }

// settle puts the hook in or takes it out.
func (t *Tracer) settle() {
	if t.wanted() == t.Active() {
		return
	}
	if t.wanted() {
		for _, d := range t.traced {
			t.taps = append(t.taps, d.AddTrace(t.see))
		}
		return
	}
	for _, tap := range t.taps {
		tap.Remove()
	}
	t.taps, t.dozing = nil, false
	t.pairs.clear()
}

// see is the hook.
func (t *Tracer) see(ev *dispatch.Event) {
	t.seq++
	mate := mate{}
	if t.wantPairs() {
		mate = t.pairs.see(ev, t.seq)
	}
	if t.meter.counting && !t.meter.count(ev, mate) {
		t.settle()
	}
	took := false
	for _, w := range t.watchers {
		took = w.offer(ev, mate) || took
	}
	if !took {
		t.doze(ev.Time)
	}
}

func (t *Tracer) wantPairs() bool {
	if t.meter.counting {
		return true
	}
	for _, w := range t.watchers {
		if !w.options.NoPairs {
			return true
		}
	}
	return false
}
