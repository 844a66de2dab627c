package stream

// enough is the room that is lent at least, up to the low mark. The smallest
// buffer has it.
const enough = 512

// Lend implements transport.Lender: the room is that behind the queue, in its
// buffer.
func (c *Conn) Lend() []byte {
	more := c.set.LowMark - c.Queued()
	if more <= 0 || c.is(closing|finWanted|broken|dead|owed) || c.set.packets || c.set.way == In {
		return nil
	}
	if c.out == nil {
		c.out = c.loop.pool.get(int(c.hint))
	} else {
		c.out = c.loop.pool.grow(c.out, min(more, enough))
	}
	b := c.out.b
	return b[len(b):len(b):min(cap(b), len(b)+more)]
}

// Commit implements transport.Lender.
func (c *Conn) Commit(p []byte) {
	if c.is(dead) || c.out == nil || !follows(c.out.b, p) {
		return // who does not keep to the contract may have been lent what is used for something else now
	}
	c.out.b = c.out.b[:len(c.out.b)+len(p)]
	n := c.out.len()
	if n == 0 {
		c.drop()
		return
	}
	c.high = max(c.high, uint32(n))
	if !c.is(busy) {
		c.later()
	}
}

// follows says whether p stands in memory right behind b, in its capacity.
func follows(b, p []byte) bool {
	return cap(b)-len(b) >= cap(p) && cap(p) > 0 && &b[:len(b)+1][len(b)] == &p[:1][0]
}
