package tlsconn

import (
	"bytes"

	"github.com/ed-toolbox/ed/transport"
)

const (
	piece  = 64 << 10 // plaintext encrypted before the connection below is asked whether it takes more
	record = 16 << 10 // plaintext in a TLS record at most (RFC 8446, 5.1); from this size on a write does not go through the queue
)

// Marks of the connection below: it holds what it is about to send, all else waits as plaintext.
const (
	lowBelow  = 64 << 10
	highBelow = 256 << 10
)

// Write implements transport.Conn.
func (c *Conn) Write(p []byte) error {
	if c.is(closing | finWanted | broken | dead) {
		return transport.ErrClosed
	}
	if c.waiting()+len(p) > c.set.HighMark {
		if err := c.makeRoom(len(p)); err != nil {
			return err
		}
	}
	if len(p) == 0 {
		return nil
	}
	c.took += uint64(len(p))
	c.high = max(c.high, c.waiting())
	if len(p) >= record && len(c.out) == 0 && c.is(isOpen) {
		p = p[c.seal(p):]
	}
	if len(p) > 0 {
		c.append(p)
	}
	if c.waiting() > c.set.LowMark {
		if c.account(); c.waiting() > c.set.LowMark {
			c.state |= owed
		}
	}
	if !c.is(busy) {
		c.later()
	}
	return nil
}

// makeRoom tries to get n more bytes under the high mark.
func (c *Conn) makeRoom(n int) error {
	if n > c.set.HighMark {
		return transport.ErrTooBig
	}
	c.pump()
	c.account()
	switch {
	case c.is(broken | dead):
		return transport.ErrClosed
	case c.waiting()+n > c.set.HighMark:
		c.state |= owed
		return transport.ErrFull
	}
	return nil
}

func (c *Conn) append(p []byte) {
	switch {
	case c.out == nil:
		c.out = c.loop.get(len(p))
	case c.off > 0 && len(c.out)+len(p) > cap(c.out) && len(c.out)-c.off <= c.off: // each byte moves at most once for each that was sent
		c.out = c.out[:copy(c.out, c.out[c.off:])]
		c.off = 0
	}
	c.out = append(c.out, p...)
}

// pump encrypts what is queued, as far as the connection below takes it. If that takes nothing any more, there is no queue.
func (c *Conn) pump() {
	if len(c.out) == 0 || !c.is(isOpen) || c.is(dead) {
		return
	}
	if c.off += c.seal(c.out[c.off:]); c.off == len(c.out) || c.is(broken) {
		c.drop()
	}
}

// drop gives the queue's buffer back.
func (c *Conn) drop() {
	if c.out != nil {
		c.unsent += bytes.Count(c.out[c.off:], []byte{'\n'})
		c.loop.put(c.out)
		c.out, c.off = nil, 0
	}
}

// seal encrypts p piece by piece until the connection below is congested, and says how much it took. OnDrain of the
// connection below follows if that is less than all.
func (c *Conn) seal(p []byte) (n int) {
	for n < len(p) && !c.is(broken) && !c.below.Congested() {
		q := p[n:min(n+piece, len(p))]
		if err := c.sealPiece(q); err != nil {
			c.state |= broken
			break
		}
		n += len(q)
	}
	if n > 0 {
		c.writes++
	}
	return n
}

// sealPiece encrypts p record by record, and gives all of it to the connection below, or nothing.
func (c *Conn) sealPiece(p []byte) (err error) {
	if len(c.records) == cap(c.records) {
		c.account()
	}
	before := len(c.records)
	c.loop.cipher = c.loop.cipher[:0]
	c.state |= sealing
	for n := 0; n < len(p) && err == nil; {
		var k int
		k, err = c.tls.Write(p[n:min(n+record, len(p))])
		n += k
		c.add(n, len(c.loop.cipher))
		c.longest = max(c.longest, k)
	}
	c.state &^= sealing
	if err == nil {
		err = c.give(c.loop.cipher)
	}
	if err != nil {
		c.records = c.records[:before]
		return err
	}
	c.sealed += uint64(len(p))
	return nil
}

// Queued implements transport.Conn.
func (c *Conn) Queued() int {
	if c.is(broken | dead) {
		return 0
	}
	c.account()
	return c.waiting()
}

// Congested implements transport.Conn.
func (c *Conn) Congested() bool { return c.is(owed) }

// drained says that an OnDrain is due.
func (c *Conn) drained() bool {
	return c.is(owed) && !c.is(dead|closing) && c.Queued() <= c.set.LowMark
}
