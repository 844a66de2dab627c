package dispatch

import "log/slog"

// Counted is an error of a Sender that counts what it did not take, and tells of it once, by Dispatcher.Lost, where that is worth it:
// a connection whose peer went while answers were on their way. Such errors are not logged one by one.
type Counted interface {
	error
	// Counted says whether this one is told that way.
	Counted() bool
}

// Loss is what a connection that has ended was given in vain.
type Loss struct {
	Link uint64 // as in Event
	Name string
	Peer string

	Refused uint64 // messages that it did not take any more
	Unsent  int    // messages that waited in its queue; over TLS those that were encrypted already are only in Bytes
	Bytes   int    // of the queue
	InDoubt int    // bytes that went before, and nobody knows whether the peer has them
	Err     error  // why it ended; nil: in good order
}

// Messages is how many were lost, at least.
func (l *Loss) Messages() uint64 { return l.Refused + uint64(l.Unsent) }

// Lost tells of what was lost with a connection: by Options.OnLost, or in one line of the log. A peer that goes without
// waiting for its only answer does not want it: that is no warning.
func (d *Dispatcher) Lost(l *Loss) {
	if f := d.options.OnLost; f != nil {
		f(l)
		return
	}
	level := slog.LevelWarn
	if l.Messages() <= 1 {
		level = slog.LevelDebug
	}
	args := []any{"peer", l.Peer, "link", l.Link, "name", l.Name, "messages", l.Messages(), "queued_bytes", l.Bytes}
	if l.InDoubt > 0 {
		args = append(args, "in_doubt_bytes", l.InDoubt)
	}
	if l.Err != nil {
		args = append(args, "error", l.Err)
	}
	d.log(nil, level, "messages were lost with their connection", args...)
}

// counted says whether all that err is about is told by Lost.
func counted(err error) bool {
	for err != nil {
		if c, ok := err.(Counted); ok {
			return c.Counted()
		}
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			err = e.Unwrap()
		case interface{ Unwrap() []error }:
			for _, part := range e.Unwrap() {
				if !counted(part) {
					return false
				}
			}
			return true
		default:
			return false
		}
	}
	return false
}
