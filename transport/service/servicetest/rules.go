package servicetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport/link"
)

// startedAt is the time of everything, in seconds.
const startedAt = 1768770000

var _ link.Dispatcher = (*Router)(nil)

// Traced says no.
func (r *Router) Traced() bool { return false }

// Trace does nothing.
func (r *Router) Trace(*dispatch.Event) {}

// Dispatch follows the rules. Package link calls it.
func (r *Router) Dispatch(from dispatch.Sender, m *message.Message) dispatch.Outcome {
	c := r.clients[from]
	if c == nil {
		c = &client{} // a datagram's sender
	}
	r.note("%s→d %s", cmp.Or(c.name, "?"), text(m))
	switch {
	case r.options.Silent:
	case r.quitting:
		r.reply(from, r.command("QUITTING"))
	case m.Service() == "" || m.Service() == "communicatord":
		r.own(from, c, m)
	default:
		r.forward(from, c, m)
	}
	return dispatch.Handled
}

// own is for messages to the router itself.
func (r *Router) own(from dispatch.Sender, c *client, m *message.Message) {
	name, _ := m.Get("service")
	switch m.Command() {
	case "REGISTER":
		r.register(from, c, name)
	case "UNREGISTER":
		if l, ok := from.(*link.Link); ok {
			r.down(c)
			_ = l.Close() // OnClose follows
		}
	case "COMMANDS":
		list, _ := m.Get("list")
		for command := range strings.SplitSeq(list, ",") {
			if c.commands == nil {
				c.commands = map[string]bool{}
			}
			c.commands[command] = true
		}
	case "SERVICE_STATUS":
		r.reply(from, r.status(name))
	case "LIST_SERVICES":
		if !r.options.Cxx {
			r.reply(from, r.list(m))
		}
	case "ALIVE":
		reply := m.Reply("ABSOLUTELY")
		reply.CopyParams(m)
		r.reply(from, reply.Clone().Set("reply_timestamp", "1768770000.000000000"))
	case "HELP":
		r.reply(from, m.Reply("COMMANDS").Set("list", "ALIVE,COMMANDS,HELP,LIST_SERVICES,REGISTER,SERVICE_STATUS,UNREGISTER"))
	case "STOP", "LOG_ROTATE":
	default:
		if !dispatch.NeverAnswered(m.CommandBytes()) {
			r.reply(from, m.Reply("UNKNOWN").Set("command", m.Command()))
		}
	}
}

func (r *Router) register(from dispatch.Sender, c *client, name string) {
	why, refused := r.options.Refuse[name]
	if _, other := r.find(name); other != nil && other != c {
		why, refused = "the name "+name+" is taken", true
	}
	if refused {
		if !r.options.Cxx {
			r.reply(from, r.command("INVALID").Set("command", "REGISTER").Set("message", why))
		}
		return
	}
	c.name, c.since = name, startedAt
	r.reply(from, r.command("HELP"))
	r.reply(from, r.command("READY").Set("my_address", "10.0.0.1:4042"))
	r.announce(r.status(name))
}

func (r *Router) down(c *client) {
	if c.name == "" {
		return
	}
	name := c.name
	c.name = ""
	r.announce(r.command("STATUS").Set("cache", "no").SetInt("down_since", startedAt+100).Set("server_name", r.options.Node).
		Set("service", name).Set("status", "down").SetInt("up_since", startedAt))
}

// closed is link's OnClose.
func (r *Router) closed(l *link.Link, _ error) {
	if c := r.clients[l]; c != nil {
		delete(r.clients, l)
		if !r.quitting {
			r.down(c)
		}
	}
}

func (r *Router) status(name string) *message.Message {
	m := r.command("STATUS").Set("cache", "no").Set("service", name)
	if _, c := r.find(name); c != nil {
		return m.Set("server_name", r.options.Node).Set("status", "up").SetInt("up_since", c.since)
	}
	return m.Set("status", "unknown")
}

func (r *Router) announce(m *message.Message) {
	for to, c := range r.clients {
		if c.commands["STATUS"] {
			r.reply(to, m)
		}
	}
}

func (r *Router) find(name string) (dispatch.Sender, *client) {
	for to, c := range r.clients {
		if name != "" && c.name == name {
			return to, c
		}
	}
	return nil, nil
}

// names are those of the services, sorted.
func (r *Router) names() []string {
	var all []string
	for _, c := range r.clients {
		if c.name != "" {
			all = append(all, c.name)
		}
	}
	slices.Sort(all)
	return all
}

// list answers LIST_SERVICES.
func (r *Router) list(m *message.Message) *message.Message {
	items := r.names()
	if details, _ := m.Get("details"); details == "true" {
		for i, name := range items {
			items[i] = fmt.Sprintf("%s@%s:up:%d", name, r.options.Node, cmp.Or(r.options.Since, startedAt))
			to, _ := r.find(name)
			if peer, ok := to.(*link.Link).Conn().Peer(); ok {
				items[i] += fmt.Sprintf(":%d", cmp.Or(r.options.PID, int(peer.PID)))
			}
		}
	}
	reply := m.Reply("SERVICES")
	reply.SetSentFrom(r.options.Node, "communicatord")
	return reply.Set("list", strings.Join(items, ","))
}

// forward sends m on to a service, and tells the sender, where that asked for it, that there is none.
func (r *Router) forward(from dispatch.Sender, c *client, m *message.Message) {
	m = m.Clone()
	m.Delete("secret_code")
	if c.name != "" {
		m.SetSentFrom(r.options.Node, c.name)
	}
	local := m.Server() == "" || m.Server() == "." || m.Server() == r.options.Node
	if to, _ := r.find(m.Service()); to != nil && local && !r.options.Full[m.Service()] {
		r.reply(to, m)
		return
	}
	if broadcast := m.Service() == "*" || m.Service() == "."; broadcast {
		for to, other := range r.clients {
			if other.commands[m.Command()] && other != c {
				r.reply(to, m)
			}
		}
		return
	}
	report, _ := m.Get("transmission_report")
	cache, _ := m.Get("cache")
	if local && r.options.Listed[m.Service()] && cache != "no;reply" {
		if report == "failure" {
			r.reply(from, r.command("TRANSMISSION_REPORT").Set("command", m.Command()).Set("status", "cached"))
		}
		return
	}
	if r.options.Cxx && m.Server() != "." && m.Server() != r.options.Node && !r.options.Listed[m.Service()] {
		return // it may be on another node
	}
	if cache == "no;reply" {
		r.reply(from, r.command("SERVICE_UNAVAILABLE").Set("destination_service", m.Service()).Set("unsent_command", m.Command()))
	}
	if report == "failure" {
		r.reply(from, r.command("TRANSMISSION_REPORT").Set("command", m.Command()).Set("status", "failed"))
	}
}

// command is a message of the router's own.
func (r *Router) command(name string) *message.Message {
	m := message.New(name)
	m.SetSentFrom(r.options.Node, "communicatord")
	return m
}

// reply sends m and notes it.
func (r *Router) reply(to dispatch.Sender, m *message.Message) {
	name := "?"
	if c := r.clients[to]; c != nil {
		name = cmp.Or(c.name, "?")
	}
	line := text(m)
	if err := to.Send(m); err != nil {
		line += " (" + err.Error() + ")"
	}
	r.note("d→%s %s", name, line)
}

func text(m *message.Message) string {
	line, err := m.AppendText(nil)
	if err != nil {
		return m.Command()
	}
	return string(line)
}
