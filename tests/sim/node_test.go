package sim_test

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/router"
)

// node is a host with a router, which is killed and starts again.
type node struct {
	w         *world
	name      string
	index     int
	address   address.Address
	neighbors []address.Address // that its operator named
	saved     []address.Address // that it saved
	listed    []string
	blocked   map[int]bool // routers that it can never connect to

	router   *router.Router
	life     int // counts its starts: what was planned for an earlier one does not happen
	links    map[*end]bool
	order    []*end // links, in the order in which they were made
	up, full bool   // what it said last about the cluster
	ticks    int    // counts what was planned
}

var limits = router.Limits{CacheMessages: 60, CacheBytes: 8000, Services: 200, Neighbors: 100, IDs: 3000, Reports: 500}

// start starts the router.
func (n *node) start() {
	w := n.w
	n.life++
	r, err := router.New(router.Options{
		ServerName: n.name, MyAddress: n.address, Services: n.listed, Neighbors: n.neighbors, Learned: n.saved,
		Limits: limits, Logger: slog.New(slog.DiscardHandler),
	}, n, w.date())
	if err != nil {
		w.fail("start %s: %v", n.name, err)
	}
	w.note("start", n.name)
	n.router = r
	n.tick(n.life)
}

// tick calls the router when it wants to be.
func (n *node) tick(life int) {
	if n.router == nil || n.life != life {
		return
	}
	next := n.router.Tick(n.w.date())
	n.checkLimits()
	n.Wake(next)
}

// Wake plans the next tick; what was planned before does not happen.
func (n *node) Wake(at time.Time) {
	n.ticks++
	life, tick := n.life, n.ticks
	n.w.after(max(0, at.Sub(n.w.date())), func() {
		if n.ticks == tick {
			n.tick(life)
		}
	})
}

// checkLimits sees that no table is over its limit.
func (n *node) checkLimits() {
	s := n.router.Stats()
	if s.IDs > limits.IDs || s.Waiting > limits.Reports || s.CacheMessages > limits.CacheMessages || s.CacheBytes > limits.CacheBytes ||
		s.Neighbors > limits.Neighbors || s.CacheBytes < 0 || s.CacheMessages < 0 {
		n.w.fail("%s is over its limits: %+v", n.name, s)
	}
}

// kill ends the router as kill -9 does: its connections break.
func (n *node) kill() {
	n.w.note("kill", n.name)
	n.router = nil
	n.life++
	n.w.faults = append(n.w.faults, n.w.now)
	for _, e := range n.order {
		if n.links[e] {
			n.w.cutEnd(e)
		}
	}
	n.links, n.order = make(map[*end]bool), nil
}

// stop ends the router as an operator does.
func (n *node) stop() {
	life := n.life
	n.w.faults = append(n.w.faults, n.w.now)
	n.w.note("stop", n.name)
	n.router.Stop(false)
	n.w.after(2*time.Second, func() {
		if n.life == life {
			n.kill()
		}
	})
}

// attach gives one end of a connection to the router.
func (n *node) attach(e *end, o router.Origin) {
	life, r := n.life, n.router
	n.links[e], n.order, e.closesSlow = true, append(n.order, e), true
	var c *router.Client
	e.closed = func(lost router.Lost) {
		delete(n.links, e)
		if n.life == life {
			n.w.note("closed", n.name+" "+c.Label())
			r.Closed(c, errors.New("end of connection"), lost)
		}
	}
	m := &message.Message{}
	e.receive = func(line string) {
		if n.life != life {
			return
		}
		if err := m.Decode([]byte(line)); err != nil {
			n.w.fail("%s sends what cannot be read: %q: %v", c.Label(), line, err)
		}
		r.Receive(c, m)
	}
	c = r.Opened(e, o)
}

// Dial connects to another router, if that can be.
func (n *node) Dial(to address.Address) {
	w, life := n.w, n.life
	w.after(w.delay(), func() {
		if n.life != life {
			return
		}
		var other *node
		for _, x := range w.nodes {
			if x.address == to {
				other = x
			}
		}
		if other == nil || other.router == nil || n.blocked[other.index] {
			n.router.DialFailed(to, errors.New("connection refused"))
			return
		}
		if stopping, _ := other.router.Stopped(); stopping {
			n.router.DialFailed(to, errors.New("connection refused"))
			return
		}
		mine, theirs := w.connect()
		other.attach(theirs, router.Origin{Kind: router.Remote, Remote: address.FromAddrPort(address.TCP, n.address.AddrPort())})
		n.attach(mine, router.Origin{Kind: router.Out, Remote: to})
	})
}

func (n *node) SaveNeighbors(list []address.Address) { n.saved = list }
func (n *node) SaveClusterStatus(up, complete bool)  { n.up, n.full = up, complete }

func (n *node) SaveLoad(address.Address, float64, message.Timespec) {}
func (n *node) RotateLog()                                          {}
func (n *node) Stopping(bool)                                       {}

// linkedTo says whether the router has a connection to that one.
func (n *node) linkedTo(other *node) bool {
	for _, p := range n.router.Routers() {
		if p.Name == other.name {
			return true
		}
	}
	return false
}

// settled says what is wrong with what the router knows, now that nothing has happened for long.
func (n *node) settled() string {
	knows := make(map[address.Address]bool)
	for _, a := range n.router.Neighbors() {
		knows[a] = true
	}
	want := 0
	for _, other := range n.w.nodes {
		if other == n || n.blocked[other.index] || n.w.shape.blocked > 0 && !knows[other.address] {
			continue // where not all can connect, not all learn of one another
		}
		want++
		if !n.linkedTo(other) {
			return fmt.Sprintf("%s is not connected to %s", n.name, other.name)
		}
	}
	up, complete, known, connected := n.router.Cluster()
	total := len(n.w.nodes)
	switch {
	case connected != want+1:
		return fmt.Sprintf("%s counts %d routers, not %d", n.name, connected, want+1)
	case n.w.shape.blocked == 0 && known != total:
		return fmt.Sprintf("%s knows %d routers of %d", n.name, known, total)
	case complete != (connected == known) || up != (connected >= known/2+1):
		return fmt.Sprintf("%s misjudges the cluster: up %t, complete %t with %d of %d", n.name, up, complete, connected, known)
	case n.up != up || n.full != complete:
		return fmt.Sprintf("%s told up %t, complete %t, but it is %t, %t", n.name, n.up, n.full, up, complete)
	}
	return ""
}

// quiet says what is left in the tables when nothing has been sent for long.
func (n *node) quiet() string {
	if s := n.router.Stats(); s.IDs != 0 || s.Waiting != 0 || s.CacheMessages != 0 || s.CacheBytes != 0 {
		return fmt.Sprintf("%s still remembers: %+v", n.name, s)
	}
	return ""
}
