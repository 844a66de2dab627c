package link

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
)

// outboxLimit is how many bytes wait for the loop before Send does.
const outboxLimit = 256 << 10

// outbox is what was sent and not yet taken by the carrier. Blocking.mu guards it.
type outbox struct {
	text   []byte
	posted bool          // the loop will look
	closed bool          // nothing more may be sent
	then   []func()      // for the loop, once text is empty
	room   chan struct{} // signalled when text became shorter
}

// Send queues m, which may be used again at once; over packets it sends. It waits, at most BlockingOptions.SendTimeout, while
// the peer does not read. That the connection broke may be told only by a later call. After Close, CloseWrite and the
// end of the connection it returns transport.ErrClosed, and transport.ErrTooBig for a message over BlockingOptions.MaxLine or the packet limit.
// A peer that has ended its side, as Recv tells, may still read: Send goes on, and Close tells if the peer was gone.
func (b *Blocking) Send(m *message.Message) error {
	try := b.put
	if p, ok := b.carrier.(*packetCarrier); ok {
		try = func(m *message.Message) (bool, error) { return b.sendPacket(p, m) }
	}
	if sent, err := try(m); sent || err != nil {
		return err
	}
	var late <-chan time.Time
	if b.options.SendTimeout > 0 {
		timer := time.NewTimer(b.options.SendTimeout)
		defer timer.Stop()
		late = timer.C
	}
	defer signal(b.outbox.room) // another goroutine may wait, too
	for {
		select {
		case <-b.outbox.room:
		case <-b.ended:
		case <-late:
			return fmt.Errorf("send message: the peer does not read: %w", transport.ErrTimeout)
		}
		if sent, err := try(m); sent || err != nil {
			return err
		}
	}
}

// put encodes m if there is room.
func (b *Blocking) put(m *message.Message) (bool, error) {
	if err := b.failure(); errors.Is(err, io.EOF) {
		return false, transport.ErrClosed
	} else if err != nil {
		return false, err
	}
	b.mu.Lock()
	before := len(b.outbox.text)
	switch {
	case b.outbox.closed, b.cut && b.inbox.full:
		b.mu.Unlock()
		return false, transport.ErrClosed
	case before >= outboxLimit:
		b.mu.Unlock()
		return false, nil
	}
	text, err := b.encode(b.outbox.text, m)
	if err != nil {
		b.mu.Unlock()
		return false, err
	}
	size := len(text) - before
	if b.packets && size > transport.DefaultMaxPacketUnix || !b.packets && b.options.MaxLine > 0 && size > b.options.MaxLine {
		b.mu.Unlock()
		return false, transport.ErrTooBig
	}
	b.outbox.text = append(text, '\n')
	if !b.packets {
		size++ // the line end goes out, too
	}
	b.progress.add(size)
	over := b.wake() != nil
	b.mu.Unlock()
	if over {
		return false, b.broken()
	}
	return true, nil
}

func (b *Blocking) encode(dst []byte, m *message.Message) ([]byte, error) {
	if b.options.Form == FormJSON {
		text, err := m.AppendJSON(dst)
		if !errors.Is(err, message.ErrNotUTF8) {
			return text, err
		}
	}
	return m.AppendText(dst)
}

// wake makes the loop look at the outbox. b.mu is held.
func (b *Blocking) wake() error {
	if b.outbox.posted {
		return nil
	}
	b.outbox.posted = true
	return b.loop.Post(b.flush)
}

// flush runs on the loop. What the carrier does not take now it asks for when it drained.
func (b *Blocking) flush() {
	b.mu.Lock()
	o := &b.outbox
	o.posted = false
	n, err := b.carrier.write(o.text)
	o.text = o.text[:copy(o.text, o.text[n:])]
	var then []func()
	if len(o.text) == 0 || err != nil || b.cut {
		then, o.then = o.then, nil
	}
	signal(o.room)
	b.mu.Unlock()
	if err != nil {
		b.end(err)
	}
	for _, f := range then {
		f()
	}
}

// after has f run on the loop once all that was sent is with the carrier.
func (b *Blocking) after(f func()) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.outbox.then = append(b.outbox.then, f)
	return b.wake()
}

// finish is after, and nothing more can be sent.
func (b *Blocking) finish(f func()) error {
	b.mu.Lock()
	b.outbox.closed = true
	b.mu.Unlock()
	return b.after(f)
}

// sendPacket sends on the loop and waits for the result, which is there at once: false while the queue is full.
func (b *Blocking) sendPacket(p *packetCarrier, m *message.Message) (bool, error) {
	b.mu.Lock()
	closed := b.outbox.closed
	b.mu.Unlock()
	if closed {
		return false, transport.ErrClosed
	}
	packet, err := b.encode(nil, m)
	if err != nil {
		return false, err
	}
	result := make(chan error, 1)
	if err := b.loop.Post(func() { result <- p.send(packet) }); err != nil {
		return false, b.broken()
	}
	select {
	case err := <-result:
		if errors.Is(err, transport.ErrFull) {
			return false, nil // OnDrain follows
		}
		return err == nil, err
	case <-b.ended:
		return false, b.broken()
	}
}

// Settle waits up to d for the network to refuse a packet that was sent, and returns the refusal. On the loopback
// interface a refusal is there at once: d may be 0. Over streams there is nothing to wait for.
func (b *Blocking) Settle(d time.Duration) error {
	turned := make(chan struct{})
	// What is posted by a posted function runs a turn later: the loop has asked the kernel for news between the two.
	again := func() { _ = b.loop.Post(func() { close(turned) }) }
	if err := b.loop.Post(again); err != nil {
		return nil
	}
	var late <-chan time.Time
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		late = timer.C
	}
	for turn, wait := turned, late; turn != nil || wait != nil; {
		select {
		case <-turn:
			turn = nil
		case <-wait:
			wait = nil
		case <-b.reported:
		case <-b.ended:
			return b.refusal()
		}
		if err := b.refusal(); err != nil {
			return err
		}
	}
	return nil
}

// refusal takes what the network reported about a packet.
func (b *Blocking) refusal() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	err := b.refused
	b.refused = nil
	return err
}
