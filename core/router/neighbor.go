package router

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
)

// The pauses before another router is dialled.
const (
	firstPause    = time.Second      // after a connection was lost; doubled at each failure
	mostPause     = time.Minute      // at most
	leavePause    = 5 * time.Minute  // it said that it stops
	refusedPause  = 24 * time.Hour   // it does not want us
	firstGossip   = 5 * time.Second  // before it is told that we are here; doubled up to Options.GossipMax
	answerTimeout = 30 * time.Second // for the handshake
	stagger       = time.Second      // between the first connections
)

// neighbor is another router that is known, connected or not. Of two routers the one with the larger address dials; the other
// only tells it with GOSSIP that it is here.
type neighbor struct {
	address  address.Address
	also     address.Address // what it says its address is, if that is another port
	explicit bool            // the operator named it
	server   string          // the name of the router that accepted there, or is linked by another address
	name     string          // of the router that answered there last: it may be listed by several addresses

	link     *Client // while it is linked
	out      *Client // dialled, before the handshake
	dialling bool
	refused  bool
	missed   bool // the last attempt failed
	answerBy time.Time
	due      time.Time // of the next attempt
	pause    time.Duration
}

type neighbors struct {
	list []*neighbor
	due  time.Time // of the first attempt; zero: none
}

// gossips says whether n has the larger address, so that it dials us.
func (n *neighbor) gossips(r *Router) bool {
	return compareAddress(n.address, r.o.MyAddress) > 0
}

func compareAddress(a, b address.Address) int { return a.AddrPort().Compare(b.AddrPort()) }

// isNear says whether an address is in a private network.
func isNear(ip netip.Addr) bool { return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() }

// find returns the neighbor of that address: the one that is dialled there before one that only says that it is.
func (s *neighbors) find(a address.Address) (found *neighbor) {
	for _, n := range s.list {
		if n.address.AddrPort() == a.AddrPort() {
			return n
		}
		if found == nil && n.also.AddrPort() == a.AddrPort() {
			found = n
		}
	}
	return found
}

func (s *neighbors) dialledBy(c *Client) *neighbor {
	for _, n := range s.list {
		if n.out == c {
			return n
		}
	}
	return nil
}

// soon notes that something is due.
func (s *neighbors) soon(at time.Time) {
	if !at.IsZero() && (s.due.IsZero() || at.Before(s.due)) {
		s.due = at
	}
}

// startNeighbors takes over the routers that are known from the start.
func (r *Router) startNeighbors() {
	for _, a := range r.o.Neighbors {
		r.learn(a, true)
	}
	for _, a := range r.o.Learned {
		r.learn(a, false)
	}
	first := r.now
	for _, n := range r.neighbors.list {
		if !n.gossips(r) {
			n.due = first
			r.neighbors.soon(first)
			first = first.Add(stagger)
		}
	}
}

// learn adds a router to those that are known; it is nil if it cannot be one.
func (r *Router) learn(a address.Address, explicit bool) *neighbor {
	own := r.o.MyAddress
	ip := a.IP
	bad := !ip.IsValid() || a.Port == 0 || ip.IsUnspecified() || ip.IsMulticast() || ip.Zone() != "" || a.AddrPort() == own.AddrPort()
	if bad || ip.IsLoopback() && !own.IP.IsLoopback() {
		return nil
	}
	if a.Scheme != address.TLS && a.Port == 4043 {
		a.Scheme = address.TLS
	}
	if a.Scheme != address.TLS {
		a.Scheme = address.TCP
	}
	if n := r.neighbors.find(a); n != nil {
		n.explicit = n.explicit || explicit
		return n
	}
	if len(r.neighbors.list) >= r.o.Limits.Neighbors {
		r.log.warn("too many routers are known", "limit", r.o.Limits.Neighbors)
		return nil
	}
	n := &neighbor{address: a, explicit: explicit}
	r.neighbors.list = append(r.neighbors.list, n)
	r.plan(n, 0)
	r.neighborsChanged()
	return n
}

// plan sets when n is dialled, after a pause; 0 is the first of its sort.
func (r *Router) plan(n *neighbor, after time.Duration) {
	switch {
	case n.gossips(r) && after == 0:
		n.pause = firstGossip
		after = firstGossip
	case after == 0:
		n.pause = firstPause
	}
	n.due = r.now.Add(after)
	r.neighbors.soon(n.due)
}

// neighborsChanged notes that the list is to be saved and the cluster to be looked at, but for the list from the start.
func (r *Router) neighborsChanged() {
	if r.cluster.known {
		r.cluster.changed, r.cluster.unsaved, r.news.routes = true, true, true
	}
}

// Neighbors returns the addresses of all routers that are known.
func (r *Router) Neighbors() []address.Address {
	list := make([]address.Address, 0, len(r.neighbors.list))
	for _, n := range r.neighbors.list {
		list = append(list, n.address)
	}
	return list
}

// neighborList returns the routers that others may learn of: those the operator named, and those that are connected.
func (r *Router) neighborList() string {
	var list []string
	for _, n := range r.neighbors.list {
		if n.explicit || n.link != nil {
			list = append(list, n.address.HostPort())
		}
	}
	slices.Sort(list)
	text, _ := cutList(list)
	return text
}

// learnNeighbors reads the routers that another one knows.
func (r *Router) learnNeighbors(m *message.Message) {
	list, ok := m.Lookup("neighbors")
	if !ok {
		return
	}
	for text := range strings.FieldsFuncSeq(string(list), func(c rune) bool { return c == ',' || c == ' ' }) {
		if a, err := address.Parse(text, address.Defaults{Port: 4042, NoLookup: true}); err == nil && a.Scheme.IsIP() {
			r.learn(a, false)
		}
	}
}

// runNeighbors dials those whose time has come, and ends handshakes that take too long.
func (r *Router) runNeighbors() {
	if r.stopping || r.neighbors.due.IsZero() || r.now.Before(r.neighbors.due) {
		return
	}
	r.neighbors.due = time.Time{}
	for _, n := range slices.Clone(r.neighbors.list) {
		if n.out != nil && !r.now.Before(n.answerBy) {
			r.drop(n.out, errNoAnswer)
		}
		if n.out != nil {
			r.neighbors.soon(n.answerBy)
			continue
		}
		if n.link != nil || n.dialling || n.due.IsZero() {
			continue
		}
		if r.now.Before(n.due) {
			r.neighbors.soon(n.due)
			continue
		}
		if r.elsewhere(n) {
			r.neighbors.soon(r.now.Add(answerTimeout))
			continue
		}
		n.dialling, n.due = true, time.Time{}
		r.host.Dial(n.address)
	}
}

// elsewhere says whether the router that accepted at n is linked, or being dialled, by another of its addresses: it would take us for
// started again, and end that connection.
func (r *Router) elsewhere(n *neighbor) bool {
	if n.server == "" {
		return false
	}
	for _, o := range r.neighbors.list {
		if o != n && o.server == n.server && (o.dialling || o.out != nil) {
			return true
		}
	}
	return r.nodes[n.server] != nil
}

// dialled begins the handshake on a connection that was made to a neighbor.
func (r *Router) dialled(c *Client) {
	n := r.neighbors.find(c.origin.Remote)
	if n != nil {
		n.dialling = false // even if it has connected by itself meanwhile
	}
	if n == nil || r.stopping || n.link != nil || n.out != nil {
		c.close()
		return
	}
	n.out, n.answerBy = c, r.now.Add(answerTimeout)
	r.neighbors.soon(n.answerBy)
	if n.gossips(r) {
		r.tell(c, message.New("GOSSIP").Set("my_address", r.o.MyAddress.HostPort()))
		return
	}
	m := r.describe(r.make("CONNECT")).SetInt("version", 1)
	if n.address.Scheme == address.TLS && r.o.Credentials.User != "" {
		m.Set("username", r.o.Credentials.User).Set("password", r.o.Credentials.Password)
	}
	r.tell(c, m)
}

// dialFailed plans the next attempt.
func (r *Router) dialFailed(to address.Address, err error) {
	n := r.neighbors.find(to)
	if n == nil {
		return
	}
	n.dialling, n.server = false, ""
	if n.link != nil {
		return // it has connected by itself meanwhile
	}
	r.missed(n, err)
	if n.gossips(r) {
		m := message.New("UNREACHABLE").Set("who", to.HostPort())
		m.SetService(".")
		r.push(m)
	}
	r.again(n)
}

// missed logs that an attempt failed: as a warning once, as the attempts go on.
func (r *Router) missed(n *neighbor, err error) {
	if n.explicit && !n.missed {
		r.log.warn("neighbor cannot be reached, attempts go on", "address", n.address.HostPort(), "error", err)
	} else {
		r.log.debug("router cannot be reached", "address", n.address.HostPort(), "error", err)
	}
	n.missed = true
}

// again plans the next attempt after a failed one.
func (r *Router) again(n *neighbor) {
	limit := mostPause
	if n.gossips(r) {
		limit = r.o.GossipMax
	}
	n.pause = min(max(2*n.pause, firstPause), limit)
	r.plan(n, n.pause)
}
