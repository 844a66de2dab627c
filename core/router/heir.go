package router

import (
	"slices"
	"time"

	"github.com/ed-toolbox/ed/core/message"
)

// A service that starts again may register before this router has received the end of the instance before it, which is then on its way:
// the other end of its connection has gone. The name is that instance's until all that it said has been received. Its heir waits for
// that, and nothing that the heir says after REGISTER is received meanwhile.

// Attendant is a Host that can look whether a client has gone, and can have another wait. Without it who registers a name too early is
// refused.
type Attendant interface {
	Host
	// Ended says whether the other end of the connection has said its last. What that was may not have been received yet;
	// Closed follows when it was.
	Ended(c Conn) bool
	// Hold has Receive and Pass not called for the client of that connection, from when the Router returns until Release.
	Hold(c Conn)
	// Release ends it. Receive is not called before it returns.
	Release(c Conn)
}

// heirTime is how long an heir waits at most: the connection of the one before may be busy sending what is queued for it.
const heirTime = 3 * time.Second

// mostHeirs is how many may wait: each is looked at whenever a name changes hands. Others are refused as if nobody waited.
const mostHeirs = 100

// heir is a client that registers a name whose holder is at its end.
type heir struct {
	c     *Client
	m     *message.Message // its REGISTER
	until time.Time
}

// heirs are all of them, in the order in which they came.
type heirs struct {
	list []heir
	seen uint64 // services.generation when they were looked at
}

// waits has c wait for the name in m if all who hold it are at their end, until that time; zero: from now on.
func (r *Router) waits(c *Client, m *message.Message, v *service, until time.Time) bool {
	host, ok := r.host.(Attendant)
	if !ok || len(r.heirs.list) >= mostHeirs || !until.IsZero() && !until.After(r.now) || !v.ending(host) {
		return false
	}
	if until.IsZero() {
		until = r.now.Add(heirTime)
		host.Hold(c.conn)
		r.log.debug("registration waits for the end of the service before", "client", c.Label(), "service", v.name)
	}
	if len(r.heirs.list) == 0 {
		r.heirs.seen = r.services.generation
	}
	r.heirs.list = append(r.heirs.list, heir{c, m.Clone(), until})
	return true
}

// ending says whether all who hold v are at their end.
func (v *service) ending(host Attendant) bool {
	return !slices.ContainsFunc(v.holders, func(h *Client) bool { return !host.Ended(h.conn) })
}

// changed says whether the heirs are to be looked at.
func (h *heirs) changed(r *Router) bool {
	return len(h.list) > 0 && (h.seen != r.services.generation || r.stopping)
}

// due is when the first of them has waited long enough; zero: never.
func (h *heirs) due() (first time.Time) {
	for _, e := range h.list {
		if first.IsZero() || e.until.Before(first) {
			first = e.until
		}
	}
	return first
}

// decide looks again at all heirs: some may have the name now, others have waited too long.
func (r *Router) decide() {
	all := r.heirs.list
	r.heirs.list, r.heirs.seen = nil, r.services.generation
	for _, h := range all {
		before := len(r.heirs.list)
		switch {
		case h.c.state == gone:
			continue
		case h.c.state == leaving || r.stopping:
			r.quitting(h.c, h.m)
		default:
			r.registerUntil(h.c, h.m, h.until)
		}
		if len(r.heirs.list) == before {
			r.host.(Attendant).Release(h.c.conn)
		}
	}
}

// expireHeirs refuses those that have waited long enough.
func (r *Router) expireHeirs() {
	if due := r.heirs.due(); !due.IsZero() && !due.After(r.now) {
		r.decide()
	}
}
