package inspect

import (
	"strconv"

	"github.com/ed-toolbox/ed/core/dispatch"
)

// Match says whether an event passes. It allocates nothing and reads no more of the message than the conditions ask for.
func (f Filter) Match(ev *dispatch.Event) bool {
	if len(f) == 0 {
		return true
	}
	for _, all := range f {
		if holdAll(all, ev) {
			return true
		}
	}
	return false
}

func holdAll(all []condition, ev *dispatch.Event) bool {
	for i := range all {
		if all[i].holds(ev) == all[i].not {
			return false
		}
	}
	return true
}

func (c *condition) holds(ev *dispatch.Event) bool {
	switch c.field {
	case byPeer:
		return c.matches(ev.Peer)
	case byDirection:
		return c.matches(ev.Direction.String())
	case byOutcome:
		return c.matches(ev.Outcome.String())
	case byHandler:
		return c.matches(ev.Handler)
	case byLink:
		var digits [20]byte
		return c.value.Match(strconv.AppendUint(digits[:0], ev.Link, 10))
	case byTook:
		return ev.Direction == dispatch.In && ev.Took < c.took == c.less
	}
	m := ev.Message
	if m == nil {
		return false // a line that is no message has nothing of one
	}
	switch c.field {
	case byService:
		return c.value.Match(m.ServiceBytes())
	case byServer:
		return c.value.Match(m.ServerBytes())
	case byFromService:
		return c.value.Match(m.SentFromServiceBytes())
	case byFromServer:
		return c.value.Match(m.SentFromServerBytes())
	case byParam:
		value, ok := m.Lookup(c.param)
		return ok && (c.present || c.value.Match(value))
	}
	return c.value.Match(m.CommandBytes())
}

// matches is for strings that are short: the copy stays on the stack.
func (c *condition) matches(s string) bool {
	var room [128]byte
	return c.value.Match(append(room[:0], s...))
}
