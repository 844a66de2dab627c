package stream

import "math/bits"

// Buffers of queues have sizes 1 KiB, 4 KiB … 4 MiB; larger ones (a high mark
// above 4 MiB) are made and dropped. The pool keeps smallBytes of those of the
// first two sizes and largeBytes of each of the others: to clear and collect them
// again and again costs more than all else that is done with them.
const (
	firstShift = 10
	classes    = 7
	smallBytes = 1 << 20
	largeBytes = 4 << 20
)

// kept is how many buffers of a class the pool keeps.
func kept(class int) int {
	if class < 2 {
		return smallBytes / classSize(class)
	}
	return largeBytes / classSize(class)
}

// buffer is a queue of bytes: b[off:] waits. For a connection of packets,
// sizes[sent:] says how they are divided.
type buffer struct {
	b     []byte
	off   int
	sizes []uint32
	sent  int
}

func (b *buffer) len() int     { return len(b.b) - b.off }
func (b *buffer) rest() []byte { return b.b[b.off:] }

// pool keeps empty buffers for the queues of one loop.
type pool struct {
	free [classes][]*buffer
}

// classOf is the smallest class that holds n bytes; it may be no pooled one.
func classOf(n int) int {
	if n <= 1<<firstShift {
		return 0
	}
	return (bits.Len(uint(n-1)) - firstShift + 1) / 2
}

func classSize(class int) int { return 1 << (firstShift + 2*class) }

// nextHint is the class to begin with next time: that of b, or one less if it
// was hardly used.
func nextHint(b *buffer, used int) uint8 {
	class := classOf(cap(b.b))
	if class > 0 && used <= classSize(class-1)/2 {
		class--
	}
	return uint8(min(class, classes-2))
}

func (p *pool) get(class int) *buffer {
	if class < classes {
		if n := len(p.free[class]); n > 0 {
			b := p.free[class][n-1]
			p.free[class] = p.free[class][:n-1]
			return b
		}
	}
	return &buffer{b: make([]byte, 0, classSize(class))}
}

func (p *pool) put(b *buffer) {
	class := classOf(cap(b.b))
	if class < classes && len(p.free[class]) < kept(class) {
		b.b, b.off, b.sizes, b.sent = b.b[:0], 0, b.sizes[:0], 0
		p.free[class] = append(p.free[class], b)
	}
}

// append adds data to b, in place if it fits, else in a larger buffer that
// replaces b.
func (p *pool) append(b *buffer, data []byte) *buffer {
	b = p.grow(b, len(data))
	b.b = append(b.b, data...)
	return b
}

// grow makes room for more bytes.
func (p *pool) grow(b *buffer, more int) *buffer {
	n := b.len()
	switch {
	case len(b.b)+more <= cap(b.b):
	case n+more <= cap(b.b) && n <= b.off: // each byte moves at most once for each that was sent
		b.b = b.b[:copy(b.b[:n], b.rest())]
		b.sizes = b.sizes[:copy(b.sizes, b.sizes[b.sent:])]
		b.off, b.sent = 0, 0
	default:
		b = p.move(b, classOf(n+more))
	}
	return b
}

// shrink moves what waits to the smallest buffer that holds it.
func (p *pool) shrink(b *buffer) *buffer {
	if class := classOf(b.len()); class < classOf(cap(b.b)) {
		return p.move(b, class)
	}
	return b
}

func (p *pool) move(b *buffer, class int) *buffer {
	to := p.get(class)
	to.b = append(to.b, b.rest()...)
	to.sizes = append(to.sizes, b.sizes[b.sent:]...)
	p.put(b)
	return to
}
