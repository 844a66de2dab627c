package router

import (
	"time"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

// The values of status in a TRANSMISSION_REPORT.
const (
	cached = "cached"
	failed = "failed"
)

// asker is who wants to know what became of a message.
type asker struct {
	c               *Client // a client of this node
	server, service string  // what to address: c when it is registered, else a sender on another node; of a copy that waits, who has it
	id              string  // of the message, once it has been on its way between routers
	collects        bool    // the sender is a router that waits for reports of id
	branch          string  // the router whose copy of id it counts for, if so
	waits           bool    // this router waits for reports of id
	again           *held   // a report, which is sent again if it is lost
	copies          *int    // of the message that are not lost yet, where there are several on this node
	command         string
	destination     string
	report          bool          // wants a TRANSMISSION_REPORT
	reply           bool          // wants a SERVICE_UNAVAILABLE
	age             time.Duration // how long the message waits for its service
}

// size is how much of a message is kept that its sender may have made as long as a line.
func (o *asker) size() int { return len(o.command) + len(o.destination) }

// addressable says whether another router can send a report to the one who asked.
func (o *asker) addressable() bool { return o.server != "" && o.service != "" }

// askerOf returns who wants to know what becomes of m, which came from c, and whether anybody does.
func (r *Router) askerOf(c *Client, m *message.Message) (asker, bool) {
	if c == nil {
		return asker{}, false
	}
	o := asker{age: defaultAge}
	if v, ok := m.Lookup(paramReport); ok {
		o.report = string(v) == "failure"
	}
	if v, ok := m.Lookup(paramCache); ok {
		wish := parseCache(string(v))
		o.reply, o.age = wish.reply, wish.age
	}
	if !o.report && !o.reply {
		return asker{}, false
	}
	o.command, o.destination = m.Command(), m.Service()
	if c.state != linked {
		o.c = c
		if c.service != nil {
			o.server, o.service = r.name, c.service.name
		}
		return o, true
	}
	o.id, _ = m.Get(paramID)
	if to, ok := m.Get(paramReportTo); ok && message.VerifyServer(to) == nil {
		o.server, o.service, o.collects, o.branch = to, routerName, true, r.branchOf(c, m, to)
		return o, o.id != ""
	}
	o.server, o.service = m.SentFromServer(), m.SentFromService()
	return o, o.addressable() && o.service != routerName
}

// branchOf returns the router whose copy m is for one that waits for reports of all its copies: this one, unless it has it from another
// that did the same, or from one of C++, which does not say so.
func (r *Router) branchOf(c *Client, m *message.Message, waits string) string {
	if name, ok := m.Get(paramReportFor); ok {
		return name
	}
	if c.peer.plain && c.peer.server != waits {
		return c.peer.server
	}
	return r.name
}

// undeliverable reports that m reaches nobody, if its sender wants to know.
func (r *Router) undeliverable(c *Client, m *message.Message) {
	r.stats.Undelivered++
	r.became(m, "undelivered", dispatch.Dropped, errNobody)
	r.log.debug("message reaches nobody", "message", shown(m))
	if o, asked := r.askerOf(c, m); asked {
		r.report(o, failed)
	}
}

// report tells who asked what became of the message.
func (r *Router) report(o asker, status string) {
	if o.again != nil {
		r.sendAgain(o.again)
		return
	}
	if o.waits {
		r.waiting.lost(r, o.id, o.server)
		return
	}
	if o.copies != nil {
		if *o.copies--; *o.copies > 0 {
			return // another may be read
		}
	}
	if o.reply && !o.collects && status == failed {
		r.sendTo(&o, r.make("SERVICE_UNAVAILABLE").Set("destination_service", o.destination).Set("unsent_command", o.command))
	}
	if o.report || o.collects {
		r.sendTo(&o, r.make("TRANSMISSION_REPORT").Set("command", o.command).Set("status", status))
	}
}

// once says whether m is the first to tell a client of this node that the message of that id failed: the router that had it may have
// told, and its link then broken, so that what became of the message is in doubt here, too. age is how long it may wait there.
func (r *Router) once(id string, m *message.Message, age time.Duration) bool {
	if status, ok := m.Lookup("status"); id == "" || ok && string(status) != failed {
		return true
	}
	id = m.Command() + " " + id
	if r.told.knows(id, r.unix) {
		return false
	}
	r.told.remember(id, r.unix+mostMemory+int64(age.Seconds()), r.o.Limits.Reports)
	return true
}

// tells says whether m tells, by its command, what became of a message.
func tells(m *message.Message) bool {
	switch string(m.CommandBytes()) {
	case "TRANSMISSION_REPORT", "SERVICE_UNAVAILABLE":
		return true
	}
	return false
}

// toldBefore says whether m, which came from another router, is a report for a client of this node that has it already. The id in it is
// for routers.
func (r *Router) toldBefore(m *message.Message) bool {
	if !tells(m) || string(m.ServerBytes()) != r.name {
		return false
	}
	id, _ := m.Get(paramReportID)
	m.Delete(paramReportID)
	if r.once(id, m, 0) {
		return false
	}
	r.stats.Duplicates++
	r.became(m, "duplicate", dispatch.Dropped, errDuplicate)
	return true
}

// sendTo sends a message about a message to who asked. A client of this node gets it on its connection; when that has ended, under its
// name.
func (r *Router) sendTo(o *asker, m *message.Message) {
	if o.c != nil && !r.once(o.id, m, o.age) {
		return
	}
	r.stats.Reports++
	if o.c != nil {
		if o.c.state < leaving {
			r.tell(o.c, m)
			return
		}
		if v := r.services.byName[o.service]; v != nil && len(v.holders) > 0 {
			r.tell(v.holders[0], m)
		}
		return
	}
	if !o.addressable() || message.VerifyToServer(o.server) != nil {
		return
	}
	if o.id != "" {
		m.Set(paramReportID, o.id)
	}
	if o.collects {
		m.Set(paramReportFor, o.branch)
	}
	m.SetServer(o.server)
	m.SetService(o.service)
	if r.isMine(m) {
		r.reported(nil, m)
		return
	}
	r.forward(nil, m, &trail{timeout: r.unix + reportAge})
}

// reported takes a TRANSMISSION_REPORT of another router about a message that this one sent on.
func (r *Router) reported(_ *Client, m *message.Message) {
	id, _ := m.Get(paramReportID)
	status, _ := m.Get("status")
	if status == cached || status == failed {
		router, ok := m.Get(paramReportFor)
		if !ok {
			router = m.SentFromServer()
		}
		r.waiting.answered(r, id, router, status)
	}
}

// duplicate drops a message that is old or was here before. Who waits for a report learns that this copy reached nobody.
func (r *Router) duplicate(c *Client, m *message.Message, t *trail) {
	r.stats.Duplicates++
	r.became(m, "duplicate", dispatch.Dropped, errDuplicate)
	old := t.timeout < r.unix
	if old && c.peer != nil && t.hops == 1 && !c.peer.late { // it came straight from where it began
		c.peer.late = true
		r.log.warn("messages of a router come too late and are dropped: the network was cut, or the clock of one of the two hosts is wrong",
			"router", c.peer.server, "late", time.Duration(r.unix-t.timeout+lifetime)*time.Second)
	}
	if old || m.Has(paramReportTo) {
		if o, asked := r.askerOf(c, m); asked {
			r.report(o, failed)
		}
	}
}
