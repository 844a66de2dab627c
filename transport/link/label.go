package link

import (
	"strconv"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/transport"
)

// label is what the events of a link say of it. It is made once: a busy link that is watched makes many.
type label struct{ name, peer string }

// Label fills an event with the link's serial and peer.
func (l *Link) Label(ev *dispatch.Event) {
	if l.label == nil {
		l.label = &label{l.conn.Local().String(), PeerName(l.conn)}
	}
	ev.Link, ev.Name, ev.Peer = l.conn.ID(), l.label.name, l.label.peer
}

// PeerName names the other end of a connection for people: its address, or for an unnamed end of a Unix socket the socket
// and the process, as in "unix:/run/x.sock#4711".
func PeerName(c transport.Conn) string {
	remote := c.Remote()
	if who, ok := c.Peer(); ok && remote.Path == "" {
		return c.Local().String() + "#" + strconv.Itoa(who.PID)
	}
	return remote.String()
}
