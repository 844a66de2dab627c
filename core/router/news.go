package router

import (
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/message"
)

// newsPause is how long changes are collected before other routers are told.
const newsPause = 20 * time.Millisecond

// news is what changed since other routers of ours were told. Those of C++ learn once, in CONNECT and ACCEPT, what belongs to this node.
type news struct {
	routes   bool // links
	services map[string]bool
}

func (n *news) service(name string) {
	if n.services == nil {
		n.services = make(map[string]bool)
	}
	n.services[name] = true
}

func (n *news) any() bool { return n.routes || len(n.services) > 0 }

// tellNews tells the other routers of ours what changed: which services came up and went down, what is behind this router.
func (r *Router) tellNews() {
	if !r.news.any() || r.stopping {
		return
	}
	changed := slices.Sorted(maps.Keys(r.news.services))
	routes := r.news.routes
	r.news = news{}
	var up, down []string
	for _, name := range changed {
		if v := r.services.byName[name]; v != nil && len(v.holders) > 0 {
			up = append(up, name)
		} else {
			down = append(down, name)
		}
	}
	for _, p := range slices.Clone(r.peers) {
		if p.peer != nil && p.peer.told {
			r.tellChanges(p, up, down, routes, false)
		}
	}
}

// tellAll tells a router of ours everything.
func (r *Router) tellAll(p *Client) {
	var up []string
	for name, v := range r.services.byName {
		if len(v.holders) > 0 {
			up = append(up, name)
		}
	}
	slices.Sort(up)
	p.peer.told = true
	r.tellChanges(p, up, nil, true, true)
}

// tellChanges sends GOSSIP in as many messages as the lists need. The first may begin with a clean table. What is behind this
// router is told when that has changed.
func (r *Router) tellChanges(p *Client, up, down []string, routes, all bool) {
	m := r.make("GOSSIP")
	if routes || all {
		heard, nodes, neighbors := r.heardNames(p), r.nodeNames(p), r.neighborList()
		if all || heard != p.peer.toldHeard || nodes != p.peer.toldNodes {
			m.Set("heard_of", heard).Set("nodes", nodes)
		}
		if neighbors != p.peer.toldNeighbors {
			m.Set("neighbors", neighbors)
		}
		p.peer.toldHeard, p.peer.toldNodes, p.peer.toldNeighbors = heard, nodes, neighbors
	}
	if all {
		m.SetBool("all", true).Set("listed", r.listedNames())
	}
	for len(up) > 0 || len(down) > 0 || m.Len() > 0 {
		var part string
		if len(up) > 0 {
			part, up = cutList(up)
			m.Set("up", part)
		} else if len(down) > 0 {
			part, down = cutList(down)
			m.Set("down", part)
		}
		r.tell(p, m)
		m = r.make("GOSSIP")
	}
}

// learnNews takes what another router tells about its services and routes.
func (r *Router) learnNews(c *Client, m *message.Message) {
	p := c.peer
	if m.Has("all") {
		r.away.allLeave(p, r.unix, r.o.Limits.Services)
		p.up, p.listed = nil, r.nameSet(m, "listed")
	}
	if p.up == nil {
		p.up = make(map[string]bool)
	}
	before, changed := len(p.up), m.Has("all")
	for name := range names(m, "up") {
		if len(p.up) < r.o.Limits.Services {
			p.up[strings.Clone(name)] = true
			r.away.comes(name)
		}
	}
	changed = changed || len(p.up) != before
	for name := range names(m, "down") {
		if p.up[name] {
			changed = true
			delete(p.up, name)
			r.away.leaves(p, strings.Clone(name), r.unix, r.o.Limits.Services)
		}
	}
	if m.Has("heard_of") {
		p.heard = r.nameSet(m, "heard_of")
	}
	if m.Has("nodes") {
		before := p.nodes
		p.nodes = r.nameSet(m, "nodes")
		changed = changed || !maps.Equal(before, p.nodes)
	}
	if changed && len(r.peers) > 1 {
		r.news.routes = true // the others can reach these through us
	}
	r.learnNeighbors(m)
}

// names yields the names in a list, without those that can be nobody's.
func names(m *message.Message, param string) iter.Seq[string] {
	list, _ := m.Get(param)
	return func(yield func(string) bool) {
		for name := range strings.SplitSeq(list, ",") {
			if name != "" && len(name) <= longestName && message.VerifyServer(name) == nil && !yield(name) {
				return
			}
		}
	}
}

// nameSet returns a list as a set.
func (r *Router) nameSet(m *message.Message, param string) map[string]bool {
	set := make(map[string]bool)
	for name := range names(m, param) {
		if len(set) < r.o.Limits.Services {
			set[name] = true
		}
	}
	return set
}

// listedNames returns the services that belong to this node.
func (r *Router) listedNames() string {
	text, _ := cutList(slices.Sorted(maps.Keys(r.listed)))
	return text
}

// heardNames returns the services behind the other routers, as p would not know them: p is not linked to those itself.
func (r *Router) heardNames(p *Client) string {
	set := make(map[string]bool)
	for _, q := range r.peers {
		if q != p && !(p != nil && p.peer.nodes[q.peer.server]) {
			maps.Copy(set, q.peer.up)
			if q.peer.plain {
				maps.Copy(set, q.peer.listed)
			}
		}
	}
	text, _ := cutList(slices.Sorted(maps.Keys(set)))
	return text
}

// nodeNames returns the routers that are linked, but not p.
func (r *Router) nodeNames(p *Client) string {
	var list []string
	for name, q := range r.nodes {
		if q != p {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	text, _ := cutList(list)
	return text
}
