package router

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/ed-toolbox/ed/core/message"
)

// serviceStatus answers SERVICE_STATUS.
func (r *Router) serviceStatus(c *Client, m *message.Message) {
	name, _ := m.Get("service")
	if err := message.VerifyService(name); err != nil {
		r.refuse(c, m, "service: "+err.Error())
		return
	}
	r.answer(c, m, r.statusOf(name))
}

// statusOf returns STATUS of a service: up, down when it belongs to a router or was seen at one before, unknown. What belongs here is up
// here or nowhere, as messages for it wait here. Services of other routers are up where those say so; C++ routers do not say, so what
// belongs to them alone is unknown.
func (r *Router) statusOf(name string) *message.Message {
	m := r.makeStatus(name)
	v := r.services.byName[name]
	switch {
	case v != nil && (len(v.holders) > 0 || r.listed[name]):
		return r.statusHere(v)
	case r.listed[name]:
		return m.Set("server_name", r.name).Set("status", "down")
	}
	for _, p := range r.peers {
		if p.peer.up[name] {
			return m.Set("server_name", p.peer.server).Set("status", "up")
		}
	}
	if v != nil {
		return r.statusHere(v)
	}
	if was, ok := r.away.last[name]; ok {
		return m.Set("server_name", was.server).Set("status", "down").SetInt("down_since", was.since)
	}
	for _, p := range r.peers {
		if p.peer.up != nil && p.peer.listed[name] { // it tells what is up, and this is not
			return m.Set("server_name", p.peer.server).Set("status", "down")
		}
	}
	return m.Set("status", "unknown")
}

// statusHere returns STATUS of a service that is or was registered on this node, whatever other nodes have.
func (r *Router) statusHere(v *service) *message.Message {
	m := r.makeStatus(v.name).Set("server_name", r.name).SetInt("up_since", v.up)
	if len(v.holders) > 0 {
		return m.Set("status", "up")
	}
	return m.Set("status", "down").SetInt("down_since", v.down)
}

func (r *Router) makeStatus(name string) *message.Message {
	return r.make("STATUS").Set(paramCache, "no").Set("service", name)
}

// publicIP answers PUBLIC_IP.
func (r *Router) publicIP(c *Client, m *message.Message) {
	reply := r.make("SERVER_PUBLIC_IP")
	if a := r.o.PublicAddress; !a.IsZero() {
		reply.SetAddress("public_ip", a)
	}
	if a := r.o.SecureAddress; !a.IsZero() {
		reply.SetAddress("secure_ip", a)
	}
	r.answer(c, m, reply)
}

// listBytes is how long a list in one message gets: lines have a limit, and some messages have several lists.
const listBytes = 8 << 10

// listServices answers LIST_SERVICES with SERVICES list=a,b,c, or with details=true list=NAME@SERVER:STATUS:SINCE,… Where one process
// of this node holds the name and its connection told which, :PID follows. All but the last of several answers say more=true.
func (r *Router) listServices(c *Client, m *message.Message) {
	details, _ := m.Bool("details")
	var items []string
	for _, s := range r.Services() {
		if details {
			item := s.Name + "@" + s.Server + ":" + s.Status + ":" + strconv.FormatInt(s.Since, 10)
			if s.PID != 0 {
				item += ":" + strconv.Itoa(int(s.PID))
			}
			items = append(items, item)
		} else if s.Server == r.name && s.Status == "up" {
			items = append(items, s.Name)
		}
	}
	for {
		part, rest := cutList(items)
		reply := r.make("SERVICES").Set("list", part)
		if items = rest; len(items) > 0 {
			reply.SetBool("more", true)
		}
		r.answer(c, m, reply)
		if len(items) == 0 || c.state >= leaving {
			return
		}
	}
}

// cutList joins as many items as fit one message.
func cutList(items []string) (part string, rest []string) {
	n, size := 0, 0
	for n < len(items) && (n == 0 || size+len(items[n]) < listBytes) {
		size += len(items[n]) + 1
		n++
	}
	return strings.Join(items[:n], ","), items[n:]
}

// Service is one service that the router knows.
type Service struct {
	Name   string
	Server string // the node that it runs on
	Status string // "up", "down", or "listed": it belongs to that node, which does not say whether it is up
	Since  int64  // Unix seconds; 0: not known
	// Instances is how many clients of this node hold the name.
	Instances int
	PID       int32 // of the only one, where its connection tells; else 0
}

// Services returns all services that are known, sorted by name and server.
func (r *Router) Services() []Service {
	all := r.AppendServices(nil)
	slices.SortFunc(all, Service.Compare)
	return all
}

// Compare orders services by their names, then by where they are.
func (s Service) Compare(o Service) int {
	return cmp.Or(strings.Compare(s.Name, o.Name), strings.Compare(s.Server, o.Server))
}

// AppendServices is Services in no order, for those who must not take the time to sort thousands in one go.
func (r *Router) AppendServices(all []Service) []Service {
	all = slices.Grow(all, len(r.services.byName))
	for _, v := range r.services.byName {
		s := Service{Name: v.name, Server: r.name, Status: "up", Since: v.up, Instances: len(v.holders)}
		if len(v.holders) == 0 {
			s.Status, s.Since = "down", v.down
		}
		if len(v.holders) == 1 && v.holders[0].origin.HasCred {
			s.PID = v.holders[0].origin.PID
		}
		all = append(all, s)
	}
	for name := range r.listed {
		if r.services.byName[name] == nil {
			all = append(all, Service{Name: name, Server: r.name, Status: "down"})
		}
	}
	for _, p := range r.peers {
		for name := range p.peer.up {
			all = append(all, Service{Name: name, Server: p.peer.server, Status: "up"})
		}
		for name := range p.peer.listed {
			if !p.peer.up[name] {
				all = append(all, Service{Name: name, Server: p.peer.server, Status: "listed"})
			}
		}
	}
	return all
}
