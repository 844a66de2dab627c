package router

import (
	"net/netip"

	"github.com/ed-toolbox/ed/core/message"
)

const (
	strikeWindow = 15 * 60 // seconds within which the next wrong password counts as another one
	strikesOut   = 3
	mostStrikes  = 1024 // addresses remembered
)

// strikes counts wrong passwords by address.
type strikes struct {
	by    map[netip.Addr]*strike
	queue []netip.Addr
}

type strike struct {
	count int
	last  int64
}

// strike counts a wrong password of c. From the third on everybody is told to block its address.
func (r *Router) strike(c *Client) {
	ip := c.origin.Remote.IP
	if !ip.IsValid() {
		return
	}
	s := &r.strikes
	if s.by == nil {
		s.by = make(map[netip.Addr]*strike)
	}
	e := s.by[ip]
	if e == nil {
		if len(s.queue) >= mostStrikes {
			delete(s.by, s.queue[0])
			s.queue = s.queue[1:]
		}
		e = &strike{}
		s.by[ip] = e
		s.queue = append(s.queue, ip)
	}
	if r.unix-e.last > strikeWindow {
		e.count = 0
	}
	e.count, e.last = e.count+1, r.unix
	r.log.warn("router showed wrong credentials", "client", c.Label(), "strikes", e.count)
	if e.count < strikesOut {
		return
	}
	m := message.New("BLOCK").Set("uri", ip.String()).Set("period", "1h").Set("profile", "system-login-attempts")
	m.Set("reason", "wrong user name or password for this router")
	m.SetService("*")
	var t trail
	r.broadcast(nil, m, &t)
}
