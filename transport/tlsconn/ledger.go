package tlsconn

import "github.com/ed-toolbox/ed/transport"

// ledger maps plaintext to the ciphertext that the connection below was given. A peer can read a record only when it has
// all of it, so plaintext is out when the last byte of its record is.
type ledger struct {
	took    uint64     // plaintext bytes that Write took
	sealed  uint64     // of those, given to the connection below
	gone    uint64     // of those, in records that the kernel has taken whole, as far as is known
	left    uint64     // plaintext bytes that left the queues: gone, and about what is out of the record behind it
	given   uint64     // bytes given to the connection below: records, handshake, alerts
	out     uint64     // of those, up to the last record of gone
	records []boundary // the ends of those between gone and sealed
	longest int        // plaintext in a record at most
}

// boundary is where a record ends.
type boundary struct{ plain, cipher uint64 }

// keepRecords is how long a list of boundaries may be for its memory to be kept when it is empty.
const keepRecords = 64

// add notes a record that ends so many bytes behind what was given so far.
func (g *ledger) add(plain, cipher int) {
	g.records = append(g.records, boundary{g.sealed + uint64(plain), g.given + uint64(cipher)})
}

// account notes that the connection below has got rid of so many bytes.
func (g *ledger) account(out uint64) {
	n := 0
	for n < len(g.records) && g.records[n].cipher <= out {
		n++
	}
	if n > 0 {
		g.gone, g.out = g.records[n-1].plain, g.records[n-1].cipher
		g.records = g.records[:copy(g.records, g.records[n:])]
	}
	if len(g.records) > 0 {
		// A record is longer than its plaintext, so that what waits is never called less than its share of the queue below is.
		waits := g.records[len(g.records)-1].cipher - out
		g.left = max(g.left, g.gone, g.sealed-min(waits, g.sealed))
		return
	}
	g.left = g.gone
	if cap(g.records) > keepRecords {
		g.records = nil
	}
}

// unacked is how much plaintext may be among the last n bytes that the connection below got rid of, when those are out in all:
// that of the records that end there.
func (g *ledger) unacked(n int, out uint64) int {
	acked := out - min(uint64(n), out)
	if acked >= g.out {
		return 0 // what is missing is an alert, or part of a record that is not counted
	}
	// All but the first of these records are longer than their plaintext, and of the first at least a byte is missing.
	return int(min(g.out-acked-1+uint64(g.longest), g.gone))
}

// waiting is how much Write took and is not known to have left.
func (c *Conn) waiting() int { return int(c.took - c.left) }

// account finds out how much went out.
func (c *Conn) account() {
	if c.gone != c.sealed {
		c.ledger.account(c.below.Stats().BytesOut)
	}
}

// Unacked implements transport.Acknowledger. It is not known if the connection below does not know it. As over TCP, our end of
// stream counts as a byte, until all has ended: then it is the messages that count.
func (c *Conn) Unacked() (int, bool) {
	a, ok := c.below.(transport.Acknowledger)
	if !ok {
		return 0, false
	}
	n, known := a.Unacked()
	if !known || n == 0 {
		return 0, known
	}
	c.account()
	missing := c.ledger.unacked(n, c.below.Stats().BytesOut)
	if c.is(finSent) && !c.is(dead) {
		missing = max(missing, 1)
	}
	return missing, true
}

// Discarded implements transport.Discarder. Lines that were encrypted already are not counted, their bytes are.
func (c *Conn) Discarded() (bytes, lines int) {
	if !c.is(broken | dead) {
		return 0, 0
	}
	c.account()
	return int(c.took - c.bytesOut()), c.unsent
}

// bytesOut is Stats.BytesOut. It is exact over a connection that knows what the kernel took; over another all may be out that
// was given to it.
func (c *Conn) bytesOut() uint64 {
	if _, ok := c.below.(transport.Acknowledger); !ok {
		return c.sealed
	}
	return c.gone
}
