package router

import (
	"errors"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

// memo remembers to whom the last message of a client went: most send many to one.
type memo struct {
	generation uint64 // of the services, when it was looked up
	name       string
	to         *Client
}

// Receive treats a message that came from c. m is borrowed until it returns and may be changed: its sender is stamped, and
// parameters for other routers are added.
//
// A message from one registered service of this node to another takes the short way, which allocates nothing.
func (r *Router) Receive(c *Client, m *message.Message) {
	c.received++
	if c.quick {
		if to := r.near(c, m); to != nil && m.TextBound()+c.sender.Len() <= r.o.Limits.Line && to.sendFrom(c.sender, m) == nil {
			to.sent++
			r.stats.Forwarded++
			return
		}
	}
	r.treat(c, m)
}

// treat is the way of all other messages. A panic on it must not leave the rules believing that they are at work.
func (r *Router) treat(c *Client, m *message.Message) {
	defer r.leave(r.enter())
	r.receive(c, m)
}

// sendFrom sends m with another sender.
func (c *Client) sendFrom(s *message.Sender, m *message.Message) error {
	if c.stamp != nil {
		return c.stamp.SendFrom(s, m)
	}
	m.SetSender(s)
	return c.conn.Send(m)
}

// near returns the registered service of this node that m goes to, if there is no more to know about m.
func (r *Router) near(c *Client, m *message.Message) *Client {
	if server := m.ServerBytes(); len(server) != 0 && string(server) != r.name || m.HasEither(paramCache, paramReport) {
		return nil
	}
	name := m.ServiceBytes()
	if c.memo.generation == r.services.generation && string(name) == c.memo.name {
		return c.memo.to
	}
	s := r.services.byName[string(name)]
	if s == nil || len(s.holders) != 1 || s.holders[0] == c {
		return nil
	}
	c.memo = memo{r.services.generation, s.name, s.holders[0]}
	c.reaches(c.memo.to)
	return c.memo.to
}

// Packet treats a message that came without a connection. Answers and reports about it go to conn, whenever they come.
func (r *Router) Packet(conn Conn, o Origin, m *message.Message) {
	o.Kind = Datagram
	c := &Client{r: r, conn: conn, origin: r.originOf(o), opened: r.now.UnixNano(), index: -1}
	c.received++
	r.stats.Packets++
	r.treat(c, m)
}

// receive is the order in which every message is treated that did not take the short way.
func (r *Router) receive(c *Client, m *message.Message) {
	if r.stopping || c.state >= leaving {
		r.quitting(c, m)
		return
	}
	if !r.withinRate(c, m) {
		return
	}
	if c.origin.Kind == Datagram || c.state == linked { // communicatord leaves it in what it sends on
		m.Delete(paramSecret)
	}
	r.stamp(c, m)
	if c.state != linked && tells(m) {
		m.Delete(paramReportID) // only routers tell about the messages of others
	}
	mine := r.isMine(m)
	if !mine && len(m.ServiceBytes()) == 0 {
		m.SetService(routerName) // SERVER:COMMAND means the router there, and has no other form to go on in
	}
	t, err := r.readTrail(c, m)
	if err != nil {
		r.turnAway(c, m, mine, err.Error())
		return
	}
	if reason := r.permits(c, m, mine, t.set); reason != "" {
		r.turnAway(c, m, mine, reason)
		return
	}
	if t.set && !r.fresh(m, &t, mine) {
		r.duplicate(c, m, &t)
		return
	}
	if r.tooLong(m) {
		r.refuse(c, m, errTooLong.Error())
		r.undeliverable(c, m)
		return
	}
	if c.state == linked {
		r.heard.note(r, m.SentFromServerBytes(), c)
		if !mine && r.toldBefore(m) {
			return
		}
	}
	if mine {
		switch command := m.CommandBytes(); {
		case c.state == linked && string(command) == "ABSOLUTELY":
			r.alive(c, m)
		case c.sort() == aDialled && string(command) == "INVALID":
			r.notTaken(c, m)
			return
		}
		r.became(m, "router", r.own.Dispatch(c, m), nil)
		return
	}
	r.forward(c, m, &t)
}

var errTooLong = errors.New("the line gets too long on its way")

// tooLong says whether m, with what the rules have added, is longer than the lines that others take: it would end their connection.
func (r *Router) tooLong(m *message.Message) bool {
	if m.TextBound() <= r.o.Limits.Line {
		return false
	}
	line, err := m.AppendText(r.line[:0])
	r.line = line[:0]
	return err == nil && len(line) > r.o.Limits.Line
}

// stamp says in m who sent it. What a registered service wrote there is overwritten; what others wrote stays, unless it would pass
// for a service that is known here. Routers are believed, also about who they are when they were dialled.
func (r *Router) stamp(c *Client, m *message.Message) {
	switch {
	case c.service != nil:
		m.SetSender(c.sender)
	case c.state != linked && c.sort() != aDialled && r.pretends(m):
		m.SetSentFrom("", "")
	}
}

// pretends says whether the sender that m names is known: a service of this node, a router, or one of another node.
func (r *Router) pretends(m *message.Message) bool {
	server, service := m.SentFromServerBytes(), m.SentFromServiceBytes()
	if len(service) == 0 {
		return false
	}
	if string(service) == routerName {
		return true
	}
	if len(server) == 0 || string(server) == r.name {
		return r.services.byName[string(service)] != nil || r.listed[string(service)]
	}
	return r.nodes[string(server)] != nil || r.heard.has(server)
}

// isMine says whether m is for this router itself.
func (r *Router) isMine(m *message.Message) bool {
	if service := m.ServiceBytes(); len(service) != 0 && string(service) != routerName {
		return false
	}
	server := m.ServerBytes()
	return len(server) == 0 || len(server) == 1 && (server[0] == '.' || server[0] == '*') || string(server) == r.name
}

// turnAway refuses m. If it is for somebody else, it reaches nobody.
func (r *Router) turnAway(c *Client, m *message.Message, mine bool, reason string) {
	r.refuse(c, m, reason)
	if !mine {
		r.undeliverable(c, m)
	}
}

// refuse answers INVALID with the reason, unless m is itself such an answer.
func (r *Router) refuse(c *Client, m *message.Message, reason string) {
	r.stats.Refused++
	if r.inHand.m == m {
		r.became(m, "refused", dispatch.Invalid, errors.New(reason))
	}
	r.log.debug("message was refused", "client", c.Label(), "message", shown(m), "reason", reason)
	if !dispatch.NeverAnswered(m.CommandBytes()) {
		r.tell(c, m.Reply("INVALID").Set("command", m.Command()).Set("message", reason))
	}
}

// tell sends an answer to c. That it did not take it is for the log: answers are not answered.
func (r *Router) tell(c *Client, m *message.Message) {
	if err := c.Send(m); err != nil {
		r.log.debug("answer was not taken", "client", c.Label(), "message", shown(m), "error", err)
	}
}

// make returns a message of this router.
func (r *Router) make(command string) *message.Message {
	m := message.New(command)
	m.SetSentFrom(r.name, routerName)
	return m
}
