package router

import (
	"fmt"
	"slices"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	rules "github.com/ed-toolbox/ed/core/router"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// policy is a policy file: the first rule that fits decides.
type policy struct {
	register, send []rule
	uid            uint32 // of the router
}

// rule is one line of a policy file. A list that is empty fits everything.
type rule struct {
	line  int
	allow bool
	names []dispatch.Glob // services to register, or commands to send
	to    []destination
	who   who
}

// destination is a service, here or on servers.
type destination struct {
	server  *dispatch.Glob // nil: wherever
	service dispatch.Glob
}

// who says which clients a rule is about. All lists that are given must fit.
type who struct {
	users, groups   []uint32
	services, peers []dispatch.Glob
	via             []rules.Kind
	anyUser         bool // users is given as *: anybody whose user is known
}

// sender is what a policy asks about a client.
type sender interface {
	Origin() rules.Origin
	Service() string
	Server() string
}

// Register implements rules.Policy.
func (p *policy) Register(c *rules.Client, name string) error { return p.mayRegister(c, name) }

// Send implements rules.Policy.
func (p *policy) Send(c *rules.Client, m *message.Message) error { return p.maySend(c, m) }

func (p *policy) mayRegister(c sender, name string) error {
	for i := range p.register {
		r := &p.register[i]
		if matches(r.names, []byte(name)) && r.who.fits(c) {
			return r.verdict("register " + name)
		}
	}
	if len(p.register) == 0 || p.trusted(c) {
		return nil
	}
	return fmt.Errorf("the policy does not allow to register %s", name)
}

func (p *policy) maySend(c sender, m *message.Message) error {
	if len(p.send) == 0 || session(m) {
		return nil
	}
	for i := range p.send {
		r := &p.send[i]
		if matches(r.names, m.CommandBytes()) && r.goes(m) && r.who.fits(c) {
			return r.verdict("send " + m.Command())
		}
	}
	if p.trusted(c) {
		return nil
	}
	return fmt.Errorf("the policy does not allow to send %s", m.Command())
}

// trusted are root, the router's own user, and other routers: they may do what no rule speaks of.
func (p *policy) trusted(c sender) bool {
	o := c.Origin()
	return o.HasCred && (o.UID == 0 || o.UID == p.uid) || c.Server() != ""
}

func (r *rule) verdict(what string) error {
	if r.allow {
		return nil
	}
	return fmt.Errorf("the policy does not allow to %s (its line %d)", what, r.line)
}

// goes says whether m goes where the rule looks.
func (r *rule) goes(m *message.Message) bool {
	if len(r.to) == 0 {
		return true
	}
	service := m.ServiceBytes()
	if len(service) == 0 {
		service = []byte(toolkit.RouterService)
	}
	for _, d := range r.to {
		if d.service.Match(service) && (d.server == nil || d.server.Match(m.ServerBytes())) {
			return true
		}
	}
	return false
}

func (w *who) fits(c sender) bool {
	o := c.Origin()
	switch {
	case len(w.via) > 0 && !slices.Contains(w.via, o.Kind):
		return false
	case (w.anyUser || len(w.users) > 0) && !(o.HasCred && (w.anyUser || slices.Contains(w.users, o.UID))):
		return false
	case len(w.groups) > 0 && !(o.HasCred && slices.Contains(w.groups, o.GID)):
		return false
	case len(w.services) > 0 && !(c.Service() != "" && matches(w.services, []byte(c.Service()))):
		return false
	case len(w.peers) > 0 && !(c.Server() != "" && matches(w.peers, []byte(c.Server()))):
		return false
	}
	return true
}

func matches(globs []dispatch.Glob, text []byte) bool {
	for _, g := range globs {
		if g.Match(text) {
			return true
		}
	}
	return false
}

// session says whether m belongs to the conversation between a client and the router without which there is none: no
// rule is about it. REGISTER has rules of its own.
func session(m *message.Message) bool {
	if s := m.ServiceBytes(); len(s) > 0 && string(s) != toolkit.RouterService {
		return false
	}
	switch string(m.CommandBytes()) {
	case "REGISTER", "UNREGISTER", "COMMANDS", "HELP", "READY", "ALIVE", "ABSOLUTELY", "INVALID", "UNKNOWN", "QUITTING", "SETTLE",
		"CONNECT", "ACCEPT", "REFUSE", "DISCONNECT", "GOSSIP", "RECEIVED", "REGISTER_FOR_LOADAVG", "UNREGISTER_FROM_LOADAVG", "LOADAVG":
		return true
	}
	return false
}
