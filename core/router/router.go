package router

import (
	"hash/maphash"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

// routerName is the name of the service that every router is.
const routerName = "communicatord"

// Router is the rules and all that they have to remember. It belongs to one goroutine.
type Router struct {
	o    Options
	host Host
	wake Waker // host, if it can
	log  gate
	name string // of this node

	now  time.Time
	unix int64

	own  *dispatch.Dispatcher // messages for the router itself
	line []byte               // for lines that are

	lines   message.Lines   // of Pass
	passing message.Message // one of them
	block   []byte          // for broadcasts; nil before the first

	serial   uint64
	depth    int      // of calls into the rules
	orphans  []orphan // closed while the rules were at work
	clients  []*Client
	whence   *whence // of the last client
	services services
	heirs    heirs
	commands map[string]*command
	sets     map[uint64]*commandSet
	hash     maphash.Seed // of sets
	cache    cache
	listed   map[string]bool

	peers     []*Client // linked
	nodes     map[string]*Client
	key       string // how this one is named among those who have a message
	heard     learned
	away      away
	neighbors neighbors
	cluster   cluster
	news      news
	guard     guard
	told      guard // of messages that clients of this node were told had failed
	nextID    uint64
	turn      uint64 // of the last router that was picked
	waiting   waiting
	held      waitingReports
	strikes   strikes
	settling  settling
	inHand    inHand
	packets   packetRates
	load      load
	clock     ClockState

	stopping, clusterwide bool
	closeAt               time.Time // when clients are closed
	listens               bool      // until a while after that
	promised              time.Time // when Tick is called next
	stats                 Stats
}

// New returns a Router at the time now. Host may be asked to dial at the first Tick, not before.
func New(o Options, h Host, now time.Time) (*Router, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	r := &Router{host: h, name: o.ServerName, commands: make(map[string]*command), nodes: make(map[string]*Client),
		sets: make(map[uint64]*commandSet), hash: maphash.MakeSeed()}
	r.wake, _ = h.(Waker)
	r.o = o
	r.log = gate{logger: o.Logger}
	r.setNow(now)
	r.nextID = o.FirstID
	if r.nextID == 0 {
		r.nextID = uint64(now.UnixNano())
	}
	if err := r.handlers(); err != nil {
		return nil, err
	}
	r.services.init()
	r.list(o.Services)
	r.nameKeys()
	r.startNeighbors()
	return r, nil
}

func (r *Router) setNow(now time.Time) {
	r.now, r.unix = now, now.Unix()
	r.log.at(r.unix)
}

// list takes over the names of the services that belong to this node.
func (r *Router) list(names []string) {
	r.listed = make(map[string]bool, len(names))
	for _, name := range names {
		r.listed[name] = true
	}
}

// Opened tells the rules of a new connection. The Client is what Receive and Closed want; the host keeps it with the connection.
func (r *Router) Opened(conn Conn, o Origin) *Client {
	defer r.leave(r.enter())
	r.serial++
	c := &Client{r: r, conn: conn, origin: r.originOf(o), serial: r.serial, opened: r.now.UnixNano(), index: int32(len(r.clients))}
	c.stamp, _ = conn.(StampConn)
	r.clients = append(r.clients, c)
	r.stats.Opened++
	switch {
	case o.Kind == Out:
		r.dialled(c)
	case r.stopping:
		c.close()
	}
	return c
}

// DialFailed answers Host.Dial: there is no connection.
func (r *Router) DialFailed(to address.Address, err error) {
	defer r.leave(r.enter())
	r.dialFailed(to, err)
}

// orphan is a client that was closed while the rules were at work.
type orphan struct {
	c    *Client
	err  error
	lost Lost
}

// Closed tells the rules that a connection has ended: by the other end, an error, or a Close or Abort of its own. It is the last
// that is heard of it. Messages that are lost with it are reported to senders that asked for that.
func (r *Router) Closed(c *Client, err error, lost Lost) {
	if r.depth > 0 {
		r.orphans = append(r.orphans, orphan{c, err, lost})
		return
	}
	defer r.leave(r.enter())
	r.closed(c, err, lost)
}

func (r *Router) enter() *Router {
	r.depth++
	return r
}

// leave ends a call into the rules, and deals with what ended and what changed during it.
func (r *Router) leave(*Router) {
	defer func() { r.depth-- }()
	if r.depth == 1 {
		for len(r.orphans) > 0 || r.heirs.changed(r) {
			if len(r.orphans) == 0 {
				r.decide()
				continue
			}
			o := r.orphans[0]
			r.orphans = r.orphans[1:]
			r.closed(o.c, o.err, o.lost)
		}
		r.settleCluster()
		if next := r.nextTick(); r.wake != nil && next.Before(r.promised) {
			r.promised = next
			r.wake.Wake(next)
		}
	}
}

func (r *Router) closed(c *Client, err error, lost Lost) {
	if c.state == gone {
		return
	}
	last := len(r.clients) - 1
	r.clients[c.index] = r.clients[last]
	r.clients[c.index].index = c.index
	r.clients[last] = nil
	r.clients = r.clients[:last]
	r.stats.Closed++

	lost = Lost{Queued: max(0, lost.Queued), Uncertain: max(0, lost.Uncertain)}
	r.logLost(c, lost)
	c.state, c.quick = gone, false
	r.forget(c)
	r.unregister(c, true)
	r.unlink(c, err)
	r.reportLost(c, lost)
}

// Tick moves the clock of the rules. The host calls it at least once a second, or at the time that the last call returned,
// and may call it before every batch of messages.
func (r *Router) Tick(now time.Time) (next time.Time) {
	defer r.leave(r.enter())
	r.setNow(now)
	r.cluster.changed = r.cluster.changed || !r.cluster.known
	r.expire()
	r.waiting.expire(r)
	r.sendHeld()
	r.runNeighbors()
	r.measureLoad()
	r.tellNews()
	r.settleAll()
	r.expireHeirs()
	r.closeAll()
	r.promised = r.nextTick()
	return r.promised
}

// nextTick returns when there is something to do.
func (r *Router) nextTick() time.Time {
	next := r.now.Add(second)
	for _, due := range [...]time.Time{r.neighbors.due, r.settling.due, r.closeAt, r.heirs.due()} {
		if !due.IsZero() && due.Before(next) {
			next = due
		}
	}
	if soon := r.now.Add(newsPause); r.news.any() && soon.Before(next) {
		next = soon
	}
	if !next.After(r.now) {
		next = r.now.Add(time.Millisecond)
	}
	return next
}

// Reload takes over what may change while the router runs: services, neighbors, limits, policy, credentials, logger. Clients stay. On error
// nothing changes.
func (r *Router) Reload(o Options) error {
	if err := o.complete(); err != nil {
		return err
	}
	defer r.leave(r.enter())
	o.ServerName, o.MyAddress, o.FirstID = r.o.ServerName, r.o.MyAddress, r.o.FirstID
	r.o = o
	r.log.logger = o.Logger
	r.list(o.Services)
	for _, c := range r.clients {
		r.setQuick(c)
	}
	for _, n := range r.neighbors.list {
		n.explicit = false
	}
	for _, a := range o.Neighbors {
		r.learn(a, true)
	}
	r.news.routes = true
	return nil
}

// Commands returns what the router answers to HELP.
func (r *Router) Commands() []string { return strings.Split(ownCommands, ",") }
