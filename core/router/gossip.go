package router

import (
	"errors"
	"fmt"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

// gossip answers GOSSIP: a router tells its address, so that it is dialled, or, once it is linked, what runs there.
func (r *Router) gossip(c *Client, m *message.Message) {
	if c.peer != nil && !m.Has("my_address") {
		r.learnNews(c, m)
		return
	}
	where, err := m.Addr("my_address", address.Defaults{Port: 4042, NoLookup: true})
	if err != nil || !where.Scheme.IsIP() {
		r.refuse(c, m, "my_address: it is no IP:PORT")
		return
	}
	if c.origin.Kind == Secure && where.Scheme == address.TCP {
		where.Scheme = address.TLS
	}
	// Who has not shown who it is may speak for itself only: nobody is to be dialled because a stranger says so.
	if c.sort() == aStranger && r.neighbors.find(where) == nil && c.origin.Remote.IP != where.IP {
		r.refuse(c, m, "my_address: it is not where this connection comes from")
		return
	}
	n := r.learn(where, false)
	if n == nil {
		r.refuse(c, m, "my_address: it cannot be that of another router")
		return
	}
	r.answer(c, m, r.make("RECEIVED"))
	if p := r.nodes[n.server]; p != nil && p.peer.address.AddrPort() != where.AddrPort() {
		n.server, n.name, r.cluster.changed = "", "", true // the linked one says that it is elsewhere: this is another router
	}
	if n.link == nil && n.out == nil && !n.dialling && !n.gossips(r) {
		n.pause, n.due = firstPause, r.now
		r.neighbors.soon(n.due)
	}
}

var errHungUp = errors.New("it ended the connection before it accepted this router")

var errReceived = errors.New("the other router knows that this one is here")

// received answers RECEIVED: the neighbor knows of us. If it has not come by the time of the next pause it is told again.
func (r *Router) received(c *Client, m *message.Message) {
	if n := r.neighbors.dialledBy(c); n != nil && n.gossips(r) {
		n.server = m.SentFromServer()
		r.answeredAt(n, n.server)
		c.close()
		r.hungUp(c, errReceived)
	}
}

// refused answers REFUSE of a router that was dialled.
func (r *Router) refused(c *Client, m *message.Message) {
	r.learnNeighbors(m)
	n := r.neighbors.dialledBy(c)
	c.close()
	if n == nil {
		return
	}
	n.out = nil
	pause := refusedPause
	if shutdown, _ := m.Bool("shutdown"); shutdown {
		pause = leavePause
	}
	conflict, _ := m.Get("conflict")
	from := m.SentFromServer()
	if conflict == "name" && r.nodes[from] != nil { // the name is this router's, which that one knows by another address
		n.server = from
		r.answeredAt(n, from)
		r.plan(n, firstPause)
		return
	}
	if conflict == "name" {
		r.log.warn("another router has this router's name: give one of them another server_name", "name", r.name, "address", n.address.HostPort(), "pause", pause)
	} else {
		r.log.warn("this router was refused", "by", n.address.HostPort(), "answer", shown(m), "pause", pause)
	}
	r.plan(n, pause)
}

// notTaken takes INVALID of a router that was dialled: CONNECT or GOSSIP was wrong for it. It is dialled again, as one of the two may be set
// right.
func (r *Router) notTaken(c *Client, m *message.Message) {
	r.became(m, "router", dispatch.Handled, nil)
	reason, _ := m.Get("message")
	c.close()
	r.hungUp(c, fmt.Errorf("it answered: %s", reason[:min(len(reason), shownBytes)]))
}

// linkNeighbor notes that a neighbor is linked by c.
func (r *Router) linkNeighbor(c *Client) {
	n := r.neighbors.dialledBy(c)
	if n == nil {
		n = r.neighbors.find(c.peer.address)
	}
	if n == nil && c.origin.Kind == Secure {
		n = r.neighbors.secureAt(c.peer.address)
	}
	if n == nil {
		n = r.learn(c.peer.address, false)
	}
	if n == nil {
		return // it has no address that could be dialled
	}
	if n.address.AddrPort() != c.peer.address.AddrPort() {
		n.also = c.peer.address
	}
	if n.out != nil && n.out != c {
		out := n.out
		n.out = nil
		r.drop(out, errReceived)
	}
	n.link, n.out, n.refused, n.missed, n.pause = c, nil, false, false, 0
	r.answeredAt(n, c.peer.server)
}

// answeredAt notes the name of the router that answered at n.
func (r *Router) answeredAt(n *neighbor, name string) {
	if name != "" && n.name != name {
		n.name, r.cluster.changed = name, true
	}
}

// secureAt returns the neighbor that is dialled over TLS at the same IP.
func (s *neighbors) secureAt(a address.Address) *neighbor {
	for _, n := range s.list {
		if n.address.Scheme == address.TLS && n.address.IP == a.IP && n.link == nil && n.also.IsZero() {
			return n
		}
	}
	return nil
}

// unlinkNeighbor plans how a neighbor comes back.
func (r *Router) unlinkNeighbor(c *Client, p *peer) {
	for _, n := range r.neighbors.list {
		if n.link != c {
			continue
		}
		n.link = nil
		switch {
		case n.gossips(r):
			r.plan(n, 0)
		case p.said:
			r.plan(n, leavePause)
		default:
			n.pause = firstPause
			r.plan(n, firstPause)
		}
	}
}

// hungUp notes that a connection to a neighbor has ended before the handshake.
func (r *Router) hungUp(c *Client, err error) {
	n := r.neighbors.dialledBy(c)
	if n == nil {
		return
	}
	n.out = nil
	if err == nil {
		err = errHungUp
	}
	if err != errReceived && !n.refused {
		r.missed(n, err)
	}
	if n.refused {
		n.refused = false
		r.plan(n, refusedPause)
		return
	}
	r.again(n)
}

// forgetNeighbor answers FORGET: a router has left for good. The first that hears of it tells all others.
func (r *Router) forgetNeighbor(c *Client, m *message.Message) {
	a, err := m.Addr("ip", address.Defaults{NoLookup: true, AnyPort: true})
	if err != nil || !a.Scheme.IsIP() {
		r.refuse(c, m, "ip: it is no IP address")
		return
	}
	t, _ := r.readTrail(c, m) // while c is linked: it may be forgotten itself
	keep := r.neighbors.list[:0]
	var lost []*neighbor
	for _, n := range r.neighbors.list {
		if n.address.IP == a.IP && (a.Port == 0 || n.address.Port == a.Port || n.also.Port == a.Port) {
			lost = append(lost, n)
			continue
		}
		keep = append(keep, n)
	}
	clear(r.neighbors.list[len(keep):])
	r.neighbors.list = keep
	for _, n := range lost {
		for _, link := range [...]*Client{n.link, n.out} {
			if link != nil {
				r.drop(link, errForgotten)
			}
		}
	}
	if len(lost) > 0 {
		r.neighborsChanged()
	}
	r.spread(c, m, &t)
}

var errForgotten = errors.New("the router is to be forgotten")

// spread sends a message for all routers, whose way is t, on to those that do not have it, and to services that announced it.
func (r *Router) spread(c *Client, m *message.Message, t *trail) {
	if t.hops >= mostHops {
		return
	}
	if !t.set {
		told := r.make(m.Command())
		for name, value := range m.Params() {
			told.Set(name, value)
		}
		told.SetServer("*")
		told.SetService(routerName)
		m = told
	}
	r.toServices(c, m)
	r.toRouters(c, m, t, false)
}
