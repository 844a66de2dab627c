package bench

import (
	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/bench/report"
	"github.com/ed-toolbox/ed/transport/link"
)

// counted is what the service under test keeps of the one-way messages of one connection.
type counted struct {
	sequence sequence
	told     bool                    // what follows is of another run
	service  *hdrhistogram.Histogram // from sent to here; nil: the messages have no stamps
	response *hdrhistogram.Histogram // from due to here
}

// mostTallies bounds the senders that are counted separately.
const mostTallies = 10_000

// tallies are those of all senders, by their link, or for packets by their address.
type tallies map[any]*counted

// whom names a sender: the link, or the address that packets come from.
func whom(from dispatch.Sender) any {
	if p, ok := from.(*link.Peer); ok {
		return p.Address()
	}
	return from
}

// of returns the tally of a sender.
func (t tallies) of(from dispatch.Sender) *counted {
	key := whom(from)
	c := t[key]
	if c == nil {
		if len(t) >= mostTallies {
			clear(t)
		}
		c = &counted{}
		t[key] = c
	}
	return c
}

// forget drops the tally of a link that ended.
func (t tallies) forget(l *link.Link) { delete(t, any(dispatch.Sender(l))) }

// count takes a message that arrived at that time.
func (c *counted) count(m *message.Message, now int64) {
	value, ok := m.Lookup("seq")
	if !ok {
		return
	}
	n, ok := digits(value)
	if !ok || len(value) > maxSeq {
		return
	}
	half := uint64(5)
	for range len(value) - 1 {
		half *= 10
	}
	if c.told {
		*c = counted{}
	}
	if n < half {
		return // of the warm-up
	}
	c.sequence.see(c.sequence.near(n-half, half))
	at, ok := m.Lookup("at")
	if !ok || len(at) != stampDigits {
		return
	}
	sent, _ := digits(at)
	text, _ := m.Lookup("due")
	due, ok := digits(text)
	if !ok {
		return
	}
	if c.service == nil {
		c.service, c.response = report.NewHistogram(), report.NewHistogram()
	}
	_ = c.service.RecordValue(report.Clamp(since(now, sent)))
	_ = c.response.RecordValue(report.Clamp(since(now, due)))
}

// since is the time from a stamp to now, also over its wrap-around. A stamp in the future, of another clock, is now.
func since(now int64, stamp uint64) int64 {
	d := (uint64(now)%stampModulo + stampModulo - stamp) % stampModulo
	if d > stampModulo/2 {
		return 0
	}
	return int64(d)
}

// describe puts the figures into a message.
func (c *counted) describe(m *message.Message) {
	c.told = true
	s := &c.sequence
	m.SetUint("received", s.received).SetUint("duplicated", s.duplicated).SetUint("reordered", s.reordered)
	if c.service != nil {
		m.Set("response", report.NewLatency(c.response).Base64).Set("service", report.NewLatency(c.service).Base64)
	}
}
