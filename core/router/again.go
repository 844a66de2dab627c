package router

import "github.com/ed-toolbox/ed/core/message"

// A report is the last that is heard of a message: the routers on its way know that it was read, and forget it. So one that says that a
// message failed is sent again when the link broke over which it went, and waits while there is no way to who asked. That it may
// come twice does no harm: see once, and the ids that are remembered.

// held is a report that waits for a way, or may be lost on one.
type held struct {
	m *message.Message
	t trail
}

// isReport says whether m tells that a message of another node failed.
func isReport(m *message.Message) bool {
	switch string(m.CommandBytes()) {
	case "TRANSMISSION_REPORT":
		status, _ := m.Lookup("status")
		return string(status) == failed && m.Has(paramReportID)
	case "SERVICE_UNAVAILABLE":
		return m.Has(paramReportID)
	}
	return false
}

// sendAgain sends a report that was lost with a link by another way.
func (r *Router) sendAgain(h *held) {
	if h.t.timeout >= r.unix {
		r.forward(nil, h.m, &h.t)
	}
}

// asSent returns the report m, which came from c, as it may be sent from here once more: nobody else is taken to have it yet.
func (r *Router) asSent(c *Client, m *message.Message, t trail) *held {
	t.informed = r.informedWith(c, &t, nil)
	return &held{m.Clone(), t}
}

// hold keeps a report until there is a way to where it goes.
func (r *Router) hold(m *message.Message, t *trail) {
	if len(r.held) >= r.o.Limits.Reports {
		r.undeliverable(nil, m)
		return
	}
	r.held = append(r.held, held{m.Clone(), *t})
}

// sendHeld sends the reports for which there is a way now, and drops those that are too old: once a second, as there may be many.
func (r *Router) sendHeld() {
	if r.heldAt == r.unix {
		return
	}
	r.heldAt = r.unix
	list := r.held
	r.held = nil
	for _, h := range list {
		switch {
		case h.t.timeout < r.unix:
			r.undeliverable(nil, h.m)
		case r.reachable(h.m.ServerBytes()):
			r.forward(nil, h.m, &h.t)
		default:
			r.held = append(r.held, h)
		}
	}
}

// reachable says whether there may be a way to a router. What is behind one of C++ is not known.
func (r *Router) reachable(server []byte) bool {
	if r.nodes[string(server)] != nil || r.heard.has(server) {
		return true
	}
	for _, p := range r.peers {
		if p.peer.plain || p.peer.nodes[string(server)] {
			return true
		}
	}
	return false
}
