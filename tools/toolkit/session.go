package toolkit

import (
	"context"
	"time"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport/link"
)

var _ Session = (*link.Blocking)(nil)

// Session is a conversation with one peer. The real one is a *link.Blocking; tests use toolkittest.Session.
// Its methods may be called from any goroutine.
type Session interface {
	// Send writes one message, or queues it. It may block while the peer does not read.
	Send(m *message.Message) error
	// Recv waits for the next message, which is the caller's. It returns io.EOF after the peer's orderly end, context.Cause(ctx) when
	// ctx ends, and a *link.MalformedError for a line that is no message; the session stays usable then.
	Recv(ctx context.Context) (*message.Message, error)
	// Next is Recv for those who want the line as it came: one that is no message is no error of Next's.
	Next(ctx context.Context) (link.Received, error)
	// Settle waits up to d for the network to refuse a packet that was sent, and returns the refusal. On the loopback interface
	// 0 is enough; over streams it returns at once.
	Settle(d time.Duration) error
	// CloseWrite says that nothing more will be sent; what was sent goes out first.
	CloseWrite() error
	// Close ends the session. What was sent goes out first, for at most a few seconds; an error says that it did not.
	Close() error
}

// DialOptions of Env.Dial. The zero value is useful.
type DialOptions struct {
	JSON           bool          // write JSON lines
	ConnectTimeout time.Duration // look-up and connecting together; 0 is 10 s, negative is no limit
	SendTimeout    time.Duration // how long Send waits for a peer that does not read; 0 is 10 s
	MaxPacket      int           // bytes sent in one datagram at most; 0 is 1024 (UDP)
	MaxLine        int           // bytes sent in one line of a stream at most, without its end; 0 is 65,536, which is what others take; more is taken, too
	Group          Group         // how datagrams to a group go
}

// DialOptions are those that --timeout means: it bounds the connecting and each sending.
func (c Common) DialOptions() DialOptions {
	if c.Timeout == 0 {
		return DialOptions{ConnectTimeout: -1, SendTimeout: -1}
	}
	return DialOptions{ConnectTimeout: c.Timeout, SendTimeout: c.Timeout}
}
