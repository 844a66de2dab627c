package link

import (
	"errors"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
)

// shared is what all links of one role have in common: options, counters and scratch space. Scratch space can be shared
// because a loop runs one callback at a time.
type shared struct {
	options Options
	limited bool                 // by the options
	owner   owner                // the role; nil for packets
	keeper  keeper               // the same, if it takes part; nil for most roles
	usual   *dispatch.Dispatcher // options.Dispatcher if it is one: a call of it costs less than one by the interface
	passer  Passer               // the same, if it passes lines on
	stats   Stats
	m       message.Message  // the message being dispatched
	out     []byte           // the message being sent
	event   dispatch.Event   // the event being traced
	reading bool             // OnData of a link is at work
	filler  *Link            // whose connection lends room; nil if none does
	lender  transport.Lender // that connection
	lent    []byte           // what it lends
	used    uint32           // how many bytes of it
	direct  *Link            // filler, if all that remains to be asked before it prints text is whether somebody sees it
	losses  map[*Link]uint64 // messages that links which end did not take; few links are in it, and none for long
}

// Stats counts what a role did since it was made.
type Stats struct {
	Links     int    // open now
	Opened    uint64 // links opened so far
	In, Out   uint64 // messages
	Malformed uint64 // lines or packets that were no message
	Dropped   uint64 // messages not sent because the queue was full
	Lost      uint64 // messages not sent because the link was ending or the sender of the packet is not there, and those thrown away with a queue
	Refused   uint64 // packets with a wrong or missing secret
	Silent    uint64 // links closed because of HelloTimeout or IdleTimeout
}

func newShared(o Options) *shared {
	usual, _ := o.Dispatcher.(*dispatch.Dispatcher)
	passer, _ := o.Dispatcher.(Passer)
	return &shared{options: o, limited: o.limited(), usual: usual, passer: passer}
}

// peer is the end of a link or a packet's sender, as events and replies need it.
type peer interface {
	dispatch.Sender
	dispatch.Labeler
}

// encode prints m into the scratch space; the result is valid until the next call.
func (s *shared) encode(m *message.Message, json bool) ([]byte, error) {
	var err error
	if json {
		s.out, err = m.AppendJSON(s.out[:0])
		if !errors.Is(err, message.ErrNotUTF8) {
			return s.out, err
		}
		// without a JSON form it goes as text: docs/PROTOCOL.md section 1
	}
	s.out, err = m.AppendText(s.out[:0])
	return s.out, err
}

// asJSON says in which form a peer is written to that last used JSON or not.
func (s *shared) asJSON(peerUsedJSON bool) bool {
	switch s.options.Form {
	case FormText:
		return false
	case FormJSON:
		return true
	}
	return peerUsedJSON
}

// dispatch hands s.m on.
func (s *shared) dispatch(from dispatch.Sender) {
	s.stats.In++
	if s.usual != nil {
		s.usual.Dispatch(from, &s.m)
	} else if s.options.Dispatcher != nil {
		s.options.Dispatcher.Dispatch(from, &s.m)
	}
}

// malformed reports a line that is no message and answers it.
func (s *shared) malformed(from peer, line []byte, err error) {
	s.report(from, line, err)
	if !s.options.Mute {
		// A peer that cannot be answered is one that cannot be told: nothing is left to do with the error.
		_ = from.Send(message.New("INVALID").Set("message", err.Error()))
	}
}

// report counts and shows a line that is no message.
func (s *shared) report(from peer, line []byte, err error) {
	s.stats.Malformed++
	s.trace(from, dispatch.Event{Direction: dispatch.In, Raw: line, Outcome: dispatch.Malformed, Err: err})
	if s.options.OnMalformed != nil {
		s.options.OnMalformed(from, line, err)
	}
}

// sent counts and traces what became of m.
func (s *shared) sent(to peer, m *message.Message, raw []byte, err error) {
	outcome := dispatch.Sent
	if err == nil {
		s.stats.Out++
	} else {
		outcome = dispatch.Failed
		if errors.Is(err, transport.ErrFull) {
			outcome = dispatch.Dropped
			s.stats.Dropped++
		}
	}
	if s.traced() {
		s.trace(to, dispatch.Event{Direction: dispatch.Out, Message: m, Raw: raw, Outcome: outcome, Err: err})
	}
}

// traced says whether somebody wants to see events. It is asked for each message, and short enough to need no call for that.
func (s *shared) traced() bool {
	if s.usual != nil {
		return s.usual.Traced()
	}
	return s.otherTraced()
}

// otherTraced is traced for a dispatcher that is not the usual one. Within traced it would make that too long.
//
//go:noinline
func (s *shared) otherTraced() bool {
	return s.options.Dispatcher != nil && s.options.Dispatcher.Traced()
}

func (s *shared) trace(with peer, ev dispatch.Event) {
	if !s.traced() {
		return
	}
	// The hook may send: what it is shown stays what it is, the event and the bytes in the scratch space.
	outer, out := s.event, s.out
	s.event, s.out = ev, nil
	with.Label(&s.event)
	s.options.Dispatcher.Trace(&s.event)
	s.event, s.out = outer, out
}
