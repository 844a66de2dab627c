package router

import (
	"time"

	"github.com/ed-toolbox/ed/core/message"
)

// register answers REGISTER: c is the service of that name from now on. HELP and READY come first, then the others are
// told, then c gets what waited for it.
func (r *Router) register(c *Client, m *message.Message) { r.registerUntil(c, m, time.Time{}) }

// registerUntil is register for a client that may wait until then for its name; zero: it does not wait yet.
func (r *Router) registerUntil(c *Client, m *message.Message, until time.Time) {
	name, _ := m.Get("service")
	group, _ := m.Get("group")
	reason := wrongRegister(m, name, group)
	if v := r.services.byName[name]; reason == "" && v != nil {
		if reason = v.conflict(c, group); reason != "" && r.waits(c, m, v, until) {
			return
		}
	}
	if reason == "" && r.o.Policy != nil {
		if err := r.o.Policy.Register(c, name); err != nil {
			reason = err.Error()
		}
	}
	if reason != "" {
		r.log.info("registration was refused", "client", c.Label(), "service", name[:min(len(name), longestName)], "reason", reason)
		r.refuse(c, m, reason)
		return
	}
	if c.service != nil && c.service.name != name {
		r.unregister(c, true)
	}
	v := r.services.add(name, r.o.Limits.Services)
	if v == nil {
		r.refuse(c, m, "too many services are registered here")
		return
	}
	if c.service == nil {
		if c.sender, _ = message.NewSender(r.name, name); c.sender == nil {
			return // both names were verified
		}
		passing, _ := m.Bool("temporary")
		v.passing = passing && (v.passing || v.up == 0) // a name that lasted once is remembered
		if len(v.holders) == 0 {
			v.share, v.up, v.down = shareOf(group), r.unix, 0
		}
		r.services.hold(v, c)
		c.service, c.state = v, local
	}
	r.setQuick(c)
	r.confirm(c, m)
	if len(v.holders) == 1 {
		r.announce(v)
	}
	r.deliverCached(v)
}

// confirm answers a REGISTER that was taken.
func (r *Router) confirm(c *Client, m *message.Message) {
	r.tell(c, r.make("HELP"))
	c.wantsSettled(m)
	ready := r.make("READY").Set("my_address", r.o.MyAddress.HostPort())
	if c.reach != nil {
		ready.SetBool(paramSettles, true)
	}
	r.tell(c, ready)
}

// longestName is how long the name of a service may be, as it is remembered when the service has gone. Longer ones of other routers, and of
// their services, are not remembered either.
const longestName = 255

// wrongRegister returns what is wrong with a REGISTER, or "".
func wrongRegister(m *message.Message, name, group string) string {
	if err := message.VerifyService(name); err != nil {
		return "service: " + err.Error()
	}
	if len(name) > longestName {
		return "service: the name is too long: 255 bytes at most"
	}
	if version, err := m.Int("version"); err != nil || version != 1 {
		return "version: this router speaks version 1"
	}
	if name == routerName {
		return "service: the name is reserved"
	}
	if group != "" && shareOf(group) == single {
		return "group: it is one, all or not given"
	}
	return ""
}

// conflict returns why c may not have the name beside those who hold it, or "".
func (v *service) conflict(c *Client, group string) string {
	switch {
	case len(v.holders) == 0 || c.service == v:
	case v.share == single || group == "":
		return "service: the name is taken"
	case v.share != shareOf(group):
		return "group: the others of this service registered in another way"
	case !sameUser(c, v.holders[0]):
		return "service: it belongs to another user"
	}
	return ""
}

// sameUser says whether c may share a name with h: it runs as the same user, or as root. Without a connection that says so all are
// the same.
func sameUser(c, h *Client) bool {
	return !h.origin.HasCred && !c.origin.HasCred || c.origin.HasCred && (c.origin.UID == 0 || h.origin.HasCred && c.origin.UID == h.origin.UID)
}

func shareOf(group string) share {
	switch group {
	case "one":
		return anyOne
	case "all":
		return toAll
	}
	return single
}

// unregister takes its name from c. The others are told that the service is down when it was the last of that name.
func (r *Router) unregister(c *Client, tell bool) {
	v := c.service
	if v == nil {
		return
	}
	r.services.release(v, c)
	c.service, c.quick = nil, false
	if c.state == local {
		c.state = fresh
	}
	if len(v.holders) == 0 {
		v.down = r.unix
		if tell {
			r.announce(v)
		}
		if v.passing {
			r.services.drop(v)
		}
	}
}

// setQuick notes whether messages of c may take the short way.
func (r *Router) setQuick(c *Client) {
	c.quick = c.state == local && !r.stopping && r.o.Policy == nil && r.o.Limits.ClientRate <= 0
}

// announce tells services that a service is up or down, and other routers that their routes changed.
func (r *Router) announce(v *service) {
	r.news.service(v.name)
	r.stats.Registrations++
	r.push(r.statusHere(v))
}
