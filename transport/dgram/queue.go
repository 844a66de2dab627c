package dgram

import (
	"time"

	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
)

// packet waits to be sent; a zero address means the remote.
type packet struct {
	to     sockaddr.Raw
	off, n int // in the queue's buffer
	since  time.Time
}

// spareSize is how large a buffer an empty queue keeps; below compactFrom one is
// not worth tidying.
const (
	spareSize   = 256 << 10
	compactFrom = 64 << 10
)

// queue holds packets in order, and their bytes in one buffer: packets[first:]
// wait.
type queue struct {
	packets []packet
	first   int
	buf     []byte
	bytes   int
}

func (q *queue) len() int          { return len(q.packets) - q.first }
func (q *queue) waiting() []packet { return q.packets[q.first:] }

func (q *queue) data(k *packet) []byte { return q.buf[k.off : k.off+k.n] }

func (q *queue) push(p []byte, to *sockaddr.Raw, now time.Time) {
	if len(q.buf) > compactFrom && len(q.buf) > 2*q.bytes {
		q.compact()
	}
	q.packets = append(q.packets, packet{to: *to, off: len(q.buf), n: len(p), since: now})
	q.buf = append(q.buf, p...)
	q.bytes += len(p)
}

// compact moves what waits to the beginning of the buffer.
func (q *queue) compact() {
	q.packets = q.packets[:copy(q.packets, q.waiting())]
	q.first = 0
	at := 0
	for i := range q.packets {
		k := &q.packets[i]
		copy(q.buf[at:], q.data(k))
		k.off = at
		at += k.n
	}
	q.buf = q.buf[:at]
}

// pop removes the first n packets.
func (q *queue) pop(n int) {
	for i := range n {
		q.bytes -= q.packets[q.first+i].n
	}
	q.first += n
	q.tidy()
}

// tidy lets go of what an empty queue does not need, and of sent packets that
// would pile up before waiting ones.
func (q *queue) tidy() {
	switch {
	case q.len() > 0:
		if q.first > 256 && q.first > q.len() {
			q.packets = q.packets[:copy(q.packets, q.waiting())]
			q.first = 0
		}
	case cap(q.buf) > spareSize:
		*q = queue{}
	default:
		q.packets, q.first, q.buf = q.packets[:0], 0, q.buf[:0]
	}
}

// has says that a packet to the same receiver waits.
func (q *queue) has(to *sockaddr.Raw) bool {
	for i := range q.waiting() {
		if q.waiting()[i].to.Equal(to) {
			return true
		}
	}
	return false
}

// filter drops the packets that keep says no to.
func (q *queue) filter(keep func(*packet) bool) {
	kept := q.packets[:0]
	for i := q.first; i < len(q.packets); i++ {
		k := q.packets[i]
		if keep(&k) {
			kept = append(kept, k)
		} else {
			q.bytes -= k.n
		}
	}
	q.packets, q.first = kept, 0
	q.tidy()
}

func (q *queue) drop() { *q = queue{} }
