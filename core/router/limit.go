package router

import (
	"net/netip"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

// rate counts the messages of one client in the current second.
type rate struct {
	second uint32 // Unix time
	count  uint32
}

// packetRates counts the datagrams of the current second by who sent them.
type packetRates struct {
	second uint32
	by     map[packetSender]uint32
}

// packetSender is a host, or a user of this one. A port says nothing: each run of a tool has another.
type packetSender struct {
	ip   netip.Addr
	uid  uint32
	user bool
}

// mostSenders is how many of those are told apart in one second; the others count as one.
const mostSenders = 1024

// count counts one more datagram of c and returns how many these are.
func (p *packetRates) count(c *Client, now uint32) uint32 {
	if p.second != now || p.by == nil {
		p.second, p.by = now, make(map[packetSender]uint32)
	}
	from := packetSender{ip: c.origin.Remote.IP, uid: c.origin.UID, user: c.origin.HasCred}
	if p.by[from] == 0 && len(p.by) >= mostSenders {
		from = packetSender{}
	}
	p.by[from]++
	return p.by[from]
}

// counted counts one more message of c in this second and returns how many these are, and how many they may be; 0: any number.
func (r *Router) counted(c *Client) (count uint32, limit int) {
	if c.origin.Kind == Datagram {
		if limit = r.o.Limits.PacketRate; limit > 0 {
			count = r.packets.count(c, uint32(r.unix))
		}
		return count, limit
	}
	if limit = r.o.Limits.ClientRate; limit <= 0 || c.state == linked {
		return 0, 0
	}
	if now := uint32(r.unix); c.rate.second != now {
		c.rate = rate{second: now}
	}
	c.rate.count++
	return c.rate.count, limit
}

// withinRate says whether c may send one more message in this second. The first that is too many is answered.
func (r *Router) withinRate(c *Client, m *message.Message) bool {
	count, limit := r.counted(c)
	if limit <= 0 || int64(count) <= int64(limit) {
		return true
	}
	r.stats.OverRate++
	r.became(m, "limited", dispatch.Dropped, errOverRate)
	if int64(count) == int64(limit)+1 {
		r.refuse(c, m, errOverRate.Error())
	}
	if o, asked := r.askerOf(c, m); asked {
		r.report(o, failed)
	}
	return false
}
