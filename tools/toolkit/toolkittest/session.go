package toolkittest

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport/link"
)

var _ toolkit.Session = (*Session)(nil)

// Session is a peer that a test scripts. Any goroutine may use it.
type Session struct {
	// Reply gets each message that was sent and returns what the peer answers; nil answers nothing. It is called in Send.
	Reply func(m *message.Message) []*message.Message
	// SendErr is what Send returns, if not nil.
	SendErr error
	// SettleErr is what Settle returns.
	SettleErr error

	mu       sync.Mutex
	sent     []string
	queue    []received
	arrived  chan struct{} // made on demand; closed when something is queued or the peer has ended
	ended    bool
	half     bool
	isClosed bool
}

type received struct {
	line link.Received
	err  error
}

// Send records m in its text form and queues the peer's answers.
func (s *Session) Send(m *message.Message) error {
	if s.SendErr != nil {
		return s.SendErr
	}
	text, err := m.AppendText(nil)
	if err != nil {
		return err
	}
	s.mu.Lock()
	closed := s.isClosed || s.half
	s.sent = append(s.sent, string(text))
	s.mu.Unlock()
	if closed {
		return errors.New("send on a closed session")
	}
	if s.Reply != nil {
		for _, r := range s.Reply(m.Clone()) {
			s.Arrive(r)
		}
	}
	return nil
}

// Arrive makes m come from the peer.
func (s *Session) Arrive(m *message.Message) {
	line, err := m.AppendText(nil)
	s.add(received{line: link.Received{Line: line, Message: m, Err: err}})
}

// ArriveLine makes a line come from the peer, a message or not.
func (s *Session) ArriveLine(line string) {
	m, err := message.Parse([]byte(line))
	s.add(received{line: link.Received{Line: []byte(line), Message: m, Err: err}})
}

// Fail makes the next Recv fail once with err, after what arrived before.
func (s *Session) Fail(err error) { s.add(received{err: err}) }

// End is the peer's orderly end: Recv returns io.EOF after what arrived before.
func (s *Session) End() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.wake()
}

func (s *Session) add(r received) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, r)
	s.wake()
}

func (s *Session) wake() {
	if s.arrived != nil {
		close(s.arrived)
		s.arrived = nil
	}
}

// Recv returns the messages that arrived, in order.
func (s *Session) Recv(ctx context.Context) (*message.Message, error) {
	r, err := s.Next(ctx)
	if err != nil {
		return nil, err
	}
	if r.Err != nil {
		return nil, &link.MalformedError{Line: r.Line, Err: r.Err}
	}
	return r.Message, nil
}

// Settle returns at once: SettleErr.
func (s *Session) Settle(time.Duration) error { return s.SettleErr }

// Next returns the lines that arrived, in order.
func (s *Session) Next(ctx context.Context) (link.Received, error) {
	for {
		s.mu.Lock()
		switch {
		case len(s.queue) > 0:
			r := s.queue[0]
			s.queue = s.queue[1:]
			s.mu.Unlock()
			return r.line, r.err
		case s.ended || s.isClosed:
			s.mu.Unlock()
			return link.Received{}, io.EOF
		}
		if s.arrived == nil {
			s.arrived = make(chan struct{})
		}
		arrived := s.arrived
		s.mu.Unlock()
		select {
		case <-arrived:
		case <-ctx.Done():
			return link.Received{}, context.Cause(ctx)
		}
	}
}

// CloseWrite records the half-close.
func (s *Session) CloseWrite() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.half = true
	return nil
}

// Close records the end.
func (s *Session) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isClosed = true
	s.wake()
	return nil
}

// Sent returns the text of the messages sent so far.
func (s *Session) Sent() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.sent...)
}

// State tells whether CloseWrite and Close were called.
func (s *Session) State() (half, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.half, s.isClosed
}
