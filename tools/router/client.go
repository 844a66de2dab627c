package router

import (
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	rules "github.com/ed-toolbox/ed/core/router"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
)

// client is a link as the rules see it: a rules.Conn that knows what may be lost.
type client struct {
	wire  ledger
	link  *link.Link
	rules *rules.Client // nil before OnOpen
	asked uint64        // serial of the last question whether a router lives
	index int32         // in daemon.crowd
	kind  rules.Kind
	ended bool // its other end is known to be gone: it waits for nobody
	d     *daemon
}

// Send implements rules.Conn.
func (c *client) Send(m *message.Message) error {
	c.wire.coming = 1
	err := c.link.Send(m)
	c.counted(err)
	return err
}

// SendFrom implements rules.StampConn.
func (c *client) SendFrom(s *message.Sender, m *message.Message) error {
	c.wire.coming = 1
	err := c.link.SendFrom(s, m)
	c.counted(err)
	return err
}

// Room implements rules.RoomConn.
func (c *client) Room(bytes int) []byte { return c.link.Room(bytes) }

// Fill implements rules.RoomConn.
func (c *client) Fill(room []byte, messages int) {
	c.link.Fill(room, messages)
	c.wire.taken += uint64(messages)
}

// SendText implements rules.TextConn.
func (c *client) SendText(line []byte) error {
	c.wire.coming = 1
	err := c.link.SendText(line)
	c.counted(err)
	return err
}

// TakesLines implements rules.LinesConn. Who waits for this client has to wait behind one message, not behind all that it sent at once.
func (c *client) TakesLines() bool { return c.link.TakesLines() && !c.wire.Conn.Congested() }

// SendLines implements rules.LinesConn.
func (c *client) SendLines(text []byte, messages int) error {
	c.wire.coming = uint64(messages)
	err := c.link.SendLines(text, messages)
	c.counted(err)
	return err
}

// counted counts messages if they were taken.
func (c *client) counted(err error) {
	if err == nil {
		c.wire.sent()
	}
	c.wire.coming = 0
	if c.wire.Conn.Congested() { // then it lends no room, and all that it is sent comes by here
		c.d.crowded(c)
	}
}

// Mark implements rules.MarkConn.
func (c *client) Mark() {
	c.link.Conn() // gives back the room that it lent
	c.wire.end()
}

// SpeaksText implements rules.TextConn.
func (c *client) SpeaksText() bool { return c.link.SpeaksText() }

// Pending implements rules.PendingConn.
func (c *client) Pending() int {
	c.link.Conn()
	return c.wire.pending()
}

// Given implements rules.GoneConn.
func (c *client) Given() uint64 {
	c.link.Conn()
	return c.wire.Conn.Stats().BytesOut + uint64(c.wire.Conn.Queued())
}

// Gone implements rules.GoneConn. What the kernel took for a Unix socket is there for the other process, whatever becomes of
// this one; over TCP it has to be acknowledged.
func (c *client) Gone(point uint64) bool {
	out := c.wire.Conn.Stats().BytesOut
	return out >= point && (!c.wire.far || c.wire.has() >= point)
}

// Close implements rules.Conn.
func (c *client) Close() error { return c.link.Close() }

// Abort implements rules.Conn.
func (c *client) Abort(err error) { c.link.Abort(err) }

// traffic hands what comes by links to the rules. It is a link.Dispatcher, so that no message waits for a walk through
// handlers on its way to another service.
type traffic struct{ d *daemon }

// Dispatch implements link.Dispatcher.
func (t traffic) Dispatch(from dispatch.Sender, m *message.Message) dispatch.Outcome {
	c := from.(*link.Link).Value().(*client)
	if c.wire.held { // it has gone, and never had its name
		return dispatch.Handled
	}
	t.d.hand = c
	if t.d.hooks.Any() {
		t.d.watched(from, m, func() rules.Fate { return t.d.rules.Observe(c.rules, m) })
	} else {
		t.d.rules.Receive(c.rules, m)
	}
	t.d.hand = nil
	return dispatch.Handled
}

// Pass implements link.Passer.
func (t traffic) Pass(from *link.Link, p []byte) (used, messages int) {
	if t.d.hooks.Any() {
		return 0, 0
	}
	t.d.hand = from.Value().(*client)
	used, messages = t.d.rules.Pass(t.d.hand.rules, p)
	t.d.hand = nil
	return used, messages
}

// Traced implements link.Dispatcher.
func (t traffic) Traced() bool { return t.d.hooks.Any() }

// Trace implements link.Dispatcher.
func (t traffic) Trace(ev *dispatch.Event) { t.d.trace(ev) }

// newServer makes the role for connections of a kind. Those that exist keep the limits that they began with.
func (d *daemon) newServer(kind rules.Kind) *link.Server {
	o := link.Options{
		Dispatcher: traffic{d}, Limit: d.setup.lineLimit, Slow: link.SlowClose, Loop: d.loop,
		OnOpen: d.opened, OnClose: d.closed, OnDrain: d.drained, OnMalformed: d.malformed,
	}
	if kind.Local() {
		o.Receive = link.Rate{Messages: d.setup.clientRate}
	}
	return link.NewServer(o)
}

// accept makes the handler of a new connection of a kind.
func (d *daemon) accept(kind rules.Kind, c transport.Conn) transport.Handler {
	n := &client{d: d, kind: kind}
	n.wire.Conn, n.wire.far = c, kind != rules.LocalUnix
	n.wire.lender, _ = c.(transport.Lender)
	n.link = d.servers[kind].Accept(&n.wire).(*link.Link)
	n.link.SetValue(n)
	d.crowd.add(n)
	if n.isPeer() && !d.routers.Active() {
		d.routers = d.loop.After(routersEvery, "routers", d.sweepRouters)
	}
	return n.link
}

// acceptor is accept as listeners want it.
func (d *daemon) acceptor(kind rules.Kind) transport.Accept {
	return func(c transport.Conn) transport.Handler {
		if !d.welcome(kind, c) {
			return nil
		}
		return d.accept(kind, c)
	}
}

// welcome says whether a peer may connect to a listener of a kind at all, by where it comes from.
func (d *daemon) welcome(kind rules.Kind, c transport.Conn) bool {
	ip := c.Remote().IP
	switch {
	case kind == rules.Remote && !ip.IsPrivate() && !ip.IsLoopback(),
		(kind == rules.Remote || kind == rules.Secure) && ip.IsLoopback() && !d.setup.loopbackPeers:
		d.counts.unwelcome++
		return false
	}
	return true
}

// opened tells the rules of a connection.
func (d *daemon) opened(l *link.Link) {
	c := l.Value().(*client)
	o := rules.Origin{Kind: c.kind, Remote: c.wire.Conn.Remote(), Names: c.wire.PeerNames()}
	if who, ok := c.wire.Conn.Peer(); ok {
		o.HasCred, o.UID, o.GID, o.PID = true, who.UID, who.GID, int32(who.PID)
	}
	c.rules = d.rules.Opened(c, o)
}

// closed tells the rules of the end of a connection, and what may be lost with it. A router that goes without a word has
// died, and with it what it had read and not yet sent on.
func (d *daemon) closed(l *link.Link, err error) {
	c := l.Value().(*client)
	d.crowd.remove(c)
	d.unjam(c)
	if c.rules == nil { // a handshake that failed
		d.counts.failed++
		d.log.Debug("connection failed", "kind", c.kind.String(), "peer", c.wire.Conn.Remote().String(), "error", err)
		return
	}
	var lost rules.Lost
	lost.Queued, lost.Uncertain = c.wire.lost(err == nil && c.rules.State() != "router")
	d.rules.Closed(c.rules, err, lost)
	d.checkDone()
}

// malformed counts lines that are no messages. What was in them is not for the log.
func (d *daemon) malformed(from dispatch.Sender, _ []byte, err error) {
	d.counts.malformed++
	if l, ok := from.(*link.Link); ok {
		if c := l.Value().(*client); c.rules != nil {
			d.log.Debug("line is no message", "client", c.rules.Label(), "error", err)
		}
	}
}
