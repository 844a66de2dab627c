package link

import (
	"time"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
)

// Dispatcher takes the messages that arrive and sees those that leave. *dispatch.Dispatcher satisfies it. All its
// methods are called on the loop's goroutine and must not block.
type Dispatcher interface {
	// Dispatch gets each message; m is borrowed until it returns. from is the *Link or *Peer that it came by.
	Dispatch(from dispatch.Sender, m *message.Message) dispatch.Outcome
	// Traced says whether Trace does anything, so that events are only made when somebody looks.
	Traced() bool
	// Trace gets an event for each message sent or dropped and each line that is no message; it is borrowed.
	Trace(ev *dispatch.Event)
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
	// Secret is the secret_code that datagrams must carry; empty asks for none. Without it a datagram is dropped and not
	// answered, whatever it holds. The parameter is taken out of every datagram, whether a secret is set or not.
	Secret string
	// Loop is where the links live. The limits that follow, which are for links and not for datagrams, need it: links end
	// at once where it is missing. A Permanent knows it by itself.
	Loop *reactor.Loop
	// Receive limits what each peer may send. What is over it stays unread, so that the peer has to wait.
	Receive Rate
	// Send limits what each peer is sent. What is over it is refused with transport.ErrFull, and OnDrain follows; a
	// Permanent keeps it in its queue. Meanwhile nothing is read, so that requests wait rather than lose their replies.
	Send Rate
	// IdleTimeout closes a link that carried nothing either way for this long; OnClose gets an *transport.OpError with
	// Op "idle", for which errors.Is(err, transport.ErrTimeout). 0: never.
	IdleTimeout time.Duration
	// HelloTimeout closes a link whose peer has not sent its first message by then, counted from OnOpen; the error is
	// that of IdleTimeout with Op "hello". 0: never.
	HelloTimeout time.Duration
	// OnOpen is called when a link is ready to carry messages.
	OnOpen func(*Link)
	// OnClose is called once per link, last. err is nil after an orderly end.
	OnClose func(l *Link, err error)
	// OnDrain is called when the write queue of a link fell under its low mark, and when Send allows more after a refusal.
	OnDrain func(*Link)
	// OnMalformed sees each line or packet that is no message; line is borrowed, and empty where it was over the limit.
	// from is the *Link or *Peer that it came by.
	OnMalformed func(from dispatch.Sender, line []byte, err error)
}
