package link

import (
	"errors"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/transport"
)

// A peer that goes has often asked for more than it waited for. What it sent is still handled, and each answer is refused: that is told
// once, at the end of the link, with what was thrown away of its queue.

// lossTeller is a Dispatcher that wants to know; *dispatch.Dispatcher is one.
type lossTeller interface{ Lost(*dispatch.Loss) }

// countedError is that of a message which the end of its link tells of, or for a sender of packets that is not there.
type countedError struct{ error }

// Unwrap makes it what it was.
func (e countedError) Unwrap() error { return e.error }

// Counted implements dispatch.Counted.
func (countedError) Counted() bool { return true }

// refused deals with messages that were not taken, and returns the error for those who sent them.
func (l *Link) refused(err error, messages int) error {
	if err == nil {
		return nil
	}
	ends := errors.Is(err, transport.ErrClosed)
	if ends {
		l.shared.stats.Lost += uint64(messages)
	} else {
		ends = l.giveUp(err)
	}
	if _, ok := l.shared.options.Dispatcher.(lossTeller); !ok || !ends || l.closing {
		return err
	}
	s := l.shared
	if s.losses == nil {
		s.losses = make(map[*Link]uint64)
	}
	s.losses[l] += uint64(messages)
	return countedError{err}
}

// giveUp ends a link whose queue was found full, if that is what is to be done with slow readers.
func (l *Link) giveUp(err error) bool {
	if l.shared.options.Slow != SlowClose || !errors.Is(err, transport.ErrFull) || !l.conn.Congested() {
		return false
	}
	l.conn.Abort(err)
	return true
}

// tellLoss tells what was lost with a link that has ended, if anything was.
func (l *Link) tellLoss(err error) {
	s := l.shared
	loss := dispatch.Loss{Refused: s.losses[l], Err: err}
	delete(s.losses, l)
	if d, ok := l.conn.(transport.Discarder); ok {
		loss.Bytes, loss.Unsent = d.Discarded()
		s.stats.Lost += uint64(loss.Unsent)
	}
	teller, ok := s.options.Dispatcher.(lossTeller)
	if !ok || loss.Refused == 0 && loss.Bytes == 0 {
		return
	}
	if a, ok := l.conn.(transport.Acknowledger); ok {
		loss.InDoubt, _ = a.Unacked()
	}
	if op, ok := errors.AsType[*transport.OpError](err); ok {
		loss.Err = &transport.OpError{Op: op.Op, Err: op.Err} // the peer has a better name than its address
	}
	var ev dispatch.Event
	l.Label(&ev)
	loss.Link, loss.Name, loss.Peer = ev.Link, ev.Name, ev.Peer
	teller.Lost(&loss)
}
