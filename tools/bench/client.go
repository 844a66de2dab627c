package bench

import (
	"errors"
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
	slots    []slot           // the last ones, by number
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
	gone     bool

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
	n, want := leastSlots, 4*w.plan.window
	if w.plan.window == 0 {
		want = mostSlots / w.plan.connections
	}
	for n < want {
		n *= 2
	}
	if w.plan.oneWay() || w.plan.kind == kindConnect {
		n = 0
	}
	c.slots, c.mask = make([]slot, n), uint64(n-1)
	if w.plan.routed() {
		c.left = make([]int32, n)
	}
	if l := &s.lines[0]; len(s.lines) == 1 && len(l.text) <= shortText {
		both := append(append(make([]byte, 0, 2*len(l.text)), l.text...), l.text...)
		c.outText, c.inText = both[:len(l.text):len(l.text)], both[len(l.text):]
	}
	c.setNext(0)
	c.setHigh(0)
	return c
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
	if len(c.slots) == 0 {
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

// mayIssue says that there is room for another message.
func (c *client) mayIssue() bool {
	if !c.open || c.full || c.w.left <= 0 { // a client of kind connect is always open
		return false
	}
	switch {
	case c.w.plan.kind == kindConnect:
		return c.dialled == nil
	case c.w.plan.oneWay():
		return true
	}
	if c.w.plan.window > 0 && c.inFlight >= c.w.plan.window {
		return false
	}
	s := &c.slots[c.next&c.mask]
	if s.state&3 != pending {
		return true
	}
	if s.state>>2 >= c.high { // the service is slow
		return false
	}
	c.lose(s) // far later ones were answered, and its place is needed
	return true
}

// put appends the next message to dst and notes it as sent.
func (c *client) put(dst []byte, due, now int64) []byte {
	if len(c.slots) == 0 {
		c.way.number(c, due)
	}
	l := c.line(c.next)
	at := len(dst)
	switch {
	case c.outText != nil:
		dst = append(dst, c.outText...)
		if l.seq >= 0 {
			increment(c.outText[l.seq:][:c.script.digits])
		}
	default:
		dst = append(dst, l.text...)
		if l.seq >= 0 {
			copy(dst[at+l.seq:], c.digits[:c.script.digits])
			increment(c.digits[:c.script.digits])
		}
	}
	if l.at >= 0 {
		wall := c.w.wall
		putDigits(dst[at+l.at:][:stampDigits], uint64(wall+now)%stampModulo)
		putDigits(dst[at+l.due:][:stampDigits], uint64(wall+due)%stampModulo)
	}
	if len(c.slots) > 0 {
		c.slots[c.next&c.mask] = slot{due, now, c.next<<2 | pending}
		if c.left != nil {
			c.left[c.next&c.mask] = int32(len(c.to))
		}
		c.inFlight++
		c.w.inFlight++
	}
	c.next++
	c.w.left--
	return dst
}

// undo takes back the last put.
func (c *client) undo() {
	c.setNext(c.next - 1)
	c.w.left++
	if len(c.slots) > 0 {
		c.slots[c.next&c.mask].state = unused
		c.inFlight--
		c.w.inFlight--
	}
}

// issue sends the next message. False: it could not be taken for now, or for ever.
func (c *client) issue(due, now int64) bool {
	w := c.w
	if w.plan.kind == kindConnect {
		return c.try(due, now)
	}
	w.out = c.put(w.out[:0], due, now)
	if err := c.write(w.out); err != nil {
		c.undo()
		return false
	}
	if w.plan.oneWay() {
		c.way.given(c, 1, len(w.out), due, now)
	}
	w.sent(due, len(w.out))
	return true
}

// fill sends as many messages as the window has room for, in one write where the medium allows it.
func (c *client) fill(now int64) {
	w := c.w
	if c.echoes != nil {
		c.echoes.fill(c, now)
		return
	}
	if c.packets || w.plan.kind == kindConnect {
		// A medium that loses what it has no room for takes whatever it is given: the loop has other work, too.
		for n := 0; (n < packetsAtOnce || !w.plan.oneWay()) && c.mayIssue() && c.issue(now, now); n++ {
		}
		return
	}
	w.out = w.out[:0]
	n := 0
	for c.mayIssue() && len(w.out) < batch {
		w.out = c.put(w.out, now, now)
		n++
	}
	if n == 0 {
		return
	}
	if c.write(w.out) != nil {
		for range n {
			c.undo()
		}
		return
	}
	if w.plan.oneWay() {
		c.way.given(c, n, len(w.out), now, now)
	}
	w.sentMany(now, n, len(w.out))
	if len(w.out) >= batch && !w.plan.oneWay() {
		c.fill(now)
	}
}

// packetsAtOnce is how many one-way packets a connection is given in a turn; with answers the window is the limit.
const packetsAtOnce = 256

// batch is how many bytes are given to a connection at once.
const batch = 128 << 10

// write gives text, whole lines, to the connection. After transport.ErrFull nothing more is sent until it has drained.
func (c *client) write(text []byte) error {
	var err error
	switch {
	case c.packet != nil:
		err = c.packet.WriteTo(text[:len(text)-1], c.w.noAddress)
	case c.packets:
		err = c.conn.Write(text[:len(text)-1])
	default:
		err = c.conn.Write(text)
	}
	switch {
	case errors.Is(err, transport.ErrFull):
		c.full = true
	case errors.Is(err, transport.ErrTooBig):
		c.full = true
		c.w.fail(err)
	case err != nil && c.packet != nil: // it is lost; the next one may find somebody
		c.w.now.failure(err)
		return nil
	case err != nil:
		c.full = true // its end is told by OnClose
	case c.conn != nil:
		c.full = c.conn.Congested() // more would only wait here, and cost memory
	}
	return err
}

// queued is how many bytes, or packets, the connection was given and the kernel has not taken.
func (c *client) queued() int {
	if c.packet != nil {
		return c.packet.Queued()
	}
	return c.conn.Queued()
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

// loseAll counts all that is pending as lost.
func (c *client) loseAll() {
	if c.echoes != nil {
		c.part()
	}
	for ; c.oldest < c.next; c.oldest++ {
		if s := &c.slots[c.oldest&c.mask]; s.state == c.oldest<<2|pending {
			c.lose(s)
		}
	}
}
