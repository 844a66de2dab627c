package router

import (
	"crypto/subtle"
	"errors"
	"slices"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
)

// peer is another router, after the handshake.
type peer struct {
	server  string
	address address.Address // where it says that it is
	key     string          // how it is named among those who have a message
	plain   bool            // it is not of ours: it does not tell what is up
	said    bool            // it has ended the connection with DISCONNECT
	late    bool            // it was logged that its messages come too late

	listed map[string]bool // services that belong to it
	up     map[string]bool // services that are registered there, from routers that tell it
	heard  map[string]bool // services behind it
	nodes  map[string]bool // routers behind it

	load                                float64
	loadAt                              int64
	turn                                uint64 // when it was picked last for a service that several have
	answered                            uint64 // see AskAlive
	asked                               uint64 // messages that it had been sent, but for answers, when it was asked last
	answers                             uint64 // to such questions
	told                                bool   // it knows what is up here
	toldHeard, toldNodes, toldNeighbors string // and what is behind this router
}

// AskAlive asks a router that announced ALIVE for a sign of life. False: the client is none, it was sent nothing since it was asked last
// but answers to such questions, or nothing could be asked.
func (c *Client) AskAlive(serial uint64) bool {
	if c.state != linked || !c.understands("ALIVE") || c.sent-c.peer.answers == c.peer.asked {
		return false
	}
	if c.Send(c.r.make("ALIVE").SetUint("serial", serial)) != nil {
		return false
	}
	c.peer.asked = c.sent - c.peer.answers
	return true
}

// MustAnswer says whether the client is a router that is sure to answer AskAlive: one of ours.
func (c *Client) MustAnswer() bool { return c.state == linked && !c.peer.plain }

// Answered is the serial of the last question of AskAlive that was answered.
func (c *Client) Answered() uint64 {
	if c.peer == nil {
		return 0
	}
	return c.peer.answered
}

// alive takes the answer of a router.
func (r *Router) alive(c *Client, m *message.Message) {
	if serial, err := m.Uint("serial"); err == nil {
		c.peer.answered = serial
	}
}

// connect answers CONNECT, the first message of a router that connects: ACCEPT, REFUSE, or INVALID when it cannot show who it is.
func (r *Router) connect(c *Client, m *message.Message) {
	if !r.knownUser(c, m) {
		if m.Has("username") || m.Has("password") { // none at all is a router that was not told them, no guess
			r.strike(c)
		}
		r.refuse(c, m, "user or password are wrong, or missing")
		c.close()
		return
	}
	server, where, reason := r.introduced(c, m)
	if reason != "" {
		r.refuse(c, m, reason)
		return
	}
	old := r.nodes[server]
	switch {
	case server == r.name, old != nil && !sameRouter(old, c, where):
		r.refusePeer(c, r.make("REFUSE").Set("conflict", "name"))
		return
	case len(r.peers) >= r.o.MaxConnections && old == nil:
		r.refusePeer(c, r.make("REFUSE"))
		return
	}
	if old != nil { // it has started again, or its connection was cut and we have not noticed
		r.drop(old, errReplaced)
	}
	r.tell(c, r.make("REGISTER_FOR_LOADAVG"))
	r.tell(c, r.describe(r.make("ACCEPT")))
	r.tell(c, r.make("HELP"))
	r.link(c, m, server, where)
}

// sameRouter says whether c may be the router that old is: it came from the same host to the same place, and shows no less.
func sameRouter(old, c *Client, where address.Address) bool {
	return old.peer.address == where && old.origin.Kind == c.origin.Kind && old.origin.Remote.IP == c.origin.Remote.IP
}

var (
	errReplaced = errors.New("the same router has connected again")
	errNoAnswer = errors.New("no answer to CONNECT in time")
	errRefused  = errors.New("the other router refused")
)

// introduced reads who a router says it is.
func (r *Router) introduced(c *Client, m *message.Message) (server string, where address.Address, reason string) {
	if m.Has("version") || string(m.CommandBytes()) == "CONNECT" {
		if version, err := m.Int("version"); err != nil || version != 1 {
			return "", where, "version: this router speaks version 1"
		}
	}
	server, _ = m.Get("server_name")
	if err := message.VerifyServer(server); err != nil {
		return "", where, "server_name: " + err.Error()
	}
	where, err := m.Addr("my_address", address.Defaults{Port: 4042, NoLookup: true})
	if err != nil || !where.Scheme.IsIP() || where.Port == 0 {
		return "", where, "my_address: it is no IP:PORT"
	}
	switch {
	case where.IP.IsUnspecified() || where.IP.IsMulticast():
		return "", where, "my_address: it is not the address of one host"
	case server != r.name && where.IP == r.o.MyAddress.IP && where.Port == r.o.MyAddress.Port:
		return "", where, "my_address: it is that of this router"
	}
	where.Scheme = address.TCP
	if where.IP.IsLoopback() && !r.o.MyAddress.IP.IsLoopback() && c.origin.Remote.IP.IsValid() {
		where.IP = c.origin.Remote.IP // it has not been told its own address
	}
	return server, where, ""
}

// knownUser says whether a router that connects over TLS has shown who it is, by certificate or password. In the clear, which is for
// private networks, nobody is asked unless there are credentials.
func (r *Router) knownUser(c *Client, m *message.Message) bool {
	if c.origin.Kind != Secure || len(c.origin.Names) > 0 {
		return true
	}
	want := r.o.Credentials
	user, _ := m.Lookup("username")
	password, _ := m.Lookup("password")
	right := subtle.ConstantTimeCompare(user, []byte(want.User)) & subtle.ConstantTimeCompare(password, []byte(want.Password))
	return want.User != "" && want.Password != "" && right == 1
}

// refusePeer answers REFUSE. The connection ends when the other router, or the host, wants it to.
func (r *Router) refusePeer(c *Client, m *message.Message) {
	r.log.info("router was refused", "client", c.Label(), "answer", shown(m))
	if list := r.neighborList(); list != "" && !m.Has("conflict") {
		m.Set("neighbors", list)
	}
	r.tell(c, m)
}

// describe adds what routers tell one another in CONNECT and ACCEPT.
func (r *Router) describe(m *message.Message) *message.Message {
	m.Set("my_address", r.o.MyAddress.HostPort()).Set("server_name", r.name)
	if list := r.listedNames(); list != "" {
		m.Set("services", list)
	}
	if list := r.heardNames(nil); list != "" {
		m.Set("heard_of", list)
	}
	if list := r.neighborList(); list != "" {
		m.Set("neighbors", list)
	}
	return m
}

// accept answers ACCEPT: the router that was dialled takes this one.
func (r *Router) accept(c *Client, m *message.Message) {
	server, where, reason := r.introduced(c, m)
	if reason != "" {
		r.refuse(c, m, reason)
		return
	}
	n := r.neighbors.dialledBy(c)
	if n == nil || n.gossips(r) {
		r.refuse(c, m, "nobody asked for it")
		return
	}
	old := r.nodes[server]
	if server == r.name || old != nil && old.peer.address.AddrPort() != where.AddrPort() {
		r.log.warn("another router has the same name", "client", c.Label(), "name", server)
		n.refused = true
		r.drop(c, errRefused)
		return
	}
	if old != nil { // it is listed by two addresses, and took this one for started again
		r.drop(old, errReplaced)
	}
	n.server = server
	r.tell(c, r.make("HELP"))
	r.tell(c, r.make("REGISTER_FOR_LOADAVG"))
	r.link(c, m, server, where)
}

// link makes c a router of the cluster.
func (r *Router) link(c *Client, m *message.Message, server string, where address.Address) {
	c.state = linked
	c.peer = &peer{server: server, address: where, plain: true, listed: r.nameSet(m, "services"), heard: r.nameSet(m, "heard_of")}
	r.peers = append(r.peers, c)
	r.nodes[server] = c
	r.nameKeys()
	delete(r.heard.via, server)
	r.log.info("router is connected", "name", server, "address", where.HostPort(), "kind", c.origin.Kind.String())
	r.linkNeighbor(c)
	r.learnNeighbors(m)
	r.news.routes = true
	news := r.make("NEW_REMOTE_CONNECTION").Set("server_name", server)
	news.SetService(".")
	r.push(news)
	r.cluster.changed = true
}

// unlink takes c out of the cluster, if it is in it, and sees to it that it comes back.
func (r *Router) unlink(c *Client, err error) {
	if c.peer == nil {
		r.hungUp(c, err)
		return
	}
	r.peers = slices.DeleteFunc(r.peers, func(p *Client) bool { return p == c })
	r.nameKeys()
	p := c.peer
	delete(r.nodes, p.server)
	r.heard.drop(c)
	r.away.allLeave(p, r.unix, r.o.Limits.Services)
	c.peer = nil
	about := []any{"name", p.server, "said so", p.said}
	if err != nil {
		about = append(about, "error", err)
	}
	r.log.info("router is gone", about...)
	if !p.said {
		m := message.New("HANGUP").Set("server_name", p.server)
		m.SetService(".")
		r.push(m)
	}
	r.unlinkNeighbor(c, p)
	r.news.routes = true
	r.cluster.changed = true
}

// disconnect answers DISCONNECT: the other router stops.
func (r *Router) disconnect(c *Client, m *message.Message) {
	if c.peer == nil {
		c.close()
		return
	}
	server := c.peer.server
	c.peer.said = true
	c.close()
	r.unlink(c, nil)
	r.hasReceived(c, m) // no report goes to it now
	told := r.make("DISCONNECTED").Set("server_name", server)
	told.SetService(".")
	r.push(told)
}

// drop ends a connection at once.
func (r *Router) drop(c *Client, err error) {
	if c.state == gone {
		return
	}
	c.state, c.quick = leaving, false
	r.unlink(c, err)
	c.conn.Abort(err)
}

// peerCommands learns from its COMMANDS whether a router is of ours: then it wants to know what is up here.
func (r *Router) peerCommands(c *Client) {
	c.peer.plain = !c.understands("TRANSMISSION_REPORT")
	if !c.peer.plain && !c.peer.told {
		r.tellAll(c)
	}
}
