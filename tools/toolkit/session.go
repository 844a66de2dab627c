package toolkit

import (
	"context"

	"github.com/ed-toolbox/ed/core/message"
)

// Session is a conversation with one peer. The real one is a *link.Blocking; tests use toolkittest.Session.
// Its methods may be called from any goroutine.
type Session interface {
	// Send writes one message, or queues it. It may block while the peer does not read.
	Send(m *message.Message) error
	// Recv waits for the next message. It returns io.EOF after the peer's orderly end, context.Cause(ctx) when ctx ends, and a
	// *message.SyntaxError for a line that is no message; the session stays usable then. The message belongs to the caller.
	Recv(ctx context.Context) (*message.Message, error)
	// CloseWrite says that nothing more will be sent; what was sent goes out first.
	CloseWrite() error
	// Close ends the session. What was sent goes out first, for at most a few seconds.
	Close() error
}

// DialOptions of Env.Dial. The zero value is useful.
type DialOptions struct {
	// JSON writes JSON lines.
	JSON bool
}
