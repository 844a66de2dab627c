package router

import (
	"errors"
	"hash/maphash"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
)

// The parameters that routers and their clients give to messages beside those of the command.
const (
	paramID         = "broadcast_msgid"
	paramHops       = "broadcast_hops"
	paramTimeout    = "broadcast_timeout"
	paramInformed   = "broadcast_informed_neighbors"
	paramOriginator = "broadcast_originator"
	paramSecure     = "secure_remote"
	paramReport     = "transmission_report"
	paramCache      = "cache"
	paramSecret     = "secret_code"
	paramReportTo   = "report_to"  // of ours: the router that waits for a report, where the sender cannot be addressed
	paramReportFor  = "report_for" // of ours, beside it and in the report: the router whose copy it is
	paramReportID   = "report_id"  // of ours, in a report: the broadcast_msgid of the message
)

const (
	mostHops  = 5   // routers that a message passes
	lifetime  = 10  // seconds that a message may be on its way
	reportAge = 180 // the same for a report: it is of use when the way has been cut for a while, too
	longestID = 256 // bytes
	// mostMemory is how long a message id is remembered at most, whatever its message says, in seconds.
	mostMemory = 300
)

// trail is what the broadcast parameters of a message say about its way.
type trail struct {
	set      bool // there are any
	id       string
	hops     int
	timeout  int64 // Unix seconds; 0 where none is set: lifetime from the start
	informed string
}

var (
	errTrailID      = errors.New(paramID + ": it is empty or too long")
	errTrailHops    = errors.New(paramHops + ": it is missing or no small number")
	errTrailTimeout = errors.New(paramTimeout + ": it is missing or no time")
)

// readTrail reads the broadcast parameters of a message of c. The way of one of a client begins here, whatever it says.
func (r *Router) readTrail(c *Client, m *message.Message) (trail, error) {
	id, ok := m.Lookup(paramID)
	if !ok {
		return trail{}, nil
	}
	if len(id) == 0 || len(id) > longestID {
		return trail{}, errTrailID
	}
	t := trail{set: true, id: string(id)}
	hops, err := m.Int(paramHops)
	if err != nil || hops < 0 || hops > 1000 {
		return trail{}, errTrailHops
	}
	t.hops = int(hops)
	if t.timeout, err = m.Int(paramTimeout); err != nil || t.timeout < 0 {
		return trail{}, errTrailTimeout
	}
	if c.state != linked {
		return trail{}, nil
	}
	t.informed, _ = m.Get(paramInformed)
	return t, nil
}

// fresh says whether a message is neither old nor known, and remembers it if it could come a second time: a message to one service
// that came straight from where it began cannot.
func (r *Router) fresh(m *message.Message, t *trail, mine bool) bool {
	if t.timeout < r.unix {
		return false
	}
	if r.guard.knows(t.id, r.unix) {
		return false
	}
	if mine || isGroup(m.ServiceBytes()) || t.hops != 1 || strings.Count(t.informed, ",") > 1 {
		r.remember(t)
	}
	return true
}

// remember keeps the id of a message as long as it may come again.
func (r *Router) remember(t *trail) {
	r.guard.remember(t.id, min(t.timeout, r.unix+mostMemory), r.o.Limits.IDs)
}

// isGroup says whether a service is one of "." "?" "*".
func isGroup(service []byte) bool {
	return len(service) == 1 && (service[0] == '.' || service[0] == '?' || service[0] == '*')
}

// guard remembers the ids of messages that were seen, as hashes: ids can be long.
type guard struct {
	seed  maphash.Seed
	until map[uint64]int64 // by hash, in Unix seconds
	queue []uint64         // hashes in the order in which they came
}

func (g *guard) hash(id string) uint64 {
	if g.until == nil {
		g.until, g.seed = make(map[uint64]int64), maphash.MakeSeed()
	}
	return maphash.String(g.seed, id)
}

func (g *guard) knows(id string, now int64) bool {
	until, ok := g.until[g.hash(id)]
	return ok && until >= now
}

// remember keeps an id. When there are limit of them the oldest is forgotten.
func (g *guard) remember(id string, until int64, limit int) {
	h := g.hash(id)
	if _, known := g.until[h]; !known {
		if len(g.queue) >= limit {
			delete(g.until, g.queue[0])
			g.queue = g.queue[1:]
		}
		g.queue = append(g.queue, h)
	}
	g.until[h] = until
}

// expire forgets the ids whose time is over, as far as they are the oldest.
func (g *guard) expire(now int64) {
	n := 0
	for n < len(g.queue) && g.until[g.queue[n]] < now {
		delete(g.until, g.queue[n])
		n++
	}
	g.queue = g.queue[n:]
	if len(g.queue) == 0 {
		g.queue = nil
	}
}

// newID returns an id for a message that begins its way here.
func (r *Router) newID() string {
	id := r.name + "-" + strconv.FormatUint(r.nextID, 10)
	r.nextID++
	return id
}

// begin gives a message that begins its way here what t lacks.
func (r *Router) begin(t *trail) {
	if t.set {
		return
	}
	t.set, t.id = true, r.newID()
	if t.timeout == 0 {
		t.timeout = r.unix + lifetime
	}
}

// mark writes into m where it has been: at c, from where it came, here, and at those who get it now.
func (r *Router) mark(c *Client, m *message.Message, t *trail, to []*Client) {
	m.Set(paramID, t.id).SetInt(paramHops, int64(t.hops+1)).SetInt(paramTimeout, t.timeout)
	m.Set(paramInformed, r.informedWith(c, t, to)).Set(paramOriginator, bracketed(r.o.MyAddress.IP)).Set(paramSecure, "false")
}

func bracketed(ip netip.Addr) string {
	if ip.Is6() {
		return "[" + ip.String() + "]"
	}
	return ip.String()
}

// informedWith returns the list of those who have the message, with c, this router and those in to.
func (r *Router) informedWith(c *Client, t *trail, to []*Client) string {
	var list []string
	if t.informed != "" {
		list = strings.Split(t.informed, ",")
	}
	list = append(list, r.key)
	if c != nil && c.peer != nil {
		list = append(list, c.peer.key)
	}
	for _, p := range to {
		list = append(list, p.peer.key)
	}
	slices.Sort(list)
	return strings.Join(slices.Compact(list), ",")
}

// has says whether a router is in the list of those who have the message.
func (t *trail) has(key string) bool {
	if t.informed == "" {
		return false
	}
	for entry := range strings.SplitSeq(t.informed, ",") {
		if entry == key {
			return true
		}
	}
	return false
}

// nameKeys finds how routers are named in the list of those who have a message: by their IP addresses, as in all routers, and by
// their ports, too, where several are known at one address. It is called when links change.
func (r *Router) nameKeys() {
	count := map[netip.Addr]int{r.o.MyAddress.IP: 1}
	for _, p := range r.peers {
		if p.peer.address.AddrPort() != r.o.MyAddress.AddrPort() {
			count[p.peer.address.IP]++
		}
	}
	key := func(a address.Address) string {
		if count[a.IP] > 1 {
			return a.AddrPort().String()
		}
		return a.IP.String()
	}
	r.key = key(r.o.MyAddress)
	for _, p := range r.peers {
		p.peer.key = key(p.peer.address)
	}
}
