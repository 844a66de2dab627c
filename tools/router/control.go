package router

import (
	"errors"
	"iter"
	"path/filepath"
	"time"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	rules "github.com/ed-toolbox/ed/core/router"
	"github.com/ed-toolbox/ed/transport/control"
	"github.com/ed-toolbox/ed/transport/link"
)

// offer opens the control socket. Where that fails nobody can look into the router, which is no reason not to run.
func (d *daemon) offer() {
	s := d.setup
	if s.control == noneWord {
		return
	}
	o := control.Options{Name: "router", Dispatcher: (*insight)(d), Server: (*insight)(d), Tables: d.tables(), Owner: s.userName, Logger: d.log}
	if s.control != defaultWord {
		o.Path = s.control
	}
	if d.control = control.Offer(d.loop, o); d.control != nil {
		d.log.Info("listening", "for", "control", "address", "unix:"+d.control.Path())
	}
}

// readControl reads where the control socket is.
func readControl(s *setup, text string) error {
	s.control = text
	if text != defaultWord && text != noneWord {
		path, err := filepath.Abs(text)
		s.control = path
		return err
	}
	return nil
}

// insight is the daemon as its control socket sees it.
type insight daemon

// AddTrace implements control.Dispatcher.
func (i *insight) AddTrace(hook func(*dispatch.Event)) *dispatch.Tap { return i.hooks.Add(hook) }

// Dispatch implements control.Dispatcher: the default commands of visitors.
func (i *insight) Dispatch(from dispatch.Sender, m *message.Message) dispatch.Outcome {
	d := (*daemon)(i)
	switch m.Command() {
	case "STOP":
		d.asked("the control socket")
	case "LOG_ROTATE":
		d.RotateLog()
	default:
		if from.Send(m.Reply("UNKNOWN").Set("command", m.Command())) != nil {
			return dispatch.Failed
		}
		return dispatch.Unknown
	}
	return dispatch.Handled
}

// Links implements control.Links.
func (i *insight) Links() iter.Seq[*link.Link] {
	return func(yield func(*link.Link) bool) {
		for c := range i.rules.Clients() {
			if n, ok := c.Conn().(*client); ok && !yield(n.link) {
				return
			}
		}
	}
}

// watched treats a message that somebody may watch. It is shown as it came: the rules say in it who sent it.
func (d *daemon) watched(from dispatch.Sender, m *message.Message, treat func() rules.Fate) {
	if d.hooks.Doze() {
		f := treat()
		d.hooks.Glance(dispatch.In, f.Outcome, m)
		return
	}
	d.came = m.AppendReceived(d.came[:0])
	begin := time.Now()
	f := treat()
	ev := dispatch.Event{Time: begin, Message: &d.seen, Outcome: f.Outcome, Handler: f.Word, Took: time.Since(begin), Err: f.Err}
	if d.seen.Decode(d.came) != nil {
		return // what was decoded once can be again
	}
	if l, ok := from.(dispatch.Labeler); ok {
		l.Label(&ev)
	}
	d.hooks.Run(&ev)
}

// Watched implements rules.Watcher.
func (d *daemon) Watched() bool { return d.hooks.Any() }

// errExpired is what the trace says of cached messages whose service did not come.
var errExpired = errors.New("it waited in the cache in vain")

// Expired implements rules.Watcher.
func (d *daemon) Expired(m *message.Message) {
	d.trace(&dispatch.Event{Direction: dispatch.Out, Message: m, Outcome: dispatch.Dropped, Handler: "expired", Err: errExpired})
}

// trace shows what links send, and what they could not read.
func (d *daemon) trace(ev *dispatch.Event) {
	if d.hooks.Doze() {
		d.hooks.Glance(ev.Direction, ev.Outcome, ev.Message)
		return
	}
	if ev.Time.IsZero() {
		ev.Time = time.Now()
	}
	d.hooks.Run(ev)
}

var (
	_ control.Dispatcher = (*insight)(nil)
	_ control.Links      = (*insight)(nil)
	_ rules.Watcher      = (*daemon)(nil)
)
