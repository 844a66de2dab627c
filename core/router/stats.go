package router

import (
	"iter"
	"time"

	"github.com/ed-toolbox/ed/core/address"
)

// Stats counts what happened since the router was made. Numbers at the end are of now.
type Stats struct {
	Opened, Closed uint64 // connections
	Packets        uint64 // messages that came without one
	Registrations  uint64 // services that came up or went down

	Forwarded   uint64 // messages given to a service of this node that they name
	Relayed     uint64 // messages given to other routers, each copy
	Broadcasts  uint64 // messages for all services of this node
	Delivered   uint64 // copies of those
	Undelivered uint64 // messages that reached nobody
	Refused     uint64 // messages that were answered with INVALID
	Duplicates  uint64 // messages that were old, or here before
	OverRate    uint64 // messages over ClientRate or PacketRate

	Cached, CacheRefused, Expired uint64 // messages that waited, found no room, waited in vain
	Lost, Uncertain               uint64 // messages lost with a connection, for sure and perhaps
	Reports                       uint64 // reports to senders

	Clients, Services, Routers, Neighbors int
	CacheMessages, CacheBytes             int
	IDs, Waiting                          int // message ids remembered, messages about which other routers may still report
}

// Stats returns the counters.
func (r *Router) Stats() Stats {
	s := r.stats
	s.Clients, s.Routers, s.Neighbors = len(r.clients), len(r.peers), len(r.neighbors.list)
	s.Services = r.services.held
	s.CacheMessages, s.CacheBytes = r.cache.messages, r.cache.bytes
	s.IDs, s.Waiting = len(r.guard.queue), len(r.waiting.queue)
	return s
}

// Clients yields all connections, in no order. The rules must not be called during it.
func (r *Router) Clients() iter.Seq[*Client] {
	return func(yield func(*Client) bool) {
		for _, c := range r.clients {
			if !yield(c) {
				return
			}
		}
	}
}

// CacheEntry is one service for which messages wait.
type CacheEntry struct {
	Service  string
	Messages int
	Bytes    int
	Until    time.Time // when the last of them expires
}

// CacheEntries returns for which services messages wait, in no order.
func (r *Router) CacheEntries() []CacheEntry {
	var all []CacheEntry
	for name, list := range r.cache.byService {
		e := CacheEntry{Service: name, Messages: len(list)}
		until := int64(0)
		for _, w := range list {
			e.Bytes += len(w.text)
			until = max(until, w.until)
		}
		e.Until = time.Unix(until, 0)
		all = append(all, e)
	}
	return all
}

// Node is one router that is connected.
type Node struct {
	Name    string
	Address address.Address
	Kind    Kind    // how it is connected
	Load    float64 // its load average divided by its processors; 0: not known
	Up      int     // services that it says are registered there
	Behind  int     // routers that it can reach and this one cannot
}

// Routers returns the routers that are connected, in the order in which they came.
func (r *Router) Routers() []Node {
	var all []Node
	for _, p := range r.peers {
		n := Node{Name: p.peer.server, Address: p.peer.address, Kind: p.origin.Kind, Load: p.peer.load, Up: len(p.peer.up)}
		for name := range p.peer.nodes {
			if r.nodes[name] == nil && name != r.name {
				n.Behind++
			}
		}
		all = append(all, n)
	}
	return all
}
