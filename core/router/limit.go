package router

import (
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

// rate counts the messages of one client in the current second.
type rate struct {
	second uint32 // Unix time
	count  uint32
}

// withinRate says whether c may send one more message in this second. The first that is too many is answered.
func (r *Router) withinRate(c *Client, m *message.Message) bool {
	limit := r.o.Limits.ClientRate
	if limit <= 0 || c.state == linked {
		return true
	}
	if now := uint32(r.unix); c.rate.second != now {
		c.rate = rate{second: now}
	}
	c.rate.count++
	if int64(c.rate.count) <= int64(limit) {
		return true
	}
	r.stats.OverRate++
	r.became(m, "limited", dispatch.Dropped, errOverRate)
	if int64(c.rate.count) == int64(limit)+1 {
		r.refuse(c, m, errOverRate.Error())
	}
	if o, asked := r.askerOf(c, m); asked {
		r.report(o, failed)
	}
	return false
}
