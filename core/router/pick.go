package router

import (
	"cmp"
	"slices"

	"github.com/ed-toolbox/ed/core/message"
)

// similar is how much more load a router may have than the least busy one and still take its turn.
const similar = 0.5

// pick returns the routers that can bring m to its service, the best first: none when it is not known who can. c, from where
// it came, is not among them, nor is any that has it already.
func (r *Router) pick(c *Client, m *message.Message, t *trail, any, private bool) []*Client {
	if !any {
		return r.pickNode(c, m, t)
	}
	var up, listed, behind []*Client
	service := m.ServiceBytes()
	for _, p := range r.peers {
		q := p.peer
		if p == c || t.has(q.key) || private && !isNear(q.address.IP) {
			continue
		}
		switch {
		case q.up[string(service)]:
			up = append(up, p)
		case q.listed[string(service)]:
			listed = append(listed, p)
		case q.heard[string(service)]:
			behind = append(behind, p)
		}
	}
	for _, list := range [...][]*Client{up, listed, behind} {
		if len(list) > 0 {
			r.sortByTurn(list)
			return list
		}
	}
	return nil
}

// sortByTurn puts first who is not busy and was picked the longest time ago.
func (r *Router) sortByTurn(list []*Client) {
	least := list[0].currentLoad(r.unix)
	for _, p := range list[1:] {
		least = min(least, p.currentLoad(r.unix))
	}
	slices.SortStableFunc(list, func(a, b *Client) int {
		busyA, busyB := a.currentLoad(r.unix) > least+similar, b.currentLoad(r.unix) > least+similar
		switch {
		case busyA != busyB && busyA:
			return 1
		case busyA != busyB:
			return -1
		}
		return cmp.Compare(a.peer.turn, b.peer.turn)
	})
	r.turn++
	list[0].peer.turn = r.turn
}

// currentLoad returns the load of a router's host, 0 when it is not known.
func (c *Client) currentLoad(now int64) float64 {
	if now-c.peer.loadAt > loadAge {
		return 0
	}
	return c.peer.load
}

// pickNode returns the router that m names, or one that can reach it.
func (r *Router) pickNode(c *Client, m *message.Message, t *trail) []*Client {
	server := m.ServerBytes()
	if p := r.nodes[string(server)]; p != nil {
		if p == c {
			return nil
		}
		return []*Client{p}
	}
	var list []*Client
	for _, p := range r.peers {
		if p != c && p.peer.nodes[string(server)] && !t.has(p.peer.key) {
			list = append(list, p)
		}
	}
	if len(list) > 0 {
		r.sortByTurn(list)
		return list
	}
	if p := r.heard.via[string(server)]; p != nil && p != c && p.state == linked && !t.has(p.peer.key) {
		return []*Client{p}
	}
	return nil
}

// mostHeard is how many routers are remembered that are behind others.
const mostHeard = 4096

// learned says which router brought messages of one that is not linked itself: the way back.
type learned struct {
	via map[string]*Client
}

func (l *learned) has(server []byte) bool { return l.via[string(server)] != nil }

// note remembers that a message of server came over c.
func (l *learned) note(r *Router, server []byte, c *Client) {
	if len(server) == 0 || string(server) == c.peer.server || string(server) == r.name || r.nodes[string(server)] != nil {
		return
	}
	if l.via[string(server)] == c || len(server) > longestName {
		return
	}
	if l.via == nil || len(l.via) >= mostHeard {
		l.via = make(map[string]*Client)
	}
	l.via[string(server)] = c
}

// drop forgets what was behind a router.
func (l *learned) drop(c *Client) {
	for server, p := range l.via {
		if p == c {
			delete(l.via, server)
		}
	}
}
