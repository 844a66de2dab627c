package bench

import (
	"strconv"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport"
)

// senderRole is the role of a sender in serviceName; receivers count from 0.
const senderRole = -1

// serviceName is what a connection registers as: it is unlike those of other runs.
func (p *plan) serviceName(id, role int) string {
	name := p.names + strconv.Itoa(id)
	if role == senderRole {
		return name + "s"
	}
	return name + "r" + strconv.Itoa(role)
}

// routedScript makes what a sender sends: to its receiver, or to all services of the router.
func (p *plan) routedScript(id int) (*script, error) {
	to := "."
	if p.kind == kindRouter {
		to = p.serviceName(id, 0)
	}
	messages := []*message.Message{message.New(p.wording.command)}
	wording := p.wording
	if len(p.messages) > 0 {
		messages = messages[:0]
		for _, m := range p.messages {
			messages = append(messages, m.Clone())
		}
	} else if wording.size == 0 {
		wording.size = defaultSize
	}
	for _, m := range messages {
		m.SetServer("")
		m.SetService(to)
	}
	return newScript(wording, messages)
}

// registrar is the handler of a connection until the router knows it.
type registrar struct {
	w       *worker
	name    string
	then    transport.Handler // gets what comes afterwards, and the end
	opened  func()
	decoder message.Decoder
	timer   reactor.Timer
	asked   bool // whether all before has arrived
	known   bool
}

// OnOpen implements transport.Handler.
func (r *registrar) OnOpen(c transport.Conn) {
	if in := r.w.plan.connectIn; in > 0 {
		r.timer = r.w.loop.After(in, "register", func() {
			r.w.fail(toolkit.Errorf(toolkit.Timeout, "register as %s: no READY within %s: is there a router at %s?", r.name, in, r.w.plan.target))
		})
	}
	r.say(c, "REGISTER service="+r.name+";temporary=true;version=1")
}

func (r *registrar) say(c transport.Conn, line string) {
	if !transport.KeepsPackets(c) {
		line += "\n"
	}
	_ = c.Write([]byte(line)) // that it broke is told by OnClose
}

// OnData implements transport.Handler.
func (r *registrar) OnData(c transport.Conn, p []byte) {
	take := func(line []byte) bool {
		if r.w.m.Decode(line) == nil && !r.known {
			r.hear(c, &r.w.m)
		}
		return true
	}
	if transport.KeepsPackets(c) {
		take(p)
		return
	}
	_ = r.decoder.Feed(p, take)
}

// hear takes part in the handshake: HELP is answered with COMMANDS, and after READY the router is asked for a sign that
// it has read all that. Only then broadcasts are sure to come.
func (r *registrar) hear(c transport.Conn, m *message.Message) {
	switch string(m.CommandBytes()) {
	case "HELP":
		list := "HELP,INVALID,QUITTING,READY,STOP,UNKNOWN"
		seen := map[string]bool{}
		for _, l := range r.w.clients[0].script.lines {
			if name := string(l.name); !seen[name] {
				seen[name] = true
				list += "," + name
			}
		}
		r.say(c, "COMMANDS list="+list)
	case "READY":
		if !r.asked {
			r.asked = true
			r.say(c, "ALIVE serial=1")
		}
	case "ABSOLUTELY":
		r.known = true
		r.timer.Cancel()
		c.SetHandler(r.then)
		r.opened()
	case "INVALID", "UNKNOWN", "QUITTING":
		r.w.fail(toolkit.Errorf(toolkit.Protocol, "register as %s: the router answered %s", r.name, toolkit.Escape(m.String())))
	}
}

// OnDrain implements transport.Handler.
func (r *registrar) OnDrain(transport.Conn) {}

// OnClose implements transport.Handler.
func (r *registrar) OnClose(c transport.Conn, err error) {
	r.timer.Cancel()
	if err == nil {
		err = toolkit.Errorf(toolkit.Unavailable, "the router closed the connection before it said READY")
	}
	r.then.OnClose(c, err)
}
