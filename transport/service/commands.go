package service

import (
	"errors"
	"fmt"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport/link"
)

// addCommands adds what every service answers to the dispatcher. A handler of the program for the same command wins.
func (s *Service) addCommands() error {
	d := s.options.Dispatcher
	o := s.options.Defaults
	if o.Tag == 0 {
		o.Tag = d.NewTag()
	}
	s.tag = o.Tag
	o.Stop = func(quitting bool) {
		if quitting {
			s.quitting()
		} else {
			s.stop(false)
		}
	}
	if o.Ready == nil {
		o.Ready = func(*message.Message) {} // changed says more than the dispatcher would
	}
	if err := d.Defaults(o); err != nil {
		if errors.Is(err, dispatch.ErrDuplicate) {
			return fmt.Errorf("make service: the dispatcher has default commands already, which are the service's to add: %w", err)
		}
		return fmt.Errorf("make service: %w", err)
	}
	add := func(command string, h dispatch.Handler) error {
		return d.Add(dispatch.Match{Command: command, Handler: h, Priority: dispatch.System, Tag: s.tag, Name: "service " + command})
	}
	err := add("DISCONNECTING", func(dispatch.Sender, *message.Message) error {
		s.quitting()
		return nil
	})
	if err == nil && s.options.OnStatus != nil {
		err = add("STATUS", func(_ dispatch.Sender, m *message.Message) error {
			st, err := ParseStatus(m)
			if err == nil {
				s.options.OnStatus(st)
			}
			return err
		})
	}
	if err != nil {
		d.Remove(s.tag)
		return fmt.Errorf("make service: %w", err)
	}
	return nil
}

// tap is the service as its link sees it: it gives handlers a sender that knows the service's name.
type tap Service

var _ link.Dispatcher = (*tap)(nil)

// Dispatch hands a message on.
func (t *tap) Dispatch(from dispatch.Sender, m *message.Message) dispatch.Outcome {
	if !t.up && string(m.CommandBytes()) == "INVALID" && aboutRegister(m) {
		return dispatch.Handled // ready has told it
	}
	if c := t.current; c != nil && from == dispatch.Sender(c.link) {
		from = c
	}
	return t.options.Dispatcher.Dispatch(from, m)
}

// Traced asks the dispatcher.
func (t *tap) Traced() bool { return t.options.Dispatcher.Traced() }

// Trace hands an event on.
func (t *tap) Trace(ev *dispatch.Event) { t.options.Dispatcher.Trace(ev) }

// sender is where handlers send replies. Those to other services go through the queue, and so survive the connection; those to
// the router belong to it.
type sender struct {
	service *Service
	link    *link.Link
}

// Send sends m under the service's name.
func (r *sender) Send(m *message.Message) error {
	s := r.service
	if s.up && !s.closing && m.Service() != "" && m.Service() != Router {
		return s.Send(m)
	}
	return s.stamped(m, func() error { return r.link.Send(m) })
}

// Label fills an event with the link's serial and peer.
func (r *sender) Label(ev *dispatch.Event) { r.link.Label(ev) }

// Link is the link below, for its connection and who is at its other end.
func (r *sender) Link() *link.Link { return r.link }
