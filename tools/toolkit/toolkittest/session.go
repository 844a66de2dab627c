package toolkittest

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

var _ toolkit.Session = (*Session)(nil)

// Session is a peer that a test scripts. Any goroutine may use it.
type Session struct {
	// Reply gets each message that was sent and returns what the peer answers; nil answers nothing. It is called in Send.
	Reply func(m *message.Message) []*message.Message
	// SendErr is what Send returns, if not nil.
	SendErr error

	mu       sync.Mutex
	sent     []string
	queue    []received
	arrived  chan struct{} // made on demand; closed when something is queued or the peer has ended
	ended    bool
	half     bool
	isClosed bool
}

type received struct {
	m   *message.Message
	err error
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
func (s *Session) Arrive(m *message.Message) { s.add(received{m: m}) }

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

// Recv returns what arrived, in order.
func (s *Session) Recv(ctx context.Context) (*message.Message, error) {
	for {
		s.mu.Lock()
		switch {
		case len(s.queue) > 0:
			r := s.queue[0]
			s.queue = s.queue[1:]
			s.mu.Unlock()
			return r.m, r.err
		case s.ended || s.isClosed:
			s.mu.Unlock()
			return nil, io.EOF
		}
		if s.arrived == nil {
			s.arrived = make(chan struct{})
		}
		arrived := s.arrived
		s.mu.Unlock()
		select {
		case <-arrived:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
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
