package router

import (
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

// who is a set of sorts of clients.
type who uint8

const (
	aService   who = 1 << iota // over a local connection, registered or not
	aPacket                    // without a connection
	aStranger                  // a connection for routers, before CONNECT
	aDialled                   // a connection that this router made, before ACCEPT
	aRouter                    // a router, after the handshake
	onlyDirect                 // not from behind another router

	anybody = aService | aPacket | aRouter
)

// permitted says who may send which command to the router; commands that are not here anybody may. It is never written to.
var permitted = map[string]who{
	"ACCEPT":                  aDialled,
	"ALIVE":                   anybody | aStranger | aDialled,
	"COMMANDS":                aService | aDialled | aRouter | onlyDirect,
	"CONNECT":                 aStranger,
	"DISCONNECT":              aStranger | aDialled | aRouter | onlyDirect,
	"GOSSIP":                  aService | aStranger | aRouter | onlyDirect,
	"HELP":                    anybody | aDialled,
	"LISTEN_LOADAVG":          aService,
	"LOADAVG":                 aRouter | onlyDirect,
	"QUITTING":                aDialled | aStranger | aRouter | aService | onlyDirect,
	"RECEIVED":                aDialled | aRouter | onlyDirect,
	"REFUSE":                  aDialled,
	"REGISTER":                aService,
	"REGISTER_FOR_LOADAVG":    aDialled | aRouter | onlyDirect,
	"SETTLE":                  aService | onlyDirect,
	"TRANSMISSION_REPORT":     aRouter,
	"UNREGISTER":              aService,
	"UNREGISTER_FROM_LOADAVG": aDialled | aRouter | onlyDirect,
}

// sort returns which sort of client c is.
func (c *Client) sort() who {
	switch {
	case c.state == linked:
		return aRouter
	case c.origin.Kind.Local():
		return aService
	case c.origin.Kind == Datagram:
		return aPacket
	case c.origin.Kind == Out:
		return aDialled
	}
	return aStranger
}

// permits returns why c may not send m, or "". Nothing but the handshake counts from a router before it is done.
func (r *Router) permits(c *Client, m *message.Message, mine, relayed bool) string {
	sort := c.sort()
	allowed := anybody
	if mine {
		if w, listed := permitted[string(m.CommandBytes())]; listed {
			allowed = w
		} else if dispatch.NeverAnswered(m.CommandBytes()) {
			allowed = ^onlyDirect
		}
	}
	switch {
	case allowed&sort != 0:
	case sort == aStranger || sort == aDialled:
		return "this connection has to be accepted first, see CONNECT"
	case sort == aPacket:
		return "it needs a connection, it cannot come in a datagram"
	default:
		return "it is not for this kind of connection"
	}
	if relayed && mine && allowed&onlyDirect != 0 {
		return "it is for the neighbor only"
	}
	if r.o.Policy != nil && sort&anybody != 0 {
		if err := r.o.Policy.Send(c, m); err != nil {
			return err.Error()
		}
	}
	return ""
}
