package link

import (
	"iter"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
)

// Server is the accepting role: any number of links behind any number of listeners of any medium. It belongs to one loop.
type Server struct {
	shared *shared
	first  *Link
}

// NewServer returns a server without links. Hand its Accept to open.Listen, as often as there are addresses.
func NewServer(o Options) *Server {
	s := &Server{shared: newShared(o)}
	s.shared.owner = s
	return s
}

// Accept makes the handler of a new connection.
func (s *Server) Accept(c transport.Conn) transport.Handler { return newLink(c, s.shared) }

// Links are the open ones, the newest first. Links may be closed while walking.
func (s *Server) Links() iter.Seq[*Link] {
	return func(yield func(*Link) bool) {
		for l := s.first; l != nil; {
			next := l.next
			if !yield(l) {
				return
			}
			l = next
		}
	}
}

// Broadcast sends m to every open link and returns how many took it.
func (s *Server) Broadcast(m *message.Message) int {
	n := 0
	for l := range s.Links() {
		if l.Send(m) == nil {
			n++
		}
	}
	return n
}

// Close ends all links in good order. Listeners are their owner's to close, first.
func (s *Server) Close() {
	for l := range s.Links() {
		l.Close()
	}
}

// Stats is a copy of the counters.
func (s *Server) Stats() Stats { return s.shared.stats }

func (s *Server) opened(l *Link) {
	s.shared.stats.Links++
	s.shared.stats.Opened++
	l.next = s.first
	if s.first != nil {
		s.first.prev = l
	}
	s.first = l
}

func (s *Server) closed(l *Link, err error) {
	if s.first != l && l.prev == nil {
		return // it never opened
	}
	s.shared.stats.Links--
	if l.prev != nil {
		l.prev.next = l.next
	} else {
		s.first = l.next
	}
	if l.next != nil {
		l.next.prev = l.prev
	}
	l.next, l.prev = nil, nil // a walk that stands on l has its next already
}
