package bench

import (
	"bytes"
	"fmt"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport"
)

// receiver is a service that a router brings messages of one sender to.
type receiver struct {
	w       *worker
	from    *client
	role    int
	conn    transport.Conn
	open    bool
	decoder message.Decoder
	seen    sequence

	text []byte // the message that is expected next, as the router writes it; nil until one was seen
	at   int    // where its number is
	next uint64 // that number
}

func newReceiver(c *client, role int) *receiver {
	r := &receiver{w: c.w, from: c, role: role}
	c.to = append(c.to, r)
	return r
}

func (r *receiver) dial() (err error) {
	p := r.w.plan
	register := &registrar{w: r.w, name: r.w.plan.serviceName(r.from.id, r.role), then: r, opened: func() {
		r.open = true
		r.w.opened()
	}}
	r.conn, err = p.open.Dial(r.w.loop, p.target, r.w.media(), register)
	return err
}

// OnOpen implements transport.Handler; the registrar gets it.
func (r *receiver) OnOpen(transport.Conn) {}

// OnDrain implements transport.Handler.
func (r *receiver) OnDrain(transport.Conn) {}

// OnClose implements transport.Handler.
func (r *receiver) OnClose(_ transport.Conn, err error) {
	was := r.open
	r.open = false
	r.w.receiverClosed(was, err)
}

// OnData implements transport.Handler.
func (r *receiver) OnData(c transport.Conn, p []byte) {
	w := r.w
	if w.phase == done {
		return
	}
	w.bytesIn += uint64(len(p))
	w.time = w.clock()
	if transport.KeepsPackets(c) {
		r.takeLine(p)
	} else {
		r.take(p)
	}
	w.settle(r.from)
}

// take compares with what is expected, which is quick; anything else goes through the decoder.
func (r *receiver) take(p []byte) {
	if r.decoder.Held() > 0 {
		end := lineEnd(p)
		r.feed(p[:end])
		p = p[end:]
	}
	for len(p) > 0 {
		if n := len(r.text); n > 0 && len(p) >= n && bytes.Equal(p[:n], r.text) {
			r.from.arrived(r, r.next)
			r.next++
			increment(r.text[r.at:][:r.from.script.digits])
			p = p[n:]
			continue
		}
		end := lineEnd(p)
		r.feed(p[:end])
		p = p[end:]
	}
}

func (r *receiver) feed(p []byte) {
	err := r.decoder.Feed(p, func(line []byte) bool {
		r.takeLine(line)
		return true
	})
	if err != nil {
		r.w.now.wrong(err.Error())
	}
}

// takeLine handles a message in any words, and learns how the next one will look.
func (r *receiver) takeLine(line []byte) {
	m, s := &r.w.m, r.from.script
	if m.Decode(line) != nil {
		r.w.now.wrong(string(line))
		return
	}
	value, ok := s.number(m)
	shown, number := digits(value)
	if !ok || !number || !bytes.Equal(m.CommandBytes(), r.from.line(r.next).name) && len(s.lines) == 1 {
		switch string(m.CommandBytes()) {
		case "STATUS", "HELP", "ABSOLUTELY": // what a router says besides
		default:
			r.w.now.wrong(m.String())
		}
		return
	}
	n := r.from.number(shown)
	r.from.arrived(r, n)
	r.next = n + 1
	if at := valueAt(line, s.lines[0].param, string(value)); at >= 0 && len(s.lines) == 1 && len(value) == s.digits {
		r.text, r.at = append(append(r.text[:0], line...), '\n'), at
		increment(r.text[r.at:][:s.digits])
	}
}

// arrived notes that a receiver got message n.
func (c *client) arrived(r *receiver, n uint64) {
	w := c.w
	if n >= c.next {
		w.now.wrong("a message that was not sent")
		return
	}
	switch r.seen.see(n) {
	case duplicate:
		w.now.duplicated++
		return
	case behind:
		w.now.reordered++
	}
	at := n & c.mask
	s := &c.slots[at]
	if s.state>>2 != n {
		return // it was given up long ago
	}
	w.record(s.due, s.sent)
	c.left[at]--
	if s.state&3 == lost {
		if w.measured(s.due) {
			w.now.overdue++
			w.now.lost--
		}
		return
	}
	if c.left[at] == 0 {
		s.state = n<<2 | answered
		c.inFlight--
		w.inFlight--
	}
	c.high = max(c.high, n+1)
}

// receiverClosed deals with the end of a receiver's connection.
func (w *worker) receiverClosed(was bool, err error) {
	w.alive--
	switch {
	case w.phase == done:
		w.stopIfClosed()
		return
	case err == nil:
		err = toolkit.Errorf(toolkit.Unavailable, "the router closed the connection")
	}
	if !was || w.phase == waiting {
		w.fail(fmt.Errorf("receiver: %w", err))
		return
	}
	w.now.failure(err)
	w.interrupt()
}
