package ask

import (
	"context"
	"errors"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport/link"
)

// received takes what came over the session.
func (p *pinger) received(ctx context.Context, got link.Received) {
	m := got.Message
	switch m.Command() {
	case "ABSOLUTELY":
		serial, err := m.Uint("serial")
		q, ok := p.waiting[serial]
		if err != nil || !ok {
			return // late, or not ours
		}
		delete(p.waiting, serial)
		rtt := max(0, got.Time.Sub(q.sent))
		q.target.figures.add(rtt)
		p.tell(event{outcome: answered, target: q.target, from: nameOf(m.SentFromServer(), m.SentFromService()), serial: q.serial, rtt: rtt})
	case "SERVICE_UNAVAILABLE":
		if p.routed == nil { // who is asked directly says it of itself
			p.refuse(p.targets[0], toolkit.Unavailable, m)
			return
		}
		name, _ := m.Get("destination_service")
		p.unavailable(ctx, name)
	case "UNKNOWN", "INVALID":
		p.refusal(m)
	}
}

// unavailable ends the questions to a service that is not there. One that has answered may come back.
func (p *pinger) unavailable(ctx context.Context, name string) {
	for _, t := range p.targets {
		if t.service != name || t.isRouter() {
			continue
		}
		for serial, q := range p.waiting {
			if q.target != t {
				continue
			}
			delete(p.waiting, serial)
			if t.figures.answered > 0 {
				p.tell(event{outcome: lost, target: t, serial: q.serial, err: errors.New("the router says that it is not there")})
			} else if !t.unknown {
				t.unknown = true
				p.tell(event{outcome: refused, target: t, serial: q.serial, err: p.routed.NoService(ctx, t.server, t.service)})
			}
		}
	}
}

// refusal is an answer that says that ALIVE is not answered: by the router's policy, or by a program that does not know it.
func (p *pinger) refusal(m *message.Message) {
	command, _ := m.Get("command")
	if command != "ALIVE" {
		return
	}
	for _, t := range p.targets {
		fits := len(p.targets) == 1 || t.service == m.SentFromService()
		if !fits || t.unknown {
			continue
		}
		kind := toolkit.Protocol
		if m.Command() == "INVALID" {
			kind = toolkit.Permission
		}
		p.refuse(t, kind, m)
	}
}

// refuse ends the questions to a target that has answered m in place of ABSOLUTELY.
func (p *pinger) refuse(t *target, kind toolkit.Kind, m *message.Message) {
	t.unknown = true
	reason := m.Command()
	if text, _ := m.Get("message"); text != "" {
		reason += ": " + text
	}
	p.tell(event{outcome: refused, target: t, err: toolkit.Errorf(kind, "%s answers %s", t.text, toolkit.Escape(reason))})
	for serial, q := range p.waiting {
		if q.target == t {
			delete(p.waiting, serial)
		}
	}
}
