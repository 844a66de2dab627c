package link

import (
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
)

// Dispatcher takes the messages that arrive on a link. *dispatch.Dispatcher satisfies it.
//
// Dispatch runs on the loop's goroutine and must not block; m is borrowed until it returns. from is the *Link or the
// *Peer that the message came by.
type Dispatcher interface {
	Dispatch(from dispatch.Sender, m *message.Message) dispatch.Outcome
}

// Form says in which form messages are written.
type Form uint8

const (
	// FormAuto answers in the form that the peer used last, text until it spoke.
	FormAuto Form = iota
	// FormText always writes text lines.
	FormText
	// FormJSON writes JSON lines; a message that is not UTF-8 goes as text.
	FormJSON
)

// Slow says what happens to a peer whose write queue is full when a message is sent to it. The sender gets
// transport.ErrFull in each case, and the message is counted as dropped.
type Slow uint8

const (
	// SlowDrop loses the message and keeps the link.
	SlowDrop Slow = iota
	// SlowClose ends the link: its queue is thrown away.
	SlowClose
)

// Options of every role. The zero value is useful once Dispatcher is set.
type Options struct {
	// Dispatcher gets every message that arrives. Nil drops them.
	Dispatcher Dispatcher
	// Limit is the length of a line in bytes, without its end. 0 means 65,536.
	Limit int
	// Form of what is written.
	Form Form
	// Slow is the policy for a peer that does not read.
	Slow Slow
	// Mute keeps the link from answering bad lines with INVALID.
	Mute bool
	// Secret is the secret_code that datagrams must carry; empty asks for none. The parameter is taken out of every
	// datagram, whether a secret is set or not.
	Secret string
	// Trace sees every message sent and every line that is no message. What is received is shown by the dispatcher.
	// The event and all in it is borrowed.
	Trace func(*dispatch.Event)
	// OnOpen is called when a link is ready to carry messages.
	OnOpen func(*Link)
	// OnClose is called once per link, last. err is nil after an orderly end.
	OnClose func(l *Link, err error)
	// OnDrain is called when the write queue of a link fell under its low mark.
	OnDrain func(*Link)
	// OnMalformed sees each line or packet that is no message; line is borrowed. For datagrams l is nil.
	OnMalformed func(from dispatch.Sender, line []byte, err error)
}

// shared is what all links of one role have in common: the options and scratch space. Scratch space may be shared
// because a loop runs one callback at a time.
type shared struct {
	options Options
	limit   int
	m       message.Message
	invalid message.Message
	out     []byte
	event   dispatch.Event
	counts  Stats
}

// Stats counts what a role did since it was made.
type Stats struct {
	Links     int    // open now
	Opened    uint64 // links opened so far
	In, Out   uint64 // messages
	Malformed uint64 // lines or packets that were no message
	Dropped   uint64 // messages not sent: the queue was full
	Refused   uint64 // datagrams with a wrong or missing secret, or too long
}

func newShared(o Options) *shared {
	s := &shared{options: o, limit: o.Limit}
	if s.limit <= 0 {
		s.limit = defaultLimit
	}
	return s
}

const defaultLimit = 64 * 1024

// encode prints m into the scratch buffer; the result is valid until the next call.
func (s *shared) encode(m *message.Message, json bool) ([]byte, error) {
	var err error
	if json {
		out, jsonErr := m.AppendJSON(s.out[:0])
		if jsonErr == nil {
			s.out = out
			return out, nil
		}
		// what is not UTF-8 has no JSON form and goes as text: protocol.md section 1
	}
	out, err := m.AppendText(s.out[:0])
	if err != nil {
		return nil, err
	}
	s.out = out
	return out, nil
}

func (s *shared) trace(from dispatch.Sender, d dispatch.Direction, m *message.Message, raw []byte, outcome dispatch.Outcome, err error) {
	if s.options.Trace == nil {
		return
	}
	s.event = dispatch.Event{Direction: d, From: from, Message: m, Raw: raw, Outcome: outcome, Err: err}
	s.options.Trace(&s.event)
	s.event = dispatch.Event{}
}

func errTooLong(limit int) error { return &transport.OpError{Op: "read", Err: &message.TooLongError{Limit: limit}} }
