package router

import (
	"errors"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
)

// state is how far a client has come.
type state uint8

const (
	fresh   state = iota // connected, no more
	local                // a registered service
	linked               // another router, after the handshake
	parting              // one that was told that this one stops: it is sent nothing more, and may say that it stops, too
	leaving              // to be closed when its queue is sent
	gone                 // closed
)

// String returns the state in one word, as LIST_SERVICES and tables show it.
func (s state) String() string {
	switch s {
	case fresh:
		return "connected"
	case local:
		return "registered"
	case linked:
		return "router"
	case parting, leaving:
		return "leaving"
	}
	return "closed"
}

// Client is one connection as the rules see it. It belongs to the goroutine of its Router. There may be very many that do
// nothing: what several have in common is shared (whence, commandSet), what few have is made when it is needed.
type Client struct {
	r      *Router
	conn   Conn
	stamp  StampConn // conn, if it can
	origin origin
	state  state
	quick  bool // messages to services of this node need none of the checks that others do: see Receive

	wantsLoad, toldLoad bool // a router that wants to know the load of this host, and did learn it

	index  int32 // in Router.clients
	listed int32 // in commands.clients
	serial uint64
	opened int64 // Unix time in ns

	service  *service        // while it is registered
	sender   *message.Sender // its name, as it is stamped
	peer     *peer           // while it is linked
	commands *commandSet     // what it announced; nil: nothing

	sent, received, refused uint64
	memo                    memo
	route                   *route   // nil: no line of it was passed on
	journal                 *journal // nil: nobody asked
	rate                    rate
	reach                   *reach // nil: it does not ask what has left
	cached                  int    // bytes of the cache that its messages fill
}

// origin is Origin, smaller.
type origin struct {
	*whence
	UID, GID uint32
	PID      int32
	Kind     Kind
	HasCred  bool
}

// whence is the part of an Origin that clients of a Unix socket have in common.
type whence struct {
	Remote address.Address
	Names  []string
}

// originOf returns what is kept of o.
func (r *Router) originOf(o Origin) origin {
	w := r.whence
	if w == nil || w.Remote != o.Remote || len(w.Names)+len(o.Names) > 0 {
		w = &whence{o.Remote, o.Names}
		r.whence = w
	}
	return origin{w, o.UID, o.GID, o.PID, o.Kind, o.HasCred}
}

// errGone is what a message to a closed client comes to.
var errGone = errors.New("connection closed")

// Send gives m to the client, and so lets handlers of messages answer. An error means that it was not taken.
func (c *Client) Send(m *message.Message) error {
	if c.state >= parting {
		return errGone
	}
	return c.put(m)
}

// put is Send for what may still be said to a client that is leaving.
func (c *Client) put(m *message.Message) error {
	if c.state == gone {
		return errGone
	}
	if err := c.conn.Send(m); err != nil {
		c.refused++
		return err
	}
	c.sent++
	if c.peer != nil && string(m.CommandBytes()) == "ABSOLUTELY" && string(m.ServiceBytes()) == routerName {
		c.peer.answers++
	}
	return nil
}

// close ends the connection when its queue is sent. Nothing but what the rules say is sent to it from now on.
func (c *Client) close() {
	if c.state >= leaving {
		return
	}
	c.state, c.quick = leaving, false
	if err := c.conn.Close(); err != nil {
		c.r.log.debug("connection was closed with an error", "client", c.Label(), "error", err)
	}
}

// Origin returns what the connection said about the client.
func (c *Client) Origin() Origin {
	o := &c.origin
	return Origin{Kind: o.Kind, Remote: o.Remote, HasCred: o.HasCred, UID: o.UID, GID: o.GID, PID: o.PID, Names: o.Names}
}

// Conn returns the connection that Opened was given.
func (c *Client) Conn() Conn { return c.conn }

// Service returns the name under which the client is registered, "" when it is not.
func (c *Client) Service() string {
	if c.service == nil {
		return ""
	}
	return c.service.name
}

// Server returns the name of the router that the client is, "" when it is none.
func (c *Client) Server() string {
	if c.peer == nil {
		return ""
	}
	return c.peer.server
}

// State returns "connected", "registered", "router", "leaving" or "closed".
func (c *Client) State() string { return c.state.String() }

// Serial returns a number that no other client of this Router has or had.
func (c *Client) Serial() uint64 { return c.serial }

// Opened returns when the connection was made, by the clock of the rules.
func (c *Client) Opened() time.Time { return time.Unix(0, c.opened) }

// Label returns a few words by which people know the client: its name and where it comes from.
func (c *Client) Label() string {
	where := c.origin.Kind.String()
	if c.origin.Remote.Scheme.IsIP() {
		where += " " + c.origin.Remote.HostPort()
	}
	switch {
	case c.service != nil:
		return c.service.name + " (" + where + ")"
	case c.peer != nil:
		return c.peer.server + " (" + where + ")"
	}
	return where
}

// Traffic returns how many messages the client sent, how many were sent to it, and how many of those its connection did not take.
func (c *Client) Traffic() (in, out, refused uint64) { return c.received, c.sent, c.refused }
