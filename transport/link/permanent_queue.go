package link

import (
	"errors"
	"fmt"
	"time"

	"github.com/ed-toolbox/ed/transport"
)

// expiryStep is how far apart the looks for expired messages are at least. No expired message is sent, however.
const expiryStep = 20 * time.Millisecond

// enqueue keeps a line until there is a connection that takes it.
func (p *Permanent) enqueue(line []byte, e entry) error {
	q := &p.options.Queue
	full := func() bool {
		return p.waiting.len() >= q.Messages || p.waiting.bytes()+len(line) > q.Bytes
	}
	if len(line) > q.Bytes {
		return transport.ErrTooBig
	}
	for full() {
		if !q.DropOldest {
			p.wantRoom = true
			return transport.ErrFull
		}
		p.counts.Dropped++
		p.lose(ErrDropped)
	}
	p.waiting.push(line, e)
	p.expect(e.expires)
	return nil
}

// lose reports the oldest line that waits.
func (p *Permanent) lose(why error) {
	line, _ := p.waiting.front()
	p.report(line, why)
	p.waiting.pop()
}

// pump gives the connection what waits, until it has enough. At the end of a Close it is closed.
func (p *Permanent) pump() {
	s := p.session
	for p.waiting.len() > 0 && s.open() {
		line, e := p.waiting.front()
		if e.expires > 0 && e.expires <= p.now() {
			p.counts.Expired++
			p.lose(ErrExpired)
			continue
		}
		err := s.give(line, *e)
		switch {
		case err == nil:
			p.traceSent(s.link, line)
			p.waiting.pop()
			s.beat.gave()
		case errors.Is(err, transport.ErrTooBig):
			p.counts.Dropped++
			p.lose(err)
		default:
			return // OnDrain follows, or the end
		}
	}
	p.tellRoom()
	p.closeIdle()
}

// closeIdle ends the connection in a Close that has nothing left to send.
func (p *Permanent) closeIdle() {
	s := p.session
	switch {
	case !p.closing || p.waiting.len() > 0 || s == nil:
	case s.ready:
		s.finish()
	default:
		s.close()
	}
}

// tellRoom has OnRoom called when half of the queue is free.
func (p *Permanent) tellRoom() {
	q := &p.options.Queue
	if p.wantRoom && p.waiting.len() <= q.Messages/2 && p.waiting.bytes() <= q.Bytes/2 {
		p.room = true
		p.wakeEnd()
	}
}

// requeue puts lines of a connection that broke in front of what waits.
func (p *Permanent) requeue(front *lines) {
	if front.len() == 0 {
		return
	}
	for line, e := range p.waiting.all() {
		front.push(line, *e)
	}
	p.waiting = *front
	for _, e := range p.waiting.all() {
		p.expect(e.expires)
	}
}

// expect has the queue looked at when a message expires.
func (p *Permanent) expect(expires int64) {
	if expires == 0 || p.soonest > 0 && p.soonest <= expires {
		return
	}
	p.soonest = expires
	p.expiry.Cancel()
	p.expiry = p.loop.After(time.Duration(expires-p.now()), "message expires", p.expire)
}

// expire reports what has expired, and looks for what expires next.
func (p *Permanent) expire() {
	now := p.now()
	next := int64(0)
	p.waiting.keep(func(line []byte, e *entry) bool {
		switch {
		case e.expires == 0:
		case e.expires <= now:
			p.counts.Expired++
			p.report(line, ErrExpired)
			return false
		case next == 0 || e.expires < next:
			next = e.expires
		}
		return true
	})
	p.soonest = 0
	if next > 0 {
		p.expect(max(next, now+int64(expiryStep)))
	}
	p.tellRoom()
	p.closeIdle()
}

// because joins why a message was not delivered and what had happened.
func because(why, cause error) error {
	if cause == nil {
		return why
	}
	return fmt.Errorf("%w: %w", why, cause)
}
