package router

import (
	"time"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

// lastWords is how long clients stay connected when the router stops, so that what they say meanwhile is answered.
const lastWords = 100 * time.Millisecond

// paramReceived says, of ours, in DISCONNECT and SHUTDOWN how many messages a router has received over the connection. It takes no
// more: what is still on its way to it is lost.
const paramReceived = "received"

// Stop begins to stop this router, or with cluster all that are linked. Other routers and the services that announced
// DISCONNECTING are told at once, connections are closed at a Tick soon after. Done says when that is over.
func (r *Router) Stop(cluster bool) {
	defer r.leave(r.enter())
	if r.stopping {
		return
	}
	r.stopping, r.clusterwide = true, cluster
	r.closeAt, r.listens = r.now, true
	r.log.info("router stops", "cluster", cluster)
	r.emptyCache()
	r.handOver()
	command := "DISCONNECT"
	if cluster {
		command = "SHUTDOWN"
	}
	for i := len(r.clients) - 1; i >= 0; i-- {
		c := r.clients[i]
		c.quick = false
		switch {
		case c.MustAnswer():
			r.tell(c, r.make(command).SetUint(paramReceived, c.received))
			c.state = parting
		case c.state == linked || c.state == fresh && c.origin.Kind == Out:
			r.tell(c, r.make(command))
			c.close()
		case c.state == local && c.understands("DISCONNECTING"):
			r.tell(c, r.make("DISCONNECTING"))
		}
	}
	r.host.Stopping(cluster)
}

// shutdown answers SHUTDOWN: all routers are to stop.
func (r *Router) shutdown(c *Client, m *message.Message) {
	if c.state == linked && !m.Has(paramID) { // it came from that router itself, and from nobody behind it
		r.hasReceived(c, m)
	}
	r.Stop(true)
}

// parted takes what a router still says that was told that this one stops: only if it stops, too, it says what it has received.
func (r *Router) parted(c *Client, m *message.Message) {
	switch string(m.CommandBytes()) {
	case "DISCONNECT", "SHUTDOWN":
		if r.isMine(m) && !m.Has(paramID) {
			c.close()
			r.hasReceived(c, m)
		}
	}
}

// stopOrQuit answers STOP and QUITTING. Only the first is for a router.
func (r *Router) stopOrQuit(quitting bool) {
	if quitting {
		r.log.info("QUITTING received")
		return
	}
	r.Stop(false)
}

// closeAll closes all clients when their time is over.
func (r *Router) closeAll() {
	if r.closeAt.IsZero() || r.now.Before(r.closeAt) {
		return
	}
	if r.listens { // the clock stood still since the last Tick: the time begins now
		r.closeAt, r.listens = r.now.Add(lastWords), false
		return
	}
	r.closeAt = time.Time{}
	waiting := r.owedTo()
	for i := len(r.clients) - 1; i >= 0; i-- {
		if !waiting[r.clients[i]] {
			r.clients[i].close()
		}
	}
	if len(waiting) > 0 {
		r.closeAt = r.now.Add(lastWords)
	}
}

// owedTo returns the clients of this node that want to know about messages which others have not read yet: they stay until these are
// read or lost. Where everybody waits for everybody there are none.
func (r *Router) owedTo() map[*Client]bool {
	waiting := make(map[*Client]bool)
	leave := false
	for _, c := range r.clients {
		leave = leave || c.state == leaving
		if c.journal == nil || !c.trim() {
			continue
		}
		for _, e := range c.journal.entries {
			if to := e.asker.c; to != nil && to != c && to.state < leaving {
				waiting[to] = true
			}
		}
	}
	if !leave && len(waiting) == len(r.clients) {
		return nil
	}
	return waiting
}

// quitting answers messages that come while the router stops.
func (r *Router) quitting(c *Client, m *message.Message) {
	r.became(m, "stopping", dispatch.Dropped, errStopping)
	if c.state == parting {
		r.parted(c, m)
		return
	}
	if !r.stopping || c.state >= leaving || c.origin.Kind == Datagram || string(m.CommandBytes()) == "UNREGISTER" && r.isMine(m) {
		if c.state < leaving && c.origin.Kind != Datagram {
			c.close()
		}
		return
	}
	if o, asked := r.askerOf(c, m); asked {
		r.report(o, failed)
	}
	r.tell(c, r.make("QUITTING"))
	c.close()
}

// Stopped says whether the router has begun to stop, and whether all of the cluster is to.
func (r *Router) Stopped() (stopping, cluster bool) { return r.stopping, r.clusterwide }

// Done says whether the router has stopped: all clients are closed.
func (r *Router) Done() bool { return r.stopping && len(r.clients) == 0 }
