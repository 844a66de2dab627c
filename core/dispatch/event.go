package dispatch

import (
	"errors"
	"fmt"
	"time"

	"github.com/ed-toolbox/ed/core/message"
)

// Outcome is what became of a message.
type Outcome uint8

// The outcomes. Dispatch returns the first four; the others are for those who report events of their own: a link for
// lines that it could not read, messages that it dropped and messages that it sent.
const (
	Handled   Outcome = iota // a handler ran
	Failed                   // a handler ran and returned an error, or panicked
	Unknown                  // nothing matched, or the default catch-all answered UNKNOWN
	Invalid                  // the message breaks its definition; no handler ran
	Malformed                // the line is no message
	Dropped                  // thrown away before it was dispatched or sent
	Sent                     // given to the connection
)

// String returns the outcome as one lower-case word.
func (o Outcome) String() string {
	switch o {
	case Handled:
		return "handled"
	case Failed:
		return "failed"
	case Unknown:
		return "unknown"
	case Invalid:
		return "invalid"
	case Malformed:
		return "malformed"
	case Dropped:
		return "dropped"
	case Sent:
		return "sent"
	}
	return fmt.Sprintf("Outcome(%d)", uint8(o))
}

// Direction is the way that a message went.
type Direction uint8

// The directions, seen from this process.
const (
	In Direction = iota
	Out
)

// String returns "in" or "out".
func (d Direction) String() string {
	if d == Out {
		return "out"
	}
	return "in"
}

// Event is one message that came or went, as the trace hook sees it. The Event and all bytes in it are borrowed until the
// hook returns.
type Event struct {
	Time      time.Time // when the message arrived or was sent
	Direction Direction
	Link      uint64           // serial of the connection, 0 when unknown
	Name      string           // name of the connection
	Peer      string           // its other end
	Message   *message.Message // nil for a malformed line
	Raw       []byte           // the line as it was on the wire, where it is at hand
	Outcome   Outcome
	Handler   string        // name of the entry that ended the walk, else of the last that ran; "" when none ran
	Took      time.Duration // time in the check and the handlers
	Err       error         // of the check, the handler, the decoder or the connection
}

// Labeler is implemented by a Sender that knows where it leads to. Label fills Link, Name and Peer of an event; it is
// called on the loop's goroutine, while there is a trace hook and for what is logged, and must not keep the event.
type Labeler interface {
	Label(ev *Event)
}

// SetTrace replaces the hook of Options.Trace; nil ends it. Hooks of AddTrace stay.
func (d *Dispatcher) SetTrace(hook func(*Event)) {
	if d.own != nil {
		d.own.Remove()
		d.own = nil
	}
	if hook != nil {
		d.own = d.hooks.Add(hook)
	}
	d.settle()
}

// AddTrace adds a trace hook beside the others, until its Remove. It may be called from inside a hook or handler.
func (d *Dispatcher) AddTrace(hook func(*Event)) *Tap {
	t := d.hooks.Add(hook)
	t.changed = d.settle
	d.settle()
	return t
}

// Traced says whether there is a trace hook, so that others can skip making events.
func (d *Dispatcher) Traced() bool { return d.hooks.Any() }

// Trace gives ev to the trace hooks, with the time now if it has none. Links report what they send and cannot read with
// it. It does nothing without a hook, and nothing for events that a hook itself causes: a hook that sends messages
// would otherwise never end. ev can be used again when Trace returns.
func (d *Dispatcher) Trace(ev *Event) {
	if !d.hooks.Any() {
		return
	}
	if d.hooks.Doze() {
		d.hooks.Glance(ev.Direction, ev.Outcome, ev.Message)
		return
	}
	if ev.Time.IsZero() {
		ev.Time = d.now()
	}
	d.hooks.Run(ev)
}

// since is the time that has passed. Without a clock of its own the dispatcher reads half of the system's only.
func (d *Dispatcher) since(start time.Time) time.Duration {
	if d.options.Now == nil {
		return time.Since(start)
	}
	return d.now().Sub(start)
}

// errPanic is the error in the event of a message whose handler panicked.
var errPanic = errors.New("the handler panicked")

// traced is Dispatch with a trace hook. A message whose handler panics is shown, too, before the panic goes on.
func (d *Dispatcher) traced(from Sender, m *message.Message) Outcome {
	var r result
	done := false
	if d.hooks.Doze() { // nobody wants to know more than that it was there
		defer func() {
			if !done {
				r.outcome = Failed
			}
			d.hooks.Glance(In, r.outcome, m)
		}()
		d.route(from, m, &r)
		done = true
		return r.outcome
	}
	start := d.now()
	defer func() {
		if !done {
			r.outcome, r.err = Failed, errPanic
		}
		d.show(from, m, &r, start)
	}()
	d.route(from, m, &r)
	done = true
	return r.outcome
}

// show gives the hooks what became of a message that came in.
func (d *Dispatcher) show(from Sender, m *message.Message, r *result, start time.Time) {
	outer := d.event // of a hook that dispatches: it still reads its event
	d.event = Event{
		Time: start, Direction: In, Message: m,
		Outcome: r.outcome, Handler: r.handler, Took: d.since(start), Err: r.err,
	}
	if l, ok := from.(Labeler); ok {
		l.Label(&d.event)
	}
	d.Trace(&d.event)
	d.event = outer
}
