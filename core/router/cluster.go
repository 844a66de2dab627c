package router

import (
	"strconv"

	"github.com/ed-toolbox/ed/core/message"
)

// cluster is what was last told about the cluster.
type cluster struct {
	known        bool
	up, complete bool
	total        int

	changed bool // links or neighbors did: look again
	unsaved bool // neighbors were learnt or forgotten
}

// measure counts who is here: the routers that are linked, and this one. One that is known by several addresses counts once.
func (r *Router) measure() cluster {
	total, names := 1, make(map[string]bool)
	for _, n := range r.neighbors.list {
		if n.name == "" || !names[n.name] {
			total++
		}
		names[n.name] = true
	}
	count := len(r.peers) + 1
	quorum := total/2 + 1
	return cluster{known: true, up: count >= quorum, complete: count >= total, total: total}
}

// settleCluster tells services when the state of the cluster is another one. It looks after every event that changed links or
// neighbors, when all of its changes are made.
func (r *Router) settleCluster() {
	if r.cluster.unsaved {
		r.cluster.unsaved = false
		r.host.SaveNeighbors(r.Neighbors())
	}
	if !r.cluster.changed {
		return
	}
	now, was := r.measure(), r.cluster
	r.cluster = now
	if !was.known || now.up != was.up || now.total != was.total {
		r.push(r.clusterMessage(now.quorumCommand(), now))
	}
	if !was.known || now.complete != was.complete || now.total != was.total {
		r.push(r.clusterMessage(now.completeCommand(), now))
	}
	if !was.known || now.up != was.up || now.complete != was.complete {
		r.host.SaveClusterStatus(now.up, now.complete)
	}
}

func (k cluster) quorumCommand() string {
	if k.up {
		return "CLUSTER_UP"
	}
	return "CLUSTER_DOWN"
}

func (k cluster) completeCommand() string {
	if k.complete {
		return "CLUSTER_COMPLETE"
	}
	return "CLUSTER_INCOMPLETE"
}

func (r *Router) clusterMessage(command string, k cluster) *message.Message {
	m := r.make(command).Set("neighbors_count", strconv.Itoa(k.total))
	m.SetService(".")
	return m
}

// clusterStatus answers CLUSTER_STATUS with two messages.
func (r *Router) clusterStatus(c *Client, m *message.Message) {
	k := r.measure()
	r.answer(c, m, r.clusterMessage(k.quorumCommand(), k))
	r.answer(c, m, r.clusterMessage(k.completeCommand(), k))
}

// Cluster returns what CLUSTER_STATUS says: whether there is a quorum, whether all routers are connected, how many are known
// and how many are connected, this one included.
func (r *Router) Cluster() (up, complete bool, known, connected int) {
	k := r.measure()
	return k.up, k.complete, k.total, len(r.peers) + 1
}
