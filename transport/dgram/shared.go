package dgram

import (
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
)

// shared is what the packet sockets of one loop have in common: a loop runs one
// callback at a time, so one batch of each kind is enough.
type shared struct {
	in  *sockaddr.In // made when the first socket reads
	out sockaddr.Out
}

type sharedKey struct{}

func sharedOf(l *reactor.Loop) *shared {
	return l.Local(sharedKey{}, func() any { return new(shared) }).(*shared)
}

func (s *shared) incoming() *sockaddr.In {
	if s.in == nil {
		s.in = sockaddr.NewIn()
	}
	return s.in
}
