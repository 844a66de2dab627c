package link

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
)

// inboxLimit is how many messages wait for Recv before reading stops.
const inboxLimit = 256

// inbox is what arrived and was not received yet. Blocking.mu guards it.
type inbox struct {
	queue   []Received
	full    bool          // the carrier does not read until the queue is shorter
	arrived chan struct{} // signalled when the queue became longer or the connection ended
}

// Received is one line or packet that arrived. It is the receiver's.
type Received struct {
	Line    []byte           // as it came, without its end
	Message *message.Message // nil if the line is no message; it borrows Line
	Err     error            // why it is none
	Time    time.Time
	From    address.Address // the peer, or the sender of a packet
}

// MalformedError is what Recv returns for a line that is no message, or was over the limit and left out. The connection goes on.
type MalformedError struct {
	Line []byte // nil where it was over the limit
	Err  error  // *message.SyntaxError or *message.TooLongError
}

func (e *MalformedError) Error() string { return "received line is no message: " + e.Err.Error() }

// Unwrap gives the reason.
func (e *MalformedError) Unwrap() error { return e.Err }

// Recv waits for the next message, which is the caller's. It returns io.EOF after the peer's last one, and after our Close,
// *MalformedError for a line that is no message, what the network reported about a packet, why the connection broke, and the cause of
// ctx when that ends first. What had come by then is returned all the same, even if the process was stopped meanwhile.
func (b *Blocking) Recv(ctx context.Context) (*message.Message, error) {
	r, err := b.Next(ctx)
	if err != nil {
		return nil, err
	}
	if r.Err != nil {
		return nil, &MalformedError{Line: r.Line, Err: r.Err}
	}
	return r.Message, nil
}

// Next waits for the next line or packet, whatever it holds. Its errors are those of Recv but *MalformedError.
func (b *Blocking) Next(ctx context.Context) (Received, error) {
	looked := ctx.Err() != nil // who does not wait is told what is here
	for {
		if r, ok := b.take(); ok {
			return r, nil
		}
		if err := b.refusal(); err != nil {
			return Received{}, err
		}
		if err := b.over(); err != nil {
			signal(b.inbox.arrived) // the others who wait must hear of it too
			return Received{}, err
		}
		select {
		case <-b.inbox.arrived:
		case <-b.ended:
		case <-ctx.Done():
			if looked {
				return Received{}, context.Cause(ctx)
			}
			b.look()
			looked = true
		}
	}
}

// look waits until the loop has read once what has come. A process that was stopped, or got no processor, may find its time over
// before the loop finds the answer.
func (b *Blocking) look() {
	seen := make(chan struct{})
	second := func() { close(seen) }
	first := func() {
		if b.loop.Post(second) != nil {
			second()
		}
	}
	if b.loop.Post(first) != nil { // sources come between the posts of a turn and those of the next
		return
	}
	select {
	case <-seen:
	case <-b.ended:
	}
}

// over is why nothing more comes.
func (b *Blocking) over() error {
	b.mu.Lock()
	eof := b.eof
	b.mu.Unlock()
	if eof {
		return io.EOF
	}
	return b.failure()
}

// hungUp notes the peer's end.
func (b *Blocking) hungUp() {
	b.mu.Lock()
	b.eof = true
	b.mu.Unlock()
	signal(b.inbox.arrived)
}

// take removes the oldest and lets the carrier read again.
func (b *Blocking) take() (Received, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	in := &b.inbox
	if len(in.queue) == 0 {
		return Received{}, false
	}
	r := in.queue[0]
	in.queue[0] = Received{}
	in.queue = in.queue[1:]
	if in.full && len(in.queue) <= inboxLimit/2 {
		in.full = false
		_ = b.loop.Post(b.carrier.read) // a loop that is over has nothing to read
	}
	if len(in.queue) > 0 {
		signal(in.arrived) // another goroutine may wait, too
	}
	return r, true
}

// accept runs on the loop. It keeps one line or packet and says whether there is room for more.
func (b *Blocking) accept(line []byte, from address.Address, problem error) bool {
	r := Received{Line: bytes.Clone(line), Err: problem, Time: time.Now(), From: from}
	if r.Err == nil {
		m := new(message.Message)
		if r.Err = m.Decode(r.Line); r.Err == nil {
			r.Message = m
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if errors.Is(r.Err, message.ErrEmpty) {
		return !b.inbox.full
	}
	b.inbox.queue = append(b.inbox.queue, r)
	b.inbox.full = len(b.inbox.queue) >= inboxLimit
	signal(b.inbox.arrived)
	return !b.inbox.full
}
