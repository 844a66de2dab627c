package bench

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport"
)

// senderRole is the role of a sender in serviceName; receivers count from 0.
const senderRole = -1

// serviceName is what a connection registers as: it is unlike those of other runs.
func (w *worker) serviceName(id, role int) string {
	name := w.plan.names + strconv.Itoa(id)
	if role == senderRole {
		return name + "s"
	}
	return name + "r" + strconv.Itoa(role)
}

// routedScript makes what a sender sends: to its receiver, or to all services of the router.
func (w *worker) routedScript(id int) (*script, error) {
	to := "."
	if w.plan.kind == kindRouter {
		to = w.serviceName(id, 0)
	}
	messages := []*message.Message{message.New(w.plan.wording.command)}
	wording := w.plan.wording
	if len(w.plan.messages) > 0 {
		messages = messages[:0]
		for _, m := range w.plan.messages {
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
	opened  func(transport.Conn)
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
		r.opened(c)
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
		err = fmt.Errorf("the router closed the connection before it said READY")
	}
	r.then.OnClose(c, err)
}

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
	register := &registrar{w: r.w, name: r.w.serviceName(r.from.id, r.role), then: r, opened: func(transport.Conn) {
		r.open = true
		r.w.opened(nil)
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
		end := bytes.IndexByte(p, '\n') + 1
		if end == 0 {
			end = len(p)
		}
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
		end := bytes.IndexByte(p, '\n') + 1
		if end == 0 {
			end = len(p)
		}
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
	value, ok := m.Lookup(s.name)
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
	if at := find1(line, s.name, string(value)); at >= 0 && len(s.lines) == 1 && len(value) == s.digits {
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
		err = fmt.Errorf("the router closed the connection")
	}
	if !was || w.phase == waiting {
		w.fail(fmt.Errorf("receiver: %w", err))
		return
	}
	w.now.failure(err)
	w.interrupt()
}
