package bench

import (
	"time"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
)

// What became of a message.
const (
	unused uint64 = iota
	pending
	answered
	lost
)

// slot remembers one message that was sent.
type slot struct {
	due, sent int64  // nanoseconds since the start
	state     uint64 // its number × 4, and what became of it
}

// client is one connection of the generator. It belongs to its worker's loop, numbers its messages and keeps account of
// what came back.
type client struct {
	w       *worker
	id      int
	script  *script              // what it sends
	conn    transport.Conn       // one of these
	packet  transport.PacketConn // two is nil
	packets bool                 // no line ends: each write is one message

	next     uint64           // number of the next message
	high     uint64           // one more than the highest that was answered
	oldest   uint64           // none before this one is pending
	inFlight int              // pending ones
	digits   [maxSeq + 1]byte // of next
	expected [maxSeq + 1]byte // of high
	slots    []slot           // the last ones, by number; nil while echoes do, and where nothing is answered
	mask     uint64
	left     []int32     // receivers that have not got it, likewise
	to       []*receiver // of what goes through a router
	dialled  *attempt    // of kind connect
	outText  []byte      // the next message as it is sent, and …
	inText   []byte      // the next answer as it is expected; nil if there are different messages, or long ones

	decoder  message.Decoder
	numbered bool // its answers have their number
	ready    bool // in the worker's list of those that may send
	full     bool // what is written is not taken for now
	open     bool

	echoes *echoes  // while all goes as it should; else nil
	way    outgoing // of one-way messages
}

// maxSeq is the longest sequence number, in digits.
const maxSeq = mostDigits + len(";pad=")

// leastSlots is how many messages are remembered at least, so that a duplicate is known as one.
const leastSlots = 64

// mostSlots is how many messages are remembered in all where the window has no limit.
const mostSlots = 1 << 20

func newClient(w *worker, id int, s *script) *client {
	c := &client{w: w, id: id, script: s, decoder: *message.NewDecoder(message.DecoderOptions{Oversize: message.Skip})}
	if l := &s.lines[0]; len(s.lines) == 1 && len(l.text) <= shortText {
		both := append(append(make([]byte, 0, 2*len(l.text)), l.text...), l.text...)
		c.outText, c.inText = both[:len(l.text):len(l.text)], both[len(l.text):]
	}
	c.setNext(0)
	c.setHigh(0)
	return c
}

// remember has the client keep account of each message by itself.
func (c *client) remember() {
	p := c.w.plan
	if p.oneWay() { // nothing is answered
		return
	}
	n, want := leastSlots, 4*p.window
	if p.window == 0 {
		want = mostSlots / p.connections
	}
	for n < want {
		n *= 2
	}
	c.slots, c.mask = make([]slot, n), uint64(n-1)
	if p.routed() {
		c.left = make([]int32, n)
	}
}

// shortText is up to which length a client keeps its next message and answer ready.
const shortText = 256

// setNext says which message is the next one.
func (c *client) setNext(n uint64) {
	c.next = n
	c.setDigits(c.digits[:], c.outText, n)
}

// setHigh says which answer is expected next.
func (c *client) setHigh(n uint64) {
	c.high = n
	c.setDigits(c.expected[:], c.inText, n)
}

// setDigits writes the number of a message as it stands in the text: the first one has no leading zeros, for services
// that take it for a number.
func (c *client) setDigits(dst, text []byte, n uint64) {
	s := c.script
	shown := (s.modulo/10 + n) % s.modulo
	if c.w.plan.oneWay() {
		shown = c.way.shown(n, s.modulo)
	}
	putDigits(dst[:s.digits], shown)
	if at := s.lines[0].seq; text != nil && at >= 0 {
		copy(text[at:], dst[:s.digits])
	}
}

// number turns the digits of an answer back into the number of a message near the next one.
func (c *client) number(shown uint64) uint64 {
	s := c.script
	ahead := (shown%s.modulo + s.modulo - (s.modulo/10+c.next)%s.modulo) % s.modulo
	if ahead < s.modulo/2 {
		return c.next + ahead
	}
	return c.next - (s.modulo - ahead)
}

// line is what message n says.
func (c *client) line(n uint64) *line {
	lines := c.script.lines
	if len(lines) == 1 {
		return &lines[0]
	}
	return &lines[(n+uint64(c.id))%uint64(len(lines))]
}

// sweep gives up on answers that did not come in time.
func (c *client) sweep(now int64, limit time.Duration) {
	if c.echoes != nil {
		if !c.echoes.overdue(now, int64(limit)) {
			return
		}
		c.part()
	}
	for c.oldest < c.next {
		s := &c.slots[c.oldest&c.mask]
		if s.state == c.oldest<<2|pending {
			if now-s.sent < int64(limit) {
				return
			}
			c.lose(s)
		}
		c.oldest++
	}
}

// lose counts a message as lost.
func (c *client) lose(s *slot) {
	s.state = s.state&^3 | lost
	c.inFlight--
	c.w.inFlight--
	if c.w.measured(s.due) {
		n := int64(1)
		if c.left != nil {
			n = int64(c.left[s.state>>2&c.mask])
		}
		c.w.now.lost += n
	}
}

// loseAll counts all that is pending as lost. Nothing comes any more.
func (c *client) loseAll() {
	if c.echoes != nil {
		c.w.now.lost += int64(c.echoes.measured(c.w))
		c.w.inFlight -= c.inFlight
		c.inFlight, c.echoes.bursts, c.echoes.head = 0, nil, 0
		return
	}
	for ; c.oldest < c.next; c.oldest++ {
		if s := &c.slots[c.oldest&c.mask]; s.state == c.oldest<<2|pending {
			c.lose(s)
		}
	}
}

// unfinished is how many of the messages that are measured, or attempts to connect, are neither answered nor lost.
func (c *client) unfinished() (n uint64) {
	switch {
	case c.dialled != nil && c.w.measured(c.dialled.due):
		return 1
	case c.echoes != nil:
		return c.echoes.measured(c.w)
	case len(c.slots) == 0:
		return 0
	}
	for i := c.oldest; i < c.next; i++ {
		if s := &c.slots[i&c.mask]; s.state == i<<2|pending && c.w.measured(s.due) {
			n++
		}
	}
	return n
}
