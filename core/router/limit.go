package router

import "github.com/ed-toolbox/ed/core/message"

// rate counts the messages of one client in the current second.
type rate struct {
	second int64
	count  int
}

// withinRate says whether c may send one more message in this second. The first that is too many is answered.
func (r *Router) withinRate(c *Client, m *message.Message) bool {
	limit := r.o.Limits.ClientRate
	if limit <= 0 || c.state == linked {
		return true
	}
	if c.rate.second != r.unix {
		c.rate = rate{second: r.unix}
	}
	c.rate.count++
	if c.rate.count <= limit {
		return true
	}
	r.stats.OverRate++
	if c.rate.count == limit+1 {
		r.refuse(c, m, "too many messages in one second")
	}
	if o, asked := r.askerOf(c, m); asked {
		r.report(o, failed)
	}
	return false
}
