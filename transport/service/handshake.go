package service

import (
	"errors"
	"fmt"
	"io"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport/link"
)

// errQuitting ends a connection whose router said that it ends; errHungUp words the end of one whose router just went.
var (
	errQuitting = errors.New("the router ends")
	errHungUp   = errors.New("the router closed the connection")
)

// hello is the first message of each connection.
func (s *Service) hello(l *link.Link) error {
	s.current = &sender{service: s, link: l}
	m := dispatch.Register(s.options.Name).SetBool("settles", true)
	if s.options.Group != "" {
		m.Set("group", s.options.Group)
	}
	return l.Send(m)
}

// ready sees each message until it is the one that says we are registered, or are not. It does not keep m.
func (s *Service) ready(m *message.Message) (bool, error) {
	switch string(m.CommandBytes()) {
	case "READY":
		s.up = true
		s.node = m.SentFromServer()
		s.myAddress, _ = m.Addr("my_address", address.Defaults{NoLookup: true}) // it need not be there
		if settles, _ := m.Bool("settles"); settles {
			s.link.Settles()
		}
		return true, nil
	case "INVALID", "UNKNOWN":
		if !aboutRegister(m) {
			return false, nil
		}
		reason, _ := m.Get("message")
		if reason == "" && string(m.CommandBytes()) == "UNKNOWN" {
			reason = "whoever listens there is no router"
		}
		return false, s.refused(&RefusedError{Name: s.options.Name, Reason: reason})
	}
	return false, nil
}

// aboutRegister says whether a complaint is about REGISTER; one that does not say is, as it is all that we sent.
func aboutRegister(m *message.Message) bool {
	command, named := m.Get("command")
	return !named || command == "REGISTER"
}

// refused asks the program whether there is any point in another attempt.
func (s *Service) refused(e *RefusedError) error {
	if s.options.OnRefused != nil && !s.options.OnRefused(e) {
		// It must not come from inside the link's own call.
		s.loop.Later(after(func() { s.Abort(e) }))
	}
	return e
}

// after is a function to be called at the end of the turn.
type after func()

// OnTurnEnd implements reactor.Ender.
func (f after) OnTurnEnd() { f() }

// quitting is for QUITTING and DISCONNECTING: the router takes nothing more. What it has not read goes to the next connection.
func (s *Service) quitting() {
	if s.options.QuitWithRouter {
		s.stop(true)
		return
	}
	if s.current != nil {
		s.current.link.Abort(errQuitting)
	}
}

// stop ends the service because it was told to. A router that quits is not sent anything more.
func (s *Service) stop(quitting bool) {
	if s.closing {
		return
	}
	if f := s.options.Defaults.Stop; f != nil {
		f(quitting)
	}
	switch {
	case s.closing:
	case quitting:
		s.Abort(errQuitting)
	default:
		s.Close()
	}
}

// disconnected is called at the end of each connection.
func (s *Service) disconnected(l *link.Link, err error) {
	s.up, s.current = false, nil
	if f := s.options.Link.OnClose; f != nil {
		f(l, err)
	}
}

// changed logs what an operator has to know, once, and passes the state on.
func (s *Service) changed(st link.Status) {
	if n := st.Counts.Uncertain; n > s.uncertain {
		s.options.Logger.Warn("messages may be lost with the router", "service", s.options.Name, "count", n-s.uncertain)
		s.uncertain = n
	}
	var refused *RefusedError
	text := ""
	switch {
	case st.State == link.Up:
		text = "registered"
		s.options.Logger.Info("service registered", "service", s.options.Name, "router", st.Remote, "node", s.node)
	case st.State != link.Waiting:
		text = s.unlike
	case errors.As(st.Err, &refused):
		if text = refused.Error(); text != s.unlike && s.options.OnRefused == nil {
			s.options.Logger.Warn("service refused by its router", "service", s.options.Name, "reason", refused.Reason, "again", st.Next)
		}
	default:
		if text = fmt.Sprint(st.Err); text != s.unlike {
			s.options.Logger.Warn("service without a router", "service", s.options.Name, "error", why(st.Err), "again", st.Next)
		}
	}
	s.unlike = text
	if f := s.options.Link.OnState; f != nil {
		f(st)
	}
}

// why words the end of a connection.
func why(err error) error {
	if errors.Is(err, io.EOF) {
		return errHungUp
	}
	return err
}

// undelivered passes on what became of messages, but for those of our own.
func (s *Service) undelivered(m *message.Message, why error) {
	own := string(m.CommandBytes()) == "UNREGISTER" || string(m.CommandBytes()) == "COMMANDS" && m.Service() == Router
	if own && errors.Is(why, link.ErrUncertain) {
		s.uncertain++ // nobody misses it: it is not for the log either
	}
	if f := s.options.Link.OnUndelivered; f != nil && !own {
		f(m, why)
	}
}
