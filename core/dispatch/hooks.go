package dispatch

import "slices"

// Hooks are trace hooks that do not know of each other: a tool that prints, a control socket that is watched, both at
// once. The zero value has none and costs a look at a pointer. Hooks belong to one goroutine.
type Hooks struct {
	list []*hook
	call func(*Event) // all of them; nil without any
	busy bool         // one is running
}

type hook struct{ f func(*Event) }

// Add has f see every event until remove is called; both may be done from inside a hook. Removing twice does nothing.
func (h *Hooks) Add(f func(*Event)) (remove func()) {
	k := &hook{f}
	h.set(append(slices.Clone(h.list), k))
	return func() {
		k.f = nil // also for the event in hand
		h.set(slices.DeleteFunc(slices.Clone(h.list), func(o *hook) bool { return o == k }))
	}
}

// set replaces the list, which is never changed in place: an event in hand goes on along the old one.
func (h *Hooks) set(list []*hook) {
	h.list = list
	switch len(list) {
	case 0:
		h.call = nil
	case 1:
		h.call = list[0].f
	default:
		h.call = func(ev *Event) {
			for _, k := range list {
				if k.f != nil {
					k.f(ev)
				}
			}
		}
	}
}

// Any says whether there is a hook, so that events are only made when somebody looks.
func (h *Hooks) Any() bool { return h.call != nil }

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
