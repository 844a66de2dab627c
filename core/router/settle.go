package router

import (
	"time"

	"github.com/ed-toolbox/ed/core/message"
)

// The end of a router by kill -9 takes with it what it had read and not yet sent on, and nobody but the sender can tell of that. A
// client that registered with settles=true may therefore ask, with SETTLE, whether what it said before has left this
// process; SETTLED comes as soon as that is so. What was sent after the last SETTLE that was answered is in doubt when the
// connection ends.

// GoneConn is a Conn that knows how far what it took has come. Without it everything has left this process when Send returns.
type GoneConn interface {
	Conn
	// Given is a point behind all that was taken so far.
	Given() uint64
	// Gone says whether all before such a point is out of this process, so that its end does no harm to it.
	Gone(point uint64) bool
}

// paramSettles says in REGISTER that a client wants to ask, and in READY that it may.
const paramSettles = "settles"

// mostReached is to how many clients one may send before all are looked at when it asks.
const mostReached = 1024

// Pauses between two looks at what has not left yet.
const (
	settleSoon = time.Millisecond
	settleLate = 100 * time.Millisecond
)

// reach is where the messages of a client went since it last asked, and what is missing since it did.
type reach struct {
	to      map[*Client]struct{}
	all     bool // to anyone: a broadcast, or too many
	asked   bool // an answer is due
	serial  string
	missing map[*Client]uint64 // what has to leave: up to which point, see GoneConn
}

// settling are the clients that wait for an answer.
type settling struct {
	clients []*Client
	due     time.Time
	pause   time.Duration
}

// reaches notes that to was sent a message of c.
func (c *Client) reaches(to *Client) {
	if c == nil || c.reach == nil || c.reach.all {
		return
	}
	if c.reach.to[to] = struct{}{}; len(c.reach.to) > mostReached {
		c.reachesAll()
	}
}

// reachesAll notes that anybody may have been sent a message of c.
func (c *Client) reachesAll() {
	if c != nil && c.reach != nil {
		c.reach.all = true
		clear(c.reach.to)
	}
}

// wantsSettled notes whether c is going to ask.
func (c *Client) wantsSettled(m *message.Message) {
	switch wanted, _ := m.Bool(paramSettles); {
	case !wanted:
		c.reach = nil
	case c.reach == nil:
		c.reach = &reach{to: make(map[*Client]struct{}), missing: make(map[*Client]uint64), all: true} // it may have sent before
	}
}

// settle takes SETTLE. A second question stands for the first as well.
func (r *Router) settle(c *Client, m *message.Message) {
	v := c.reach
	if v == nil {
		r.refuse(c, m, "REGISTER with settles=true comes first")
		return
	}
	if !v.asked {
		v.asked = true
		r.settling.clients = append(r.settling.clients, c)
	}
	v.serial, _ = m.Get("serial")
	if v.all {
		for _, to := range r.clients {
			if to != c {
				v.wait(to)
			}
		}
	} else {
		for to := range v.to {
			v.wait(to)
		}
	}
	v.all = false
	clear(v.to)
	if c.memo.generation == r.services.generation && c.memo.to != nil {
		v.to[c.memo.to] = struct{}{} // the short way does not say it again
	}
	r.settling.pause, r.settling.due = settleSoon, r.now
}

// wait notes how much of what to was sent is still here.
func (v *reach) wait(to *Client) {
	conn, ok := to.conn.(GoneConn)
	if !ok || to.state == gone {
		return
	}
	if at := conn.Given(); !conn.Gone(at) {
		v.missing[to] = at // and all before it
	}
}

// settled says whether nothing is missing any more. What a client that has gone did not get has been reported.
func (v *reach) settled() bool {
	for to, at := range v.missing {
		if to.state == gone || to.conn.(GoneConn).Gone(at) {
			delete(v.missing, to)
		}
	}
	return len(v.missing) == 0
}

// settleAll answers those for whom nothing is missing any more.
func (r *Router) settleAll() {
	if r.settling.due.IsZero() || r.settling.due.After(r.now) {
		return
	}
	left := r.settling.clients[:0]
	for _, c := range r.settling.clients {
		v := c.reach
		switch {
		case v == nil || !v.asked || c.state >= leaving:
		case v.settled():
			v.asked = false
			r.tell(c, r.make("SETTLED").Set("serial", v.serial))
		default:
			left = append(left, c)
		}
	}
	clear(r.settling.clients[len(left):])
	r.settling.clients = left
	r.settling.due = time.Time{}
	if len(left) > 0 {
		r.settling.due = r.now.Add(r.settling.pause)
		r.settling.pause = min(2*r.settling.pause, settleLate)
	}
}
