package router

import (
	"time"

	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport/link"
)

// jamTime is how long those who send to a client wait for it at most while half of its queue is full: within that time one that
// reads makes room, and who does not is none that others should wait for.
const jamTime = time.Second

// jam is a client that reads more slowly than it is sent to, and who waits for it.
//
// A router is quicker than most services. One that takes a burst as it can would be closed as if it did not read, because what others
// had to say came in a few milliseconds. So they are read from when it has made room. Routers are never waited with: others are behind
// them.
type jam struct {
	waiting []*client
	limit   reactor.Timer
	over    bool // nobody waits for it any more until it has made room
}

// crowded has the client in hand wait for c, to which it just sent something.
func (d *daemon) crowded(c *client) {
	from := d.hand
	if from == nil || from == c || from.isPeer() || from.wire.waits || !d.stopAt.IsZero() {
		return
	}
	j := d.jams[c]
	if j == nil {
		j = &jam{limit: d.loop.After(d.jamTime, "jam", func() { d.loosen(c) })}
		d.jams[c] = j
	}
	if j.over {
		return
	}
	from.link.Conn() // gives back the room that it lent: while it has some the link does not look
	from.wire.waits = true
	j.waiting = append(j.waiting, from)
}

// loosen lets those go on that wait for c, which was given all the time there is.
func (d *daemon) loosen(c *client) {
	j := d.jams[c]
	j.over = true
	d.goOn(j)
}

// drained is told that there is room in a queue again.
func (d *daemon) drained(l *link.Link) {
	if c := l.Value().(*client); !c.wire.Conn.Congested() { // else it is one that had to wait itself
		d.unjam(c)
	}
}

// unjam forgets that c was slow.
func (d *daemon) unjam(c *client) {
	if j := d.jams[c]; j != nil {
		delete(d.jams, c)
		j.limit.Cancel()
		d.goOn(j)
	}
}

// goOn has those read again that waited.
func (d *daemon) goOn(j *jam) {
	for _, c := range j.waiting {
		c.wire.waits = false
		c.readOn("jam")
	}
	j.waiting = nil
}

// readOn has the link look again whether it may read, from the next turn on: we may be in a callback of its own.
func (c *client) readOn(why string) {
	c.d.loop.After(0, why, func() { c.link.OnDrain(c.wire.Conn) })
}
