package router

import "github.com/ed-toolbox/ed/core/message"

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

// hasReceived reports the messages that a router which stops does not take any more, as it says in m.
func (r *Router) hasReceived(c *Client, m *message.Message) {
	n, err := m.Uint(paramReceived)
	if err != nil || c.journal == nil {
		return
	}
	list := c.journal.entries
	c.journal = nil
	for _, e := range list {
		if e.number > n {
			r.report(e.asker, failed)
		}
	}
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
