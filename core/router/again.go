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

// sendAgain sends a report that waited, or was lost with a link, by another way.
func (r *Router) sendAgain(h *held) {
	if h.t.timeout < r.unix {
		r.undeliverable(nil, h.m)
		return
	}
	r.forward(nil, h.m, &h.t)
}

// asSent returns the report m, which came from c, as it may be sent from here once more: nobody else is taken to have it yet.
func (r *Router) asSent(c *Client, m *message.Message, t trail) *held {
	t.informed = r.informedWith(c, &t, nil)
	return &held{m.Clone(), t}
}

// waitingReports are those that wait for a way.
type waitingReports struct {
	list   []held
	bytes  int
	second int64 // when they were looked through last, in Unix time
}

// mostWaitingBytes is how much may wait, and how much may be kept to be reported: a report has the command of its message, which is as long
// as the sender of that likes.
const mostWaitingBytes = 32 << 20

// hold keeps a report until there is a way to where it goes.
func (r *Router) hold(h held) {
	w, size := &r.held, h.m.TextBound()
	if len(w.list) >= r.o.Limits.Reports || w.bytes+size > mostWaitingBytes {
		r.undeliverable(nil, h.m)
		return
	}
	h.t.timeout = min(h.t.timeout, r.unix+reportAge) // another host's clock may be wrong
	w.list, w.bytes = append(w.list, h), w.bytes+size
}

// sendHeld sends the reports for which there is a way now, and drops those that are too old: once a second, as there may be many.
func (r *Router) sendHeld() {
	if r.held.second == r.unix {
		return
	}
	list := r.held.list
	r.held = waitingReports{second: r.unix}
	for _, h := range list {
		if h.t.timeout >= r.unix && !r.reachable(h.m.ServerBytes()) {
			r.hold(h)
		} else {
			r.sendAgain(&h)
		}
	}
}

// handOver gives the reports that wait to a router of ours, as this one stops: that one may find a way, be it later. It goes on as if the
// report began there, since others may have had it from which the way leads now.
func (r *Router) handOver() {
	for _, h := range r.held.list {
		for _, p := range r.peers {
			if p.MustAnswer() && r.sendOn(nil, h.m, &trail{timeout: h.t.timeout}, []*Client{p}, false) {
				break
			}
		}
	}
	r.held = waitingReports{}
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
