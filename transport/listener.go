package transport

import (
	"time"

	"github.com/ed-toolbox/ed/core/address"
)

// Listener accepts connections until it is closed. Its methods belong to its
// loop's goroutine.
type Listener interface {
	// Close stops listening at once and removes a Unix socket file that is
	// still its own. Accepted connections live on. Calling it again does nothing.
	Close() error
	// Addr is the address bound, with the real port where 0 was asked for.
	Addr() address.Address
	Stats() ListenerStats
}

// Accept is called for each new connection, on the loop's goroutine, before
// its OnOpen. It returns the handler of c; nil refuses the connection.
type Accept func(c Conn) Handler

// ListenerStats counts what a listener did.
type ListenerStats struct {
	Accepted  uint64 // connections that Accept gave a handler
	Open      int    // of those, not closed yet
	Refused   uint64 // closed at once: over MaxConns, or Accept gave no handler
	Starved   uint64 // closed at once because no descriptor was left
	Aborted   uint64 // gone before they could be accepted
	Failed    uint64 // other failures of accept; each made it wait and try again
	LastError error  // the last of Starved or Failed
	Opened    time.Time
}
