package router

import (
	"time"

	"github.com/ed-toolbox/ed/core/proc"
	rules "github.com/ed-toolbox/ed/core/router"
)

// sweepEvery is how often each client is asked what has arrived: twice that is how long what went out is in doubt.
const sweepEvery = 5 * time.Second

// sweepMost is how many clients are asked at a time: it takes a system call each, and messages wait meanwhile.
const sweepMost = 128

// routersEvery is the same for other routers: there are few, and what is in doubt when one dies is reported though it may have arrived.
const routersEvery = 250 * time.Millisecond

// crowd is all clients, to be looked at a few at a time.
type crowd struct {
	list   []*client
	next   int
	peers  map[*client]bool // those where a router is, or is expected, at the other end
	unread *proc.Unread     // nil: the kernel does not tell what is unread at the other end of a TCP connection
}

func (w *crowd) add(c *client) {
	c.index = int32(len(w.list))
	w.list = append(w.list, c)
	if c.isPeer() {
		if w.peers == nil {
			w.peers = map[*client]bool{}
		}
		w.peers[c] = true
	}
}

func (w *crowd) remove(c *client) {
	last := len(w.list) - 1
	w.list[c.index] = w.list[last]
	w.list[c.index].index = c.index
	w.list[last] = nil
	w.list = w.list[:last]
	delete(w.peers, c)
}

// sweep lets some clients forget what has arrived, and returns when to go on.
func (w *crowd) sweep() time.Duration {
	n := len(w.list)
	for range min(n, sweepMost) {
		if w.next >= n {
			w.next = 0
		}
		w.list[w.next].sweep(w.unread)
		w.next++
	}
	return sweepEvery / time.Duration(max(1, (n+sweepMost-1)/sweepMost))
}

// sweepRouters does so for the routers of ours that were sent what somebody wants to know about. Others are asked no more often than
// anybody.
func (w *crowd) sweepRouters() {
	for c := range w.peers {
		if c.rules != nil && c.rules.MustAnswer() && c.rules.Owes() {
			c.sweep(w.unread)
		}
	}
}

// isPeer says whether the connection is one for routers.
func (c *client) isPeer() bool { return !c.kind.Local() }

// sweep lets the client forget what it has read. Over TCP the kernel takes what is sent also for a process that is suspended: another
// router is asked for a sign of life, behind what it was sent, and only its answer says that it has read that; of a service of this
// host the kernel can tell what waits for it.
func (c *client) sweep(unread *proc.Unread) {
	if c.wire.count > 0 && c.rules != nil && c.wire.far {
		if c.kind == rules.LocalTCP {
			has := c.wire.has()
			if n, ok := c.waits(unread); ok {
				c.wire.sweepRead(has, n)
				return
			}
		} else if !c.answers() {
			return
		}
	}
	c.wire.sweep()
}

// waits returns how much the process at the other end of a TCP connection on this host has not read, if that can be known.
func (c *client) waits(unread *proc.Unread) (int, bool) {
	if unread == nil {
		return 0, false
	}
	n, err := unread.TCP(c.wire.Conn.Remote().AddrPort(), c.wire.Conn.Local().AddrPort())
	return n, err == nil
}

// answers says whether another router has answered what it was asked last, and asks again. One that never answered is not believed to.
func (c *client) answers() bool {
	if c.rules.Answered() != c.asked {
		return c.rules.Answered() == 0 && !c.rules.MustAnswer()
	}
	if c.rules.AskAlive(c.asked + 1) {
		c.asked++
	}
	return true
}

// dropStrangers ends connections to addresses for other routers that were made long ago and over which none was accepted: whoever
// keeps many of them would keep routers out.
func (d *daemon) dropStrangers(now time.Time) {
	for c := range d.crowd.peers {
		if c.rules != nil && c.kind != rules.Out && c.rules.State() == "connected" && now.Sub(c.rules.Opened()) >= strangerTimeout {
			d.counts.unwelcome++
			d.log.Debug("connection was closed, no router was accepted over it", "client", c.rules.Label())
			_ = c.Close() // it may have ended already
		}
	}
}

// sweepRouters is the timer of crowd.sweepRouters; it runs while there are any.
func (d *daemon) sweepRouters() {
	d.dropStrangers(d.env.Now())
	if d.crowd.sweepRouters(); len(d.crowd.peers) > 0 {
		d.routers = d.loop.After(routersEvery, "routers", d.sweepRouters)
	}
}

// sweep is the timer of crowd.sweep.
func (d *daemon) sweep() { d.loop.After(d.crowd.sweep(), "sweep", d.sweep) }

// askUnread prepares to ask the kernel what services of this host have not read. Where it does not tell, time has to do.
func (d *daemon) askUnread() {
	u, err := proc.OpenUnread()
	if err != nil {
		d.log.Debug("the kernel does not tell what services have not read", "error", err)
		return
	}
	d.crowd.unread = u
}
