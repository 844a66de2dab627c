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
	server, service string  // what to address: c when it is registered, else a sender on another node
	id              string  // for a router that waits for reports: the id of the message
	waits           bool    // this router waits for reports of id
	command         string
	destination     string
	report          bool          // wants a TRANSMISSION_REPORT
	reply           bool          // wants a SERVICE_UNAVAILABLE
	age             time.Duration // how long the message waits for its service
}

// addressable says whether another router can send a report to the one who asked.
func (o *asker) addressable() bool { return o.id != "" || o.server != "" && o.service != "" }

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
	if to, ok := m.Get(paramReportTo); ok && message.VerifyServer(to) == nil {
		o.id, _ = m.Get(paramID)
		o.server, o.service = to, routerName
		return o, o.id != ""
	}
	o.server, o.service = m.SentFromServer(), m.SentFromService()
	return o, o.addressable() && o.service != routerName
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
	if o.waits {
		r.waiting.answered(r, o.id, status)
		return
	}
	if o.reply && o.id == "" && status == failed {
		r.sendTo(&o, r.make("SERVICE_UNAVAILABLE").Set("destination_service", o.destination).Set("unsent_command", o.command))
	}
	if o.report || o.id != "" {
		m := r.make("TRANSMISSION_REPORT").Set("command", o.command).Set("status", status)
		if o.id != "" {
			m.Set(paramReportID, o.id)
		}
		r.sendTo(&o, m)
	}
}

// sendTo sends a message about a message to who asked. A client of this node gets it on its connection; when that has ended, under its
// name.
func (r *Router) sendTo(o *asker, m *message.Message) {
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
		r.waiting.answered(r, id, status)
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

// logLost tells of the messages that are lost with the connection of c, while it has its name.
func (r *Router) logLost(c *Client, lost Lost) {
	switch {
	case lost.Queued > 0:
		r.log.warn("messages were lost with a client", "client", c.Label(), "lost", lost.Queued, "uncertain", lost.Uncertain)
	case lost.Uncertain > 0 && c.state != fresh: // most have arrived; a client without a name got answers only
		r.log.info("messages may have been lost with a client", "client", c.Label(), "uncertain", lost.Uncertain)
	}
}

// reportLost reports the messages that were lost with the connection of c.
func (r *Router) reportLost(c *Client, lost Lost) {
	n := uint64(lost.Queued + lost.Uncertain)
	r.stats.Lost += uint64(lost.Queued)
	r.stats.Uncertain += uint64(lost.Uncertain)
	if c.journal == nil {
		return
	}
	for _, e := range c.journal.entries {
		if n >= c.sent || e.number > c.sent-n {
			r.report(e.asker, failed)
		}
	}
	c.journal = nil
}

// journal is the messages that a connection took and whose senders want to know if they are lost.
type journal struct {
	entries []owed // in the order in which they were sent
	trim    int    // when there are so many, see which are gone
}

// owed is one message, by its number among all that were sent to the client.
type owed struct {
	number uint64
	asker  asker
}

// firstTrim is how many reports may be owed before the host is asked which messages have gone.
const firstTrim = 64

// mayOwe says whether one more message may be sent to c whose sender wants a report: there is a limit to what is remembered.
func (c *Client) mayOwe(limit int) bool {
	j := c.journal
	if j == nil {
		return limit > 0
	}
	if j.trim == 0 {
		j.trim = firstTrim
	}
	if len(j.entries) < min(j.trim, limit) {
		return true
	}
	if !c.trim() { // it cannot be known: the oldest have gone most likely
		j.drop(len(j.entries) / 2)
		return true
	}
	j.trim = max(firstTrim, 2*len(j.entries))
	return len(j.entries) < limit
}

// trim forgets messages that have been read. False: it cannot be known.
func (c *Client) trim() bool {
	pending, ok := c.conn.(PendingConn)
	if !ok {
		return false
	}
	waiting := uint64(max(0, pending.Pending()))
	j, n := c.journal, 0
	for n < len(j.entries) && j.entries[n].number+waiting <= c.sent {
		n++
	}
	if n > 0 {
		j.drop(n)
	}
	return true
}

// Owes says whether somebody wants to know about a message that the client may not have read.
func (c *Client) Owes() bool {
	if c.journal == nil {
		return false
	}
	c.trim()
	return len(c.journal.entries) > 0
}

func (j *journal) drop(n int) {
	j.entries = append(j.entries[:0], j.entries[n:]...)
}

// owe remembers who wants to know if the message that c took last is lost.
func (c *Client) owe(o asker) {
	if m, ok := c.conn.(MarkConn); ok {
		m.Mark()
	}
	if c.journal == nil {
		c.journal = &journal{}
	}
	c.journal.entries = append(c.journal.entries, owed{c.sent, o})
}
