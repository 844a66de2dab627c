package router

import (
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

// broadcast sends m to the services of this node that announced its command, and, unless it is for this node alone, to other
// routers. It reaches each service once and not the one that sent it.
func (r *Router) broadcast(c *Client, m *message.Message, t *trail) {
	service, server := m.ServiceBytes()[0], m.ServerBytes()
	if service != '.' && len(server) != 0 && !(len(server) == 1 && server[0] == '*') {
		if c != nil {
			r.refuse(c, m, "a broadcast goes to no single server")
		}
		r.undeliverable(c, m)
		return
	}
	reached := r.toServices(c, m)
	if service != '.' && t.hops < mostHops {
		reached += r.toRouters(c, m, t, service == '?')
	}
	switch {
	case reached > 0:
		r.became(m, "broadcast", dispatch.Handled, nil)
	case t.set:
		r.became(m, "broadcast", dispatch.Dropped, errNobody)
	default:
		r.undeliverable(c, m)
	}
}

// toServices sends m to the services of this node that announced its command, but not to c. The line is made once. It
// returns how many took it.
func (r *Router) toServices(c *Client, m *message.Message) (reached int) {
	e := r.commands[string(m.CommandBytes())]
	if e == nil {
		return 0
	}
	line, err := m.AppendText(r.line[:0])
	r.line = line[:0]
	if err != nil {
		r.log.debug("broadcast cannot be written", "message", shown(m), "error", err)
		return 0
	}
	for to := range e.receivers(c) {
		if to.sendLine(m, line) == nil {
			reached++
		}
	}
	c.reachesAll()
	r.stats.Broadcasts++
	r.stats.Delivered += uint64(reached)
	return reached
}

// sendLine sends m, of which line is the text.
func (c *Client) sendLine(m *message.Message, line []byte) error {
	text, ok := c.conn.(TextConn)
	if !ok || !text.SpeaksText() {
		return c.Send(m)
	}
	if err := text.SendText(line); err != nil {
		c.refused++
		return err
	}
	c.sent++
	return nil
}

// toRouters sends m to all other routers that do not have it, or to those in private networks only. It returns how many took it.
func (r *Router) toRouters(c *Client, m *message.Message, t *trail, private bool) (reached int) {
	to := r.uninformed(c, t, private)
	if len(to) == 0 {
		return 0
	}
	copied := m.Clone()
	next := *t // t still says where m came from
	if r.begin(&next); !t.set {
		r.remember(&next)
	}
	r.mark(c, copied, &next, to)
	if r.tooLong(copied) {
		return 0
	}
	for _, p := range to {
		if p.Send(copied) == nil {
			reached++
		}
	}
	c.reachesAll()
	r.stats.Relayed += uint64(reached)
	return reached
}

// uninformed returns the routers that do not have a message yet: not c, from where it came, and none that it names.
func (r *Router) uninformed(c *Client, t *trail, private bool) []*Client {
	var list []*Client
	for _, p := range r.peers {
		if p != c && !t.has(p.peer.key) && (!private || isNear(p.peer.address.IP)) {
			list = append(list, p)
		}
	}
	return list
}

// push sends a message of this router to the services of this node that announced its command.
func (r *Router) push(m *message.Message) { r.toServices(nil, m) }
