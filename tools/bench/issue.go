package bench

import (
	"errors"

	"github.com/ed-toolbox/ed/transport"
)

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
	if c.w.plan.oneWay() {
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
	bytes := len(w.out)
	if c.packets {
		bytes-- // the line end is not sent
	}
	w.sent(due, bytes)
	return true
}

// fill sends as many messages as the window has room for, in one write where the medium allows it.
func (c *client) fill(now int64) {
	w := c.w
	if now >= w.until { // it would not be measured, and a receiver that counts would not know
		return
	}
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
		c.w.failed(err)
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
