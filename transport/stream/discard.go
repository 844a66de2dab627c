package stream

import (
	"bytes"

	"github.com/ed-toolbox/ed/transport"
)

// discarded is what was in the queue when it was thrown away.
type discarded struct {
	bytes, lines int
	who          transport.Credentials // of the peer, who cannot be asked for any more
	known        bool
}

// discardQueue drops the queue, which nobody will take any more, and notes what was in it.
func (c *Conn) discardQueue() {
	if n := c.Queued(); n > 0 {
		r := c.lazy()
		if r.discarded == nil {
			r.discarded = new(discarded)
		}
		d := r.discarded
		d.bytes += n
		if c.set.packets {
			d.lines += len(c.out.sizes) - c.out.sent
		} else {
			d.lines += bytes.Count(c.out.rest(), []byte{'\n'})
		}
		if !c.is(connecting) {
			d.who, d.known = c.Peer()
		}
	}
	c.drop()
}

// Discarded implements transport.Discarder.
func (c *Conn) Discarded() (bytes, lines int) {
	if c.rare == nil || c.rare.discarded == nil {
		return 0, 0
	}
	return c.rare.discarded.bytes, c.rare.discarded.lines
}
