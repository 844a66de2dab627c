package dgram

import (
	"time"

	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
)

// packet waits to be sent; a zero address means the remote.
type packet struct {
	b     []byte
	to    sockaddr.Raw
	since time.Time
}

// Spare buffers are kept for the next packets, up to these bounds.
const (
	spareBuffers = 64
	spareSize    = 4 << 10
)

// queue holds packets in order, and their bytes in buffers of its own.
type queue struct {
	packets []packet
	bytes   int
	spare   [][]byte
}

func (q *queue) len() int { return len(q.packets) }

func (q *queue) push(p []byte, to *sockaddr.Raw, now time.Time) {
	var b []byte
	if n := len(q.spare); n > 0 {
		b, q.spare = q.spare[n-1], q.spare[:n-1]
	}
	q.packets = append(q.packets, packet{b: append(b[:0], p...), to: *to, since: now})
	q.bytes += len(p)
}

// has says that a packet to the same receiver waits.
func (q *queue) has(to *sockaddr.Raw) bool {
	for i := range q.packets {
		if q.packets[i].to.Equal(to) {
			return true
		}
	}
	return false
}

// filter drops the packets that keep says no to.
func (q *queue) filter(keep func(*packet) bool) {
	kept := q.packets[:0]
	for i := range q.packets {
		k := q.packets[i]
		if keep(&k) {
			kept = append(kept, k)
			continue
		}
		q.bytes -= len(k.b)
		if cap(k.b) <= spareSize && len(q.spare) < spareBuffers {
			q.spare = append(q.spare, k.b)
		}
	}
	clear(q.packets[len(kept):])
	q.packets = kept
}

func (q *queue) drop() { *q = queue{} }
