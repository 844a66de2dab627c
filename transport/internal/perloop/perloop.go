// Package perloop numbers the connections of a loop, so that streams and
// packet sockets of one loop never share a number.
package perloop

import "github.com/ed-toolbox/ed/core/reactor"

// Serial counts from 1. It belongs to its loop's goroutine.
type Serial struct{ last uint64 }

type key struct{}

// SerialOf returns the counter of a loop.
func SerialOf(l *reactor.Loop) *Serial {
	return l.Local(key{}, func() any { return new(Serial) }).(*Serial)
}

// Next returns the next number.
func (s *Serial) Next() uint64 {
	s.last++
	return s.last
}
