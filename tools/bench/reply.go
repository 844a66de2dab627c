package bench

import (
	"bytes"
	"errors"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
)

// OnOpen implements transport.Handler.
func (c *client) OnOpen(transport.Conn) { c.opened() }

// OnData implements transport.Handler.
func (c *client) OnData(_ transport.Conn, p []byte) {
	w := c.w
	if w.phase == done {
		return
	}
	w.bytesIn += uint64(len(p))
	if w.plan.routed() {
		return // what a router says to senders
	}
	w.time = w.clock()
	if w.plan.oneWay() {
		c.way.take(c, p)
		return
	}
	if c.packets {
		c.takeLine(p)
	} else {
		c.take(p)
	}
	w.settle(c)
}

// OnDrain implements transport.Handler.
func (c *client) OnDrain(transport.Conn) { c.drained() }

// OnClose implements transport.Handler.
func (c *client) OnClose(_ transport.Conn, err error) { c.closed(err) }

// packetClient is a client over packets.
type packetClient struct{ *client }

// OnOpen implements transport.PacketOpenHandler.
func (c packetClient) OnOpen(transport.PacketConn) { c.opened() }

// OnPacket implements transport.PacketHandler.
func (c packetClient) OnPacket(_ transport.PacketConn, p []byte, _ address.Address) {
	w := c.w
	if w.phase == done {
		return
	}
	w.heard = true
	w.bytesIn += uint64(len(p))
	w.time = w.clock()
	if w.plan.oneWay() {
		c.way.takeLine(c.client, p)
		return
	}
	c.takeLine(p)
	w.settle(c.client)
}

// OnDrain implements transport.PacketHandler.
func (c packetClient) OnDrain(transport.PacketConn) { c.drained() }

// OnError implements transport.PacketErrorHandler: nobody listens there, or not any more.
func (c packetClient) OnError(_ transport.PacketConn, err error) {
	if c.w.phase != done {
		c.w.failed(err)
	}
}

// OnClose implements transport.PacketHandler.
func (c packetClient) OnClose(_ transport.PacketConn, err error) { c.closed(err) }

func (c *client) opened() {
	c.open = true
	c.w.opened()
}

func (c *client) drained() {
	c.full = false
	if c.w.phase == done {
		return
	}
	c.w.time = c.w.clock()
	c.w.settle(c)
}

func (c *client) closed(err error) {
	was := c.open
	c.open = false
	c.w.closed(c, was, err)
}

// take handles what a stream brought. Answers that are what was sent, in order, are only compared; anything else goes
// through the decoder.
func (c *client) take(p []byte) {
	if c.echoes != nil {
		if c.echoes.take(c, p) {
			return
		}
		c.part()
	}
	if c.decoder.Held() > 0 {
		end := lineEnd(p)
		c.decode(p[:end])
		p = p[end:]
	}
	for len(p) > 0 {
		n := c.quick(p)
		if n == 0 {
			c.decode(p)
			return
		}
		p = p[n:]
	}
}

// lineEnd is where the first line of p ends, behind its line feed; where no line does, all of p.
func lineEnd(p []byte) int {
	if n := bytes.IndexByte(p, '\n'); n >= 0 {
		return n + 1
	}
	return len(p)
}

func (c *client) decode(p []byte) {
	if err := c.decoder.Decode(p, &c.w.m, c); err != nil {
		c.tooLong(err)
	}
}

// tooLong takes lines over the limit for answers.
func (c *client) tooLong(err error) {
	if long, ok := errors.AsType[*message.TooLongError](err); ok {
		for range long.Lines {
			c.w.now.wrong(err.Error())
			c.answerOldest(false)
		}
	}
}

// OnMessages implements message.Receiver.
func (c *client) OnMessages(b *message.Batch) bool {
	for b.Next() {
		c.judge(&c.w.m)
	}
	return true
}

// OnLine implements message.Receiver.
func (c *client) OnLine(line []byte, err error) bool {
	switch {
	case err == nil:
		c.judge(&c.w.m)
	case err != message.ErrEmpty:
		c.w.now.wrong(string(line))
		c.answerOldest(false)
	}
	return true
}

// quick takes the answer that is expected next from p, if it stands there in the words of the message. It returns its
// length with the line end, or 0.
func (c *client) quick(p []byte) int {
	w := c.w
	if !c.script.same {
		return 0
	}
	l := c.line(c.high)
	n := len(l.text)
	if len(p) < n || p[n-1] != '\n' {
		return 0
	}
	switch end := l.seq + c.script.digits; {
	case c.inText != nil:
		if !bytes.Equal(p[:n], c.inText) {
			return 0
		}
	case l.seq < 0:
		if !bytes.Equal(p[:n], l.text) {
			return 0
		}
	default:
		if !bytes.Equal(p[:l.seq], l.text[:l.seq]) || !bytes.Equal(p[l.seq:end], c.expected[:c.script.digits]) || !bytes.Equal(p[end:n], l.text[end:]) {
			return 0
		}
	}
	s := &c.slots[c.high&c.mask]
	if s.state != c.high<<2|pending {
		return 0
	}
	s.state++ // answered
	c.high++
	c.numbered = l.seq >= 0
	switch {
	case l.seq < 0:
	case c.inText != nil:
		increment(c.inText[l.seq:][:c.script.digits])
	default:
		increment(c.expected[:c.script.digits])
	}
	c.inFlight--
	w.inFlight--
	w.record(s.due, s.sent)
	return n
}

// takeLine handles an answer in any words.
func (c *client) takeLine(line []byte) { c.OnLine(line, c.w.m.Decode(line)) }

// judge finds out what an answer is about, and whether it is the right one.
func (c *client) judge(m *message.Message) {
	n := c.high
	value, found := c.script.number(m)
	right := true
	if found {
		var shown uint64
		if shown, right = digits(value); right && len(value) <= maxSeq {
			n = c.number(shown)
		} else {
			found, right = false, false
		}
	}
	if right = right && string(m.CommandBytes()) == c.line(n).reply; !right {
		c.w.now.wrong(m.String())
	}
	switch {
	case found:
		c.numbered = true
		c.answer(n, right)
	case right || !c.numbered || refusal(m):
		c.answerOldest(right)
	}
	// Anything else from a service whose answers have their number is no answer.
}

// refusal says that a service answers so what it does not understand or cannot deliver, without the parameters of the message.
func refusal(m *message.Message) bool {
	switch string(m.CommandBytes()) {
	case "INVALID", "UNKNOWN", "SERVICE_UNAVAILABLE", "TRANSMISSION_REPORT":
		return true
	}
	return false
}

// answerOldest is for answers that do not say what they answer: they are taken to come in the order of the messages.
func (c *client) answerOldest(right bool) {
	for ; c.oldest < c.next; c.oldest++ {
		if c.slots[c.oldest&c.mask].state == c.oldest<<2|pending {
			c.answer(c.oldest, right)
			return
		}
	}
	if right {
		c.w.now.duplicated++
	}
}

// answer notes that message n was answered. A wrong answer ends the wait for the right one, but is no measurement.
func (c *client) answer(n uint64, right bool) {
	w := c.w
	if n >= c.next {
		w.now.wrong("an answer to a message that was not sent")
		return
	}
	s := &c.slots[n&c.mask]
	switch s.state {
	case n<<2 | pending:
		c.inFlight--
		w.inFlight--
	case n<<2 | lost: // it was given up too early
		if w.measured(s.due) {
			w.now.overdue++
			w.now.lost--
		}
	default:
		w.now.duplicated++
		return
	}
	s.state = n<<2 | answered
	if n < c.high {
		w.now.reordered++
	} else {
		c.setHigh(n + 1)
	}
	if right {
		w.record(s.due, s.sent)
	}
}
