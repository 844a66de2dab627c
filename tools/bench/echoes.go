package bench

import (
	"bytes"
	"encoding/binary"
)

// echoes is the quick account of a connection in a closed loop, for as long as all that comes back is what was sent, word
// for word and in order. The last messages stand in a ring, each at the place of its number: to send one is to write its
// number, and answers are compared in one go however many came. Where that would be too much memory the ring is of one
// message, and answers are compared with it one by one. Messages that were sent together are one entry. With the first byte
// that differs the slots take over, see part.
type echoes struct {
	ring    []byte
	size    int     // of a message, with its line end
	window  int     // messages in flight at most
	matched int     // bytes of the first answer that is awaited, which have come
	bursts  []burst // that are awaited; from head on
	head    int
	single  bool // the ring is the next answer that is awaited
}

// burst is messages that were sent at the same time.
type burst struct {
	sent int64
	n    int
}

// Limits of rings: with more than that, one message in the processor's cache is quicker than many outside of it.
const (
	ringSize  = 512       // bytes of a message
	mostRing  = 256 << 10 // bytes of one ring
	mostRings = 16 << 20
)

// newEchoes returns nil where the slots have to do from the start.
func newEchoes(c *client) *echoes {
	p, s := c.w.plan, c.script
	if !p.closed() || p.kind != kindRequest || c.packets || !s.same || len(s.lines) > 1 {
		return nil
	}
	text := s.lines[0].text
	e := &echoes{size: len(text), window: p.window}
	if ring := e.size * p.window; e.size > ringSize || ring > mostRing || ring*p.connections > mostRings {
		e.single = true
		e.ring = bytes.Clone(text)
		c.setDigits(c.expected[:], e.ring, c.high)
	} else {
		e.ring = bytes.Repeat(text, p.window)
	}
	return e
}

// fill sends as many messages as the window has room for.
func (e *echoes) fill(c *client, now int64) {
	w := c.w
	for c.open && !c.full && w.left > 0 && c.inFlight < e.window {
		n := min(e.window-c.inFlight, max(batch/e.size, 1))
		n = int(min(int64(n), w.left))
		text := e.next(c, n)
		n = len(text) / e.size
		if c.write(text) != nil {
			c.setNext(c.next)
			return
		}
		e.bursts = append(e.bursts, burst{now, n})
		c.next += uint64(n)
		c.inFlight += n
		w.inFlight += n
		w.left -= int64(n)
		w.sentMany(now, n, len(text))
	}
}

// next returns the next messages, n at most.
func (e *echoes) next(c *client, n int) []byte {
	var text []byte
	if e.single {
		text = c.w.out[:0]
		for range n {
			text = append(text, c.script.lines[0].text...)
		}
		c.w.out = text
	} else {
		at := int(c.next % uint64(e.window))
		text = e.ring[at*e.size : min(at+n, e.window)*e.size]
	}
	if seq := c.script.lines[0].seq; seq >= 0 {
		number(text, seq, e.size, c.digits[:c.script.digits])
	}
	return text
}

// number writes numbers into messages of a size, one after the other, at the same place of each. digits is the first number,
// and becomes the one after the last. Two words are quicker than a call to copy so few bytes.
func number(text []byte, at, size int, digits []byte) {
	n, le := len(digits), binary.LittleEndian
	if n < 8 || n > 16 {
		for ; at < len(text); at += size {
			copy(text[at:], digits)
			increment(digits)
		}
		return
	}
	head, tail := le.Uint64(digits), le.Uint64(digits[n-8:]) // of 12 digits both have the four in the middle
	for ; at < len(text); at += size {
		to := text[at : at+n]
		le.PutUint64(to, head)
		le.PutUint64(to[n-8:], tail)
		if tail>>56 != '9' { // the last digit
			tail += 1 << 56
			continue
		}
		le.PutUint64(digits[n-8:], tail)
		increment(digits)
		head, tail = le.Uint64(digits), le.Uint64(digits[n-8:])
	}
	le.PutUint64(digits[n-8:], tail)
}

// take handles what came back, and returns false if it is not what was awaited: then all of it is for the slots.
func (e *echoes) take(c *client, p []byte) bool {
	switch {
	case len(p) > c.inFlight*e.size-e.matched:
		return false
	case e.single:
		if !e.matchOne(c, p) {
			return false
		}
	case !e.match(c, p):
		return false
	}
	n := (e.matched + len(p)) / e.size
	e.matched = (e.matched + len(p)) % e.size
	c.high += uint64(n)
	c.inFlight -= n
	c.w.inFlight -= n
	e.record(c.w, n)
	return true
}

// match compares with what stands in the ring.
func (e *echoes) match(c *client, p []byte) bool {
	first := e.ring[int(c.high%uint64(e.window))*e.size+e.matched:]
	if len(p) <= len(first) {
		return bytes.Equal(p, first[:len(p)])
	}
	return bytes.Equal(p[:len(first)], first) && bytes.Equal(p[len(first):], e.ring[:len(p)-len(first)])
}

// matchOne compares with one message after the other.
func (e *echoes) matchOne(c *client, p []byte) bool {
	at, seq := e.matched, c.script.lines[0].seq
	for len(p) > 0 {
		n := min(len(p), e.size-at)
		if !bytes.Equal(p[:n], e.ring[at:at+n]) {
			c.setDigits(c.expected[:], e.ring, c.high) // for part
			return false
		}
		p = p[n:]
		if at += n; at == e.size {
			at = 0
			if seq >= 0 {
				increment(e.ring[seq : seq+c.script.digits])
			}
		}
	}
	return true
}

// record takes down that the next n messages were answered.
func (e *echoes) record(w *worker, n int) {
	for n > 0 {
		b := &e.bursts[e.head]
		k := min(n, b.n)
		w.recordMany(k, b.sent, b.sent)
		n -= k
		if b.n -= k; b.n == 0 {
			e.head++
		}
	}
	switch waiting := len(e.bursts) - e.head; {
	case waiting == 0:
		e.bursts, e.head = e.bursts[:0], 0
	case e.head >= 64 && e.head > waiting: // what is moved is less than what was done since
		e.bursts = append(e.bursts[:0], e.bursts[e.head:]...)
		e.head = 0
	}
}

// overdue says whether the oldest message was sent so long ago.
func (e *echoes) overdue(now int64, limit int64) bool {
	return e.head < len(e.bursts) && now-e.bursts[e.head].sent >= limit
}

// measured is how many of the messages that are awaited count.
func (e *echoes) measured(w *worker) (n uint64) {
	for _, b := range e.bursts[e.head:] {
		if w.measured(b.sent) {
			n += uint64(b.n)
		}
	}
	return n
}

// part has the slots take over. What was answered before is not in them, which means just that.
func (c *client) part() {
	e := c.echoes
	c.echoes = nil
	c.remember()
	n := c.high
	for _, b := range e.bursts[e.head:] {
		for range b.n {
			c.slots[n&c.mask] = slot{b.sent, b.sent, n<<2 | pending}
			n++
		}
	}
	c.oldest = c.high
	c.numbered = c.high > 0 && c.script.lines[0].seq >= 0
	c.setHigh(c.high)
	c.setNext(c.next)
	if e.matched > 0 {
		at := 0
		if !e.single {
			at = int(c.high%uint64(e.window)) * e.size
		}
		c.decode(e.ring[at : at+e.matched]) // no line ends there
	}
}
