package link

import (
	"time"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
)

// settleEvery is how long after a message the peer is asked whether it is settled.
const settleEvery = 100 * time.Millisecond

// receipt asks a peer that only hands messages on whether what it was sent before has left it, too. Until it says so all is
// in doubt, however old it is. The queue is not held back for that: a peer may have to wait for somebody who does not read, and what
// is too much to remember is counted.
type receipt struct {
	s         *session
	timer     reactor.Timer
	asked     bool   // a question is out and its answer is not there
	serial    uint64 // of the question
	mark      uint64 // bytes written with it
	forgotten uint64 // messages that are in doubt and not remembered
	behind    uint64 // of these, those that were written after the question
}

// Settles says that the peer of this connection answers SETTLE: docs/PROTOCOL.md section 6. It is called by Options.Ready, and holds
// until the end of the connection.
func (p *Permanent) Settles() {
	if s := p.session; s != nil && s.conn.receipt == nil {
		s.conn.receipt = &receipt{s: s}
	}
}

// wrote notes that there is a message more in the log.
func (r *receipt) wrote() {
	switch j := &r.s.conn; {
	case r.asked:
	case j.log.bytes() > j.p.options.DoubtBytes/2:
		r.ask()
	case !r.timer.Active():
		r.timer = j.p.loop.After(settleEvery, "settle", r.ask)
	}
}

// ask sends the question. Where it cannot be sent now it is soon enough later.
func (r *receipt) ask() {
	r.timer.Cancel()
	p := r.s.p
	p.serial++
	if r.s.say(message.New("SETTLE").SetUint("serial", p.serial)) != nil {
		r.timer = p.loop.After(settleEvery, "settle", r.ask)
		return
	}
	r.asked, r.serial, r.mark, r.behind = true, p.serial, r.s.conn.put(), 0
}

// received says whether m is the answer, and forgets what it settles.
func (r *receipt) received(m *message.Message) bool {
	if !r.asked || string(m.CommandBytes()) != "SETTLED" {
		return false
	}
	if serial, err := m.Uint("serial"); err != nil || serial != r.serial {
		return false
	}
	r.asked, r.forgotten = false, r.behind
	j := &r.s.conn
	j.p.shared.trace(r.s.link, dispatch.Event{Message: m, Outcome: dispatch.Handled, Handler: "settled"})
	j.trim(0, r.mark)
	if j.log.len() > 0 {
		r.wrote()
	}
	return true
}

// forget gives up remembering the oldest messages until at most so many bytes are left.
func (r *receipt) forget(bytes int) {
	j := &r.s.conn
	for until := j.taken(); j.log.len() > 0 && j.log.bytes() > bytes; {
		_, e := j.log.front()
		end := j.base + uint64(e.size)
		if end > until {
			return
		}
		if e.kind != own {
			r.forgotten++
			if end > r.mark {
				r.behind++
			}
		}
		j.pop()
	}
}
