package router

import (
	"errors"

	"github.com/ed-toolbox/ed/core/proc"
	rules "github.com/ed-toolbox/ed/core/router"
	"github.com/ed-toolbox/ed/transport"
)

// Ended implements rules.Attendant. The end of a TCP connection comes behind what was sent before it, which may be more than there
// is room for: of a process on this host the kernel tells at once.
func (d *daemon) Ended(conn rules.Conn) bool {
	c, ok := conn.(*client)
	if !ok {
		return false
	}
	if e, ok := c.wire.Conn.(transport.Ending); ok && e.Ended() {
		d.letGo(c)
		return true
	}
	remote := c.wire.Conn.Remote()
	if c.kind != rules.LocalTCP || !remote.IP.IsLoopback() || d.crowd.unread == nil {
		return false
	}
	ended, err := d.crowd.unread.Ended(remote.AddrPort(), c.wire.Conn.Local().AddrPort())
	return ended || errors.Is(err, proc.ErrGone)
}

// letGo has no client wait that is at its end: its heir would have to as well. Over TCP there may be more left than others have room for.
func (d *daemon) letGo(c *client) {
	if c.ended || c.wire.far {
		return
	}
	c.ended = true
	if c.wire.waits {
		c.wire.waits = false
		c.readOn("ended")
	}
}

// Hold implements rules.Attendant: the link finds the connection congested, and so stops behind the message in hand.
func (d *daemon) Hold(conn rules.Conn) {
	if c, ok := conn.(*client); ok {
		c.link.Conn() // gives back the room that it lent: while it has some the link does not look
		c.wire.held = true
	}
}

// Release implements rules.Attendant.
func (d *daemon) Release(conn rules.Conn) {
	if c, ok := conn.(*client); ok {
		c.wire.held = false
		c.readOn("registered")
	}
}

var _ rules.Attendant = (*daemon)(nil)
