package link

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/ed-toolbox/ed/transport"
)

// flushLook is how often the connection is asked whether its queue is empty; nothing tells.
const flushLook = time.Millisecond

// progress counts the messages of a stream that the kernel has taken. Blocking.mu guards it.
type progress struct {
	put     uint64   // bytes of all messages so far
	ends    []uint64 // where the messages end that the kernel has not taken whole, in bytes from the beginning
	first   int      // in ends
	written uint64   // messages that it has
	bytes   uint64   // that it has
}

// add notes a message of n bytes.
func (p *progress) add(n int) {
	p.put += uint64(n)
	if p.first > 1024 && p.first > len(p.ends)/2 {
		p.ends = p.ends[:copy(p.ends, p.ends[p.first:])]
		p.first = 0
	}
	p.ends = append(p.ends, p.put)
}

// taken notes that the kernel has n bytes by now.
func (p *progress) taken(n uint64) {
	p.bytes = n
	for p.first < len(p.ends) && p.ends[p.first] <= n {
		p.first++
		p.written++
	}
}

// Written is how many messages the kernel has taken whole, as far as the loop has told. After Flush, and after the
// connection ended, it is exact. Over packets it is 0: Send tells.
func (b *Blocking) Written() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.progress.written
}

// Flush waits until the kernel has taken all that was sent before. It returns why the connection ended, if it did before,
// and the cause of ctx when that ends first. Over packets it returns when none is queued.
func (b *Blocking) Flush(ctx context.Context) error {
	b.mu.Lock()
	all := b.progress.put
	b.mu.Unlock()
	empty := make(chan struct{})
	var look func()
	look = func() {
		switch {
		case ctx.Err() != nil:
		case b.carrier.queued() == 0:
			close(empty)
		default:
			b.loop.After(flushLook, "flush", look)
		}
	}
	if b.after(look) == nil { // else the loop is over
		select {
		case <-empty:
			if b.took(all) {
				return nil
			}
			// A connection that broke has thrown its queue away; its end follows when what came by it was received.
			if b.waits() {
				return transport.ErrClosed
			}
		case <-b.ended:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	select {
	case <-b.ended:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if b.took(all) {
		return nil
	}
	return b.broken()
}

// took says whether the kernel has taken the first n bytes.
func (b *Blocking) took(n uint64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.progress.bytes >= n
}

// waits says that the end of a connection that broke would wait for Recv.
func (b *Blocking) waits() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.inbox.full
}

// broken is failure, and ErrClosed where the end was orderly.
func (b *Blocking) broken() error {
	if err := b.failure(); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return transport.ErrClosed
}

// Abort ends the connection at once; what was not sent is lost, and every method that waits returns err.
func (b *Blocking) Abort(err error) {
	_ = b.loop.Post(func() { b.carrier.abort(err) }) // a loop that is over has nothing to abort
}

func (s *streamCarrier) queued() int {
	s.b.noteProgress(s.conn)
	return s.conn.Queued()
}

func (p *packetCarrier) queued() int { return p.conn.Queued() }

// noteProgress runs on the loop.
func (b *Blocking) noteProgress(c transport.Conn) {
	n := c.Stats().BytesOut
	b.mu.Lock()
	b.progress.taken(n)
	b.mu.Unlock()
}
