package router

import (
	"time"

	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport/link"
)

// jamTime is how long those who send to a client wait for it at most while half of its queue is full, unless it has read an eighth of its
// queue meanwhile: others, to whom they send as well, wait with them, and a full queue that is read so slowly is eight seconds old.
const (
	jamTime  = time.Second
	jamShare = 8
)

// jam is a client that reads more slowly than it is sent to, and who waits for it.
//
// A router is quicker than most services. One that takes a burst as it can would be closed as if it did not read, because what others
// had to say came in a few milliseconds. So they are read from when it has made room. Routers are never waited with: others are behind
// them.
type jam struct {
	waiting []*client
	next    reactor.Timer // look at it
	read    uint64        // bytes, at the last look
	grown   bool          // since then it was sent something while half of its queue was full
	over    bool          // it reads too slowly: nobody waits for it
}

// crowded has the client in hand wait for c, to which it just sent something.
func (d *daemon) crowded(c *client) {
	from := d.hand
	if from == nil || from == c || from.isPeer() || from.ended || from.wire.waits || !d.stopAt.IsZero() {
		return
	}
	j := d.jams[c]
	if j == nil {
		j = &jam{read: c.wire.Conn.Stats().BytesOut}
		j.next = d.loop.After(d.jamTime, "jam", func() { d.lookAt(c) })
		d.jams[c] = j
	}
	j.grown = true
	if j.over {
		return
	}
	from.link.Conn() // gives back the room that it lent: while it has some the link does not look
	from.wire.waits = true
	j.waiting = append(j.waiting, from)
}

// lookAt decides whether c is waited for any longer.
func (d *daemon) lookAt(c *client) {
	j := d.jams[c]
	if !j.grown && !c.wire.Conn.Congested() {
		d.unjam(c)
		return
	}
	read := c.wire.Conn.Stats().BytesOut
	j.over = read-j.read < uint64(d.setup.clientQueue/jamShare)
	j.read, j.grown = read, false
	if j.over {
		d.goOn(j)
	}
	j.next = d.loop.After(d.jamTime, "jam", func() { d.lookAt(c) })
}

// drained is told that there is room in a queue again.
func (d *daemon) drained(l *link.Link) {
	c := l.Value().(*client)
	if j := d.jams[c]; j != nil && !c.wire.Conn.Congested() { // else it is one that had to wait itself
		d.goOn(j)
	}
}

// unjam forgets that c was slow.
func (d *daemon) unjam(c *client) {
	if j := d.jams[c]; j != nil {
		delete(d.jams, c)
		j.next.Cancel()
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
