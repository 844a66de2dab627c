package router

import (
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

// forward brings m to the service that it names. c is nil for a message of this router itself.
func (r *Router) forward(c *Client, m *message.Message, t *trail) {
	name := m.ServiceBytes()
	if isGroup(name) {
		r.broadcast(c, m, t)
		return
	}
	server := m.ServerBytes()
	any := len(server) == 0 || len(server) == 1 && (server[0] == '*' || server[0] == '?')
	here := len(server) == 1 && server[0] == '.' || string(server) == r.name
	if any || here {
		if v := r.services.byName[string(name)]; v != nil && len(v.holders) > 0 {
			r.deliver(c, v, m)
			return
		}
		if r.listed[string(name)] {
			r.keep(c, m)
			return
		}
	}
	if here {
		r.undeliverable(c, m)
		return
	}
	r.toNode(c, m, t, any)
}

// deliver gives m to a service of this node: to its one client, to one of a group, or to all of it.
func (r *Router) deliver(c *Client, v *service, m *message.Message) {
	if v.share == toAll {
		r.deliverToAll(c, v, m)
		return
	}
	for range len(v.holders) {
		to := v.turn(c)
		if to == nil {
			break
		}
		if r.give(c, to, m, nil) {
			return
		}
	}
	r.undeliverable(c, m)
}

func (r *Router) deliverToAll(c *Client, v *service, m *message.Message) {
	copies := 0
	for i := len(v.holders) - 1; i >= 0; i-- {
		if i < len(v.holders) && v.holders[i] != c && r.give(c, v.holders[i], m, &copies) {
			copies++
		}
	}
	if copies == 0 {
		r.undeliverable(c, m)
	}
}

// give sends m to a service of this node, and remembers to report it if it is lost: of several copies, when all are.
func (r *Router) give(c, to *Client, m *message.Message, copies *int) bool {
	o, asked := r.askerOf(c, m)
	if asked && !to.mayOwe(r.o.Limits.Reports) {
		return false
	}
	if err := to.Send(m); err != nil {
		r.log.debug("message was not taken", "client", to.Label(), "message", shown(m), "error", err)
		return false
	}
	c.reaches(to)
	r.became(m, "forwarded", dispatch.Handled, nil)
	if asked {
		o.copies = copies
		to.owe(o)
	}
	r.stats.Forwarded++
	return true
}

// toNode brings m to another router. A report waits where there is no way, or none on which the queues have room.
func (r *Router) toNode(c *Client, m *message.Message, t *trail, any bool) {
	if t.hops >= mostHops || !any && c != nil && r.nodes[string(m.ServerBytes())] == c {
		r.undeliverable(c, m) // it has gone far enough, or would go back
		return
	}
	report := !any && isReport(m)
	switch {
	case (!report || r.reachable(m.ServerBytes())) && r.toNodes(c, m, t, any): // it is on its way
	case report:
		r.hold(held{m.Clone(), *t})
	default:
		r.undeliverable(c, m)
	}
}

// toNodes sends m to the router that it names, to one that has the service, else to all who may know. It is false if none took it.
func (r *Router) toNodes(c *Client, m *message.Message, t *trail, any bool) bool {
	private := len(m.ServerBytes()) == 1 && m.ServerBytes()[0] == '?'
	to := r.pick(c, m, t, any, private)
	if private {
		m.SetServer("*")
	}
	for _, p := range to {
		if r.sendOn(c, m, t, []*Client{p}, false) {
			return true
		}
	}
	return len(to) == 0 && r.sendOn(c, m, t, r.uninformed(c, t, private), true)
}

// sendOn sends m to other routers: one that is to bring it to its service, or all who might. It is false if none took it; one that is
// too long for all is done with.
func (r *Router) sendOn(c *Client, m *message.Message, t *trail, to []*Client, all bool) bool {
	if len(to) == 0 {
		return false
	}
	o, asked := r.askerOf(c, m)
	next := *t
	r.begin(&next)
	copied := m.Clone()
	if all {
		r.remember(&next)
	}
	owed, waits := asker{}, asked && (len(to) > 1 || !o.addressable())
	switch {
	case waits:
		copied.Set(paramReportTo, r.name).Delete(paramReportFor)
		owed = asker{id: next.id, waits: true}
	case asked:
		if o.collects {
			copied.Set(paramReportFor, o.branch)
		}
		owed = o
		owed.id = next.id
	case isReport(m):
		owed.again = r.asSent(c, m, next)
	}
	r.mark(c, copied, &next, to)
	if r.tooLong(copied) {
		r.undeliverable(c, m)
		return true
	}
	taken := r.sendCopies(c, copied, to, owed, asked)
	if taken == 0 {
		return false
	}
	if waits {
		r.waiting.add(next.id, o, taken, min(next.timeout, r.unix+mostMemory)+reportAge, r.o.Limits.Reports)
	}
	r.stats.Relayed += uint64(taken)
	r.became(m, "relayed", dispatch.Handled, nil)
	return true
}

// sendCopies gives each of these routers a copy of a message that came from c, and remembers who wants to know if it is lost. It returns
// how many took one.
func (r *Router) sendCopies(c *Client, m *message.Message, to []*Client, owed asker, asked bool) (taken int) {
	for _, p := range to {
		room := (asked || owed.again != nil) && p.mayOwe(r.o.Limits.Reports)
		if asked && !room || p.Send(m) != nil {
			continue
		}
		taken++
		c.reaches(p)
		if owed.waits {
			owed.server = p.peer.server
		}
		if room {
			p.owe(owed)
		}
	}
	return taken
}
