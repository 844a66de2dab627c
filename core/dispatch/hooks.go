package dispatch

import (
	"slices"

	"github.com/ed-toolbox/ed/core/message"
)

// Hooks are trace hooks that do not know of each other: a tool that prints, a control socket that is watched, both at
// once. The zero value has none and costs a look at a pointer. Hooks belong to one goroutine.
type Hooks struct {
	taps   []*Tap
	call   func(*Event) // all of them; nil without any
	glance func(*Event) // the same while all doze, else nil
	brief  Event        // scratch
	busy   bool         // one is running
}

// Tap is a trace hook that is in.
type Tap struct {
	hooks   *Hooks
	see     func(*Event)
	count   func(*Event) // not nil: it dozes
	changed func()       // may be nil
}

// Add has f see every event until Remove of what it returns; both may be done from inside a hook.
func (h *Hooks) Add(f func(*Event)) *Tap {
	t := &Tap{hooks: h, see: f}
	h.set(append(slices.Clone(h.taps), t))
	return t
}

// Remove takes the hook out. Removing it twice does nothing.
func (t *Tap) Remove() {
	t.see = nil // also for the event in hand
	t.hooks.set(slices.DeleteFunc(slices.Clone(t.hooks.taps), func(o *Tap) bool { return o == t }))
	if t.changed != nil {
		t.changed()
	}
}

// Doze has the hook only count for a while: it is for one that cannot take what comes. While all hooks doze no events are
// made: count gets one in which nothing is set but Direction, Outcome and Message, and perhaps more. Doze(nil) wakes it.
func (t *Tap) Doze(count func(*Event)) {
	t.count = count
	t.hooks.set(t.hooks.taps)
}

// set replaces the list, which is never changed in place: an event in hand goes on along the old one.
func (h *Hooks) set(taps []*Tap) {
	h.taps, h.call, h.glance = taps, nil, nil
	if len(taps) == 0 {
		return
	}
	h.call = func(ev *Event) {
		for _, t := range taps {
			switch {
			case t.see == nil:
			case t.count != nil:
				t.count(ev)
			default:
				t.see(ev)
			}
		}
	}
	if !slices.ContainsFunc(taps, func(t *Tap) bool { return t.count == nil }) {
		h.glance = h.call
	}
}

// Any says whether there is a hook, so that events are only made when somebody looks.
func (h *Hooks) Any() bool { return h.call != nil }

// Doze says whether all hooks only count: then Glance will do in place of Run.
func (h *Hooks) Doze() bool { return h.glance != nil }

// Run shows ev to every hook. It does nothing for events that a hook itself causes: a hook that sends messages would
// otherwise never end.
func (h *Hooks) Run(ev *Event) {
	if h.call == nil || h.busy {
		return
	}
	h.busy = true
	defer func() { h.busy = false }()
	h.call(ev)
}

// Glance tells hooks that doze of one message more.
func (h *Hooks) Glance(d Direction, o Outcome, m *message.Message) {
	if h.glance == nil || h.busy {
		return
	}
	h.brief.Direction, h.brief.Outcome, h.brief.Message = d, o, m
	h.glance(&h.brief)
	h.brief.Message = nil
}
