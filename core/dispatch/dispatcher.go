package dispatch

import (
	"errors"
	"log/slog"
	"time"

	"github.com/ed-toolbox/ed/core/definition"
	"github.com/ed-toolbox/ed/core/message"
)

// Sender is where replies go: a connection. Send encodes m before it returns, so m may be used again.
type Sender interface {
	Send(m *message.Message) error
}

// Handler is called for a message that matched. It runs on the loop's goroutine and must not block. m is borrowed until
// the handler returns and must not be changed; Clone it to keep it. from is nil where nobody can be answered.
type Handler func(from Sender, m *message.Message) error

// Options of a Dispatcher. The zero value checks nothing, traces nothing and logs to slog.Default().
type Options struct {
	// Definitions to check messages against before a handler runs. Nil: none.
	Definitions *definition.Set
	// Trace sees every message when its handlers are done, and what links report with Dispatcher.Trace.
	Trace func(*Event)
	// OnError gets each error of a handler and of an automatic reply. m is borrowed. Nil: a warning in the log, but for those
	// that are Counted.
	OnError func(m *message.Message, handler string, err error)
	// OnLost gets what was lost with a connection that has ended; l is borrowed. Nil: a warning in the log.
	OnLost func(l *Loss)
	// Logger for errors and for the default commands. Nil: slog.Default().
	Logger *slog.Logger
	// Now is the clock of the trace and the default commands. Nil: time.Now.
	Now func() time.Time
}

// Dispatcher holds the entries. It belongs to one goroutine.
type Dispatcher struct {
	options Options
	now     func() time.Time
	hooks   Hooks
	own     *Tap  // the hook of SetTrace
	plain   bool  // see settle
	event   Event // the one event that every call of the hooks borrows

	// The lists are in walking order and never changed in place, so that a walk can go on over the one it has.
	exact    table
	patterns []*entry
	others   record // of every command that has none: the catch-alls

	serial uint64 // of the last entry
	tag    Tag    // last one given out
	logged logGate
}

// New returns a Dispatcher without entries.
func New(o Options) *Dispatcher {
	d := &Dispatcher{options: o, now: o.Now}
	if d.now == nil {
		d.now = time.Now
	}
	d.SetTrace(o.Trace)
	return d
}

// Dispatch runs the handlers of m, which came over from. It returns Handled, Failed, Unknown or Invalid. m is borrowed
// until Dispatch returns.
func (d *Dispatcher) Dispatch(from Sender, m *message.Message) Outcome {
	if !d.plain {
		return d.walk(from, m)
	}
	// The common case of a service, apart because the bookkeeping of a walk costs more than the call of the handler.
	var r *record // as exact.record finds it, without its call
	if command := m.CommandBytes(); fits(command) {
		r = d.exact.find(command)
	} else {
		r = d.exact.findOdd(command)
	}
	if r == nil {
		r = &d.others
	}
	e := r.alone
	if e == nil {
		return d.walk(from, m)
	}
	if err := e.handler(from, m); err != nil {
		return d.failed(e, from, m, err)
	}
	return e.outcome
}

func (d *Dispatcher) failed(e *entry, from Sender, m *message.Message, err error) Outcome {
	d.report(from, m, e.name, err)
	return Failed
}

// walk is Dispatch for all cases.
func (d *Dispatcher) walk(from Sender, m *message.Message) Outcome {
	if d.hooks.Any() {
		return d.traced(from, m)
	}
	var r result
	d.route(from, m, &r)
	return r.outcome
}

// settle notes whether there is nothing to do for a message but to call the first entry of its command.
func (d *Dispatcher) settle() {
	d.plain = !d.hooks.Any() && d.options.Definitions == nil && len(d.patterns) == 0
}

// result is what one walk came to.
type result struct {
	outcome Outcome
	handler string
	err     error // the first one
	checked bool
	ran     bool
}

// route walks the exact entries of the command and the patterns, merged by their order, then the catch-alls.
func (d *Dispatcher) route(from Sender, m *message.Message, r *result) {
	exact, patterns := d.exact.get(m.CommandBytes()), d.patterns
	for len(exact) > 0 || len(patterns) > 0 {
		var e *entry
		if len(patterns) == 0 || len(exact) > 0 && exact[0].before(patterns[0]) {
			e, exact = exact[0], exact[1:]
		} else {
			e, patterns = patterns[0], patterns[1:]
			if e.removed || !e.matches(m) {
				continue
			}
		}
		if !e.removed && d.run(e, from, m, r) {
			return
		}
	}
	if r.ran {
		return
	}
	r.outcome = Unknown
	for _, e := range d.others.entries {
		if !e.removed && d.run(e, from, m, r) {
			return
		}
	}
}

// run checks m once, then calls the handler of e. It says whether the walk ends.
func (d *Dispatcher) run(e *entry, from Sender, m *message.Message, r *result) bool {
	if !r.checked && !e.unchecked {
		r.checked = true
		if err := d.options.Definitions.Check(m); err != nil {
			r.outcome, r.err = Invalid, err
			d.refuse(from, m, err)
			return true
		}
	}
	if !r.ran {
		r.ran, r.outcome = true, e.outcome
	}
	r.handler = e.name
	if err := e.handler(from, m); err != nil {
		d.report(from, m, e.name, err)
		if r.err == nil {
			r.outcome, r.err = Failed, err
		}
	}
	return !e.goOn
}

// refuse answers a message that breaks its definition.
func (d *Dispatcher) refuse(from Sender, m *message.Message, problem error) {
	var text string
	if bad, ok := errors.AsType[*definition.CheckError](problem); ok {
		text = bad.Message()
	} else {
		// The file is wrong, not the message. Its path is nothing for the other side.
		d.report(from, m, "definition", problem)
		text = "its definition cannot be read here"
	}
	if from == nil || NeverAnswered(m.CommandBytes()) {
		return
	}
	reply := m.Reply("INVALID").Set("command", m.Command()).Set("message", text)
	if err := from.Send(reply); err != nil {
		d.report(from, m, "definition", err)
	}
}

// report hands an error on that nobody above can use.
func (d *Dispatcher) report(from Sender, m *message.Message, handler string, err error) {
	if d.options.OnError != nil {
		d.options.OnError(m, handler, err)
		return
	}
	if counted(err) {
		return
	}
	d.log(from, slog.LevelWarn, "message handler failed", "command", m.Command(), "handler", handler, "error", err)
}

// NeverAnswered says whether command is one of INVALID, UNKNOWN, ABSOLUTELY and COMMANDS: they are answers themselves,
// and an automatic reply to one could be answered in turn, without end.
func NeverAnswered(command []byte) bool {
	switch string(command) {
	case "INVALID", "UNKNOWN", "ABSOLUTELY", "COMMANDS":
		return true
	}
	return false
}
