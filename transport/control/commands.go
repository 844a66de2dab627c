package control

import (
	"errors"
	"os"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport/link"
)

// addCommands fills the dispatcher of the control socket, which is not that of the service: what visitors ask for here is
// not shown to those who watch.
func (c *Control) addCommands() error {
	c.commands = dispatch.New(dispatch.Options{Logger: c.log})
	own := map[string]func(l *link.Link, m *message.Message) error{
		"INSPECT": c.inspect, "WATCH": c.watch, "UNWATCH": c.unwatch, "DISCONNECT": c.disconnect,
	}
	for command, handler := range own {
		err := c.commands.On(command, func(from dispatch.Sender, m *message.Message) error {
			l, ok := from.(*link.Link)
			if !ok {
				return nil
			}
			err := handler(l, m)
			_, wrong := errors.AsType[*message.ParamError](err)
			_, filter := errors.AsType[*inspect.FilterError](err)
			if wrong || filter {
				return l.Send(m.Reply("INVALID").Set("command", m.Command()).Set("message", err.Error()))
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	if d := c.options.Dispatcher; d != nil {
		for _, command := range []string{"STOP", "LOG_ROTATE", "QUITTING", "READY", "RESTART", "LEAK"} {
			err := c.commands.On(command, func(from dispatch.Sender, m *message.Message) error {
				d.Dispatch(from, m)
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	return c.commands.Defaults(dispatch.DefaultsOptions{})
}

// desk is the dispatcher of the control socket: it notes when a visitor asked for something.
type desk struct{ *dispatch.Dispatcher }

// Lost keeps quiet: what a visitor that left did not get nobody misses.
func (desk) Lost(*dispatch.Loss) {}

// Dispatch implements link.Dispatcher.
func (d desk) Dispatch(from dispatch.Sender, m *message.Message) dispatch.Outcome {
	if l, ok := from.(*link.Link); ok {
		s := sessionOf(l)
		s.asked = s.control.loop.Now()
	}
	return d.Dispatcher.Dispatch(from, m)
}

// inspect begins to send tables.
func (c *Control) inspect(l *link.Link, m *message.Message) error {
	s := sessionOf(l)
	if len(s.snapshots) >= maxSnapshots {
		return &message.ParamError{Command: m.Command(), Reason: "too many requests are waiting"}
	}
	snapshot, err := c.catalog.Snapshot(m, nil, l.Send)
	if err != nil {
		return err
	}
	s.snapshots = append(s.snapshots, snapshot)
	s.later()
	return nil
}

// watch begins a watch.
func (c *Control) watch(l *link.Link, m *message.Message) error {
	s := sessionOf(l)
	if len(s.watchers) >= maxWatches {
		return &message.ParamError{Command: m.Command(), Reason: "too many watches on one connection"}
	}
	o, err := inspect.ParseWatch(m)
	if err != nil {
		return err
	}
	w, err := c.tracer.Watch(o)
	if err != nil {
		return err
	}
	w.Ready = s.later
	s.watchers = append(s.watchers, w)
	o = w.Options()
	reply := m.Reply("WATCHING").SetUint("watch", w.ID()).Set("name", c.options.Name).SetInt("pid", int64(os.Getpid()))
	reply.SetInt("bytes", int64(o.Bytes)).SetInt("rate", int64(o.Rate)).SetInt("queue", int64(o.Queue))
	return l.Send(serial(reply, m))
}

// unwatch ends a watch, or all, and tells what each came to.
func (c *Control) unwatch(l *link.Link, m *message.Message) error {
	var id uint64
	if m.Has("watch") {
		var err error
		if id, err = m.Uint("watch"); err != nil {
			return err
		}
	}
	gone := sessionOf(l).unwatch(id)
	if len(gone) == 0 {
		return &message.ParamError{Command: m.Command(), Name: "watch", Reason: "there is no such watch"}
	}
	for _, w := range gone {
		st := w.Stats()
		reply := m.Reply("UNWATCHED").SetUint("watch", w.ID()).SetUint("matched", st.Matched).SetUint("sent", st.Sent)
		reply.SetUint("dropped", st.Dropped.Sum()).SetUint("rate", st.Dropped.Rate)
		if err := l.Send(serial(reply, m)); err != nil {
			return err
		}
	}
	return nil
}

// disconnect closes a link of the service.
func (c *Control) disconnect(l *link.Link, m *message.Message) error {
	id, err := m.Uint("link")
	if err != nil {
		return err
	}
	abort := false
	if m.Has("abort") {
		if abort, err = m.Bool("abort"); err != nil {
			return err
		}
	}
	target := c.findLink(id)
	if target == nil {
		return &message.ParamError{Command: m.Command(), Name: "link", Reason: "there is no such link"}
	}
	if abort {
		target.Abort(nil)
	} else {
		target.Close()
	}
	return l.Send(serial(m.Reply("DISCONNECTED").SetUint("link", id), m))
}

// findLink finds a link of the service by its serial.
func (c *Control) findLink(id uint64) *link.Link {
	for _, set := range c.links {
		for l := range set.Links() {
			if l.ID() == id {
				return l
			}
		}
	}
	for _, p := range c.permanents {
		if l := p.p.Link(); l != nil && l.ID() == id {
			return l
		}
	}
	return nil
}

// serial gives the answer the serial number of the question.
func serial(reply, m *message.Message) *message.Message {
	if serial, ok := m.Get("serial"); ok {
		reply.Set("serial", serial)
	}
	return reply
}
