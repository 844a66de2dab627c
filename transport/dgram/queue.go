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

const (
	spareSize   = 256 << 10 // how large a buffer an empty queue keeps
	compactFrom = 64 << 10  // below that one is not worth tidying
	sentFrom    = 256       // packets that were sent, the same
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
	if len(q.buf) > compactFrom && len(q.buf) > 2*q.bytes || q.first > sentFrom && q.first > q.len() {
		q.compact()
	}
	q.packets = append(q.packets, packet{to: *to, off: len(q.buf), n: len(p), since: now})
	q.buf = append(q.buf, p...)
	q.bytes += len(p)
}

// compact lets go of what was sent where that is more than what waits: the queue
// may never be empty.
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

// tidy begins anew where nothing waits.
func (q *queue) tidy() {
	switch {
	case q.len() > 0:
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

// filter drops the packets that keep says no to; it is given none for longer than the call.
func (q *queue) filter(keep func(*packet) bool) {
	kept := q.packets[:0]
	for i := q.first; i < len(q.packets); i++ {
		k, n := &q.packets[i], q.packets[i].n // a copy would be allocated
		if keep(k) {
			kept = append(kept, *k)
		} else {
			q.bytes -= n
		}
	}
	q.packets, q.first = kept, 0
	q.tidy()
}

func (q *queue) drop() { *q = queue{} }
