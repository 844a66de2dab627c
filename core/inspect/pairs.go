package inspect

import (
	"time"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

// pairs finds out which message answers which. What it says is right for messages with a serial number and for answers that a
// handler gives at once; for others it is the likely thing. All it remembers is bounded, and old questions are forgotten.
type pairs struct {
	young, old map[question]asked
	links      map[uint64]*recent
}

// mate is the other half of a pair: what the record in hand answers, or is answered by.
type mate struct {
	seq     uint64
	latency time.Duration
	answer  bool // what is in hand is the answer
}

// question names a message with a serial number that may be answered: the same number the other way on the same link.
type question struct {
	link   uint64
	serial uint64 // digest of the value
	way    dispatch.Direction
}

type asked struct {
	seq uint64
	at  time.Time
}

// recent are the last messages sent on a link.
type recent struct {
	list [8]sent
	next int // where the next one goes: the oldest is there
}

type sent struct {
	asked
	from    uint64 // digest of the service that sent it
	command uint64 // digest
	open    bool   // may still be answered
}

const (
	maxQuestions = 2048 // young ones; as many old ones
	maxPairLinks = 1024
	pairTime     = time.Minute // later nobody answers
)

func (p *pairs) clear() { *p = pairs{} }

// see takes each event, in the order in which they are told: that of a message that came is told when its handler is done,
// after those of what the handler sent.
func (p *pairs) see(ev *dispatch.Event, seq uint64) mate {
	if ev.Message == nil || ev.Outcome == dispatch.Dropped || ev.Direction == dispatch.Out && ev.Outcome != dispatch.Sent {
		return mate{}
	}
	a := asked{seq, ev.Time}
	serial, hasSerial := ev.Message.Lookup("serial")
	var q question
	if hasSerial {
		q = question{link: ev.Link, serial: digest(serial), way: ev.Direction}
		if found, ok := p.answer(q, ev.Time); ok {
			return found
		}
	}
	m := p.near(ev, a, !hasSerial)
	if m.seq == 0 && hasSerial {
		p.ask(q, a)
	}
	return m
}

// answer looks for the question that has the same serial number.
func (p *pairs) answer(q question, at time.Time) (mate, bool) {
	q.way ^= dispatch.Out
	for _, list := range [...]map[question]asked{p.young, p.old} {
		if a, ok := list[q]; ok {
			delete(list, q)
			if d := at.Sub(a.at); d >= 0 && d < pairTime {
				return mate{a.seq, d, true}, true
			}
		}
	}
	return mate{}, false
}

func (p *pairs) ask(q question, a asked) {
	if len(p.young) >= maxQuestions {
		p.young, p.old = nil, p.young
	}
	if p.young == nil {
		p.young = map[question]asked{}
	}
	p.young[q] = a
}

// near looks among the last messages of the link.
func (p *pairs) near(ev *dispatch.Event, a asked, guess bool) mate {
	r := p.links[ev.Link]
	if ev.Direction == dispatch.Out {
		if r == nil {
			if len(p.links) >= maxPairLinks || p.links == nil {
				p.links = map[uint64]*recent{}
			}
			r = &recent{}
			p.links[ev.Link] = r
		}
		r.list[r.next] = sent{a, digest(ev.Message.SentFromServiceBytes()), digest(ev.Message.CommandBytes()), guess}
		r.next = (r.next + 1) % len(r.list)
		return mate{}
	}
	if r == nil {
		return mate{}
	}
	end := ev.Time.Add(ev.Took)
	for i := range r.list { // what its handler sent, the oldest first
		if s := r.nth(i); !s.at.Before(ev.Time) && !s.at.After(end) {
			s.open = false
			return mate{s.seq, s.at.Sub(ev.Time), false}
		}
	}
	if !guess {
		return mate{}
	}
	for i := range r.list { // what it answers
		if s := r.nth(i); s.open && s.at.Before(ev.Time) && answers(ev.Message, s) {
			s.open = false
			if d := ev.Time.Sub(s.at); d < pairTime {
				return mate{s.seq, d, true}
			}
		}
	}
	return mate{}
}

// nth is the i-th of them, the oldest first; those that there are not yet have the zero time.
func (r *recent) nth(i int) *sent { return &r.list[(r.next+i)%len(r.list)] }

// answers says whether m is likely an answer to s: one that names its command, the usual one, or one to the service that sent
// it.
func answers(m *message.Message, s *sent) bool {
	switch string(m.CommandBytes()) {
	case "ABSOLUTELY":
		return s.command == digest([]byte("ALIVE"))
	case "COMMANDS":
		return s.command == digest([]byte("HELP"))
	case "UNKNOWN", "INVALID":
		command, _ := m.Lookup("command")
		return s.command == digest(command)
	}
	to := m.ServiceBytes()
	return len(to) > 0 && s.from == digest(to)
}

// digest is FNV-1a of 64 bits. Two that are equal by chance make a wrong pair, nothing worse.
func digest(b []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}
