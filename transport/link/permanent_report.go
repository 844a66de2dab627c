package link

import (
	"bytes"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

// reports are messages that were not delivered, to be told at the end of the turn.
type reports struct {
	lines, telling lines
	why, reasons   []error // one for each of them
}

// report tells of a line that was not delivered, if anybody wants to know.
func (p *Permanent) report(line []byte, why error) {
	d := p.options.Dispatcher
	if p.options.OnUndelivered == nil && (d == nil || !d.Traced()) {
		return
	}
	p.reports.lines.push(line, entry{})
	p.reports.why = append(p.reports.why, why)
	p.wakeEnd()
}

// setState notes a change of state and has it told.
func (p *Permanent) setState(to State) {
	if p.state == to && !p.since.IsZero() {
		return
	}
	p.state, p.since = to, p.loop.Now()
	if p.options.OnState != nil {
		p.changes = append(p.changes, p.Status())
		p.wakeEnd()
	}
}

// wakeEnd asks for OnTurnEnd, once.
func (p *Permanent) wakeEnd() {
	if !p.later {
		p.later = true
		p.loop.Later(p)
	}
}

// OnTurnEnd implements reactor.Ender: it calls the callbacks, none of which so comes from inside a call. What they
// cause is told in the next turn, and so is what is left when one of them panics.
func (p *Permanent) OnTurnEnd() {
	p.later = false
	defer func() {
		if p.reports.telling.len()+p.reports.lines.len()+len(p.changes) > 0 {
			p.wakeEnd()
		}
	}()
	if r := &p.reports; r.telling.len() == 0 {
		r.lines, r.telling = lines{}, r.lines
		r.why, r.reasons = nil, r.why
	}
	for p.reports.telling.len() > 0 {
		p.tell()
	}
	for len(p.changes) > 0 {
		st := p.changes[0]
		p.changes = p.changes[1:]
		p.options.OnState(st)
	}
	if p.room && p.wantRoom && p.options.OnRoom != nil && !p.closing {
		p.room, p.wantRoom = false, false
		p.options.OnRoom()
	}
}

// tell reports one message.
func (p *Permanent) tell() {
	r := &p.reports
	line, _ := r.telling.front()
	line = bytes.TrimSuffix(line, lineEnd)
	why := r.reasons[0]
	r.telling.pop()
	r.reasons = r.reasons[1:]
	var m message.Message
	if m.Decode(line) != nil {
		return // cannot be: it was encoded by us
	}
	p.shared.trace(p, dispatch.Event{Direction: dispatch.Out, Message: &m, Raw: line, Outcome: dispatch.Dropped, Err: why})
	if f := p.options.OnUndelivered; f != nil {
		f(&m, why)
	}
}

// traceSent counts a line that had waited, and shows it to the trace hook.
func (p *Permanent) traceSent(l *Link, line []byte) {
	d := p.options.Dispatcher
	if d == nil || !d.Traced() {
		p.shared.stats.Out++
		return
	}
	line = bytes.TrimSuffix(line, lineEnd)
	var m message.Message
	if m.Decode(line) == nil {
		p.shared.sent(l, &m, line, nil)
	}
}
