package service

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
)

// Service is a link to a router that lasts, under a name. It is a dispatch.Sender.
type Service struct {
	options Options
	loop    *reactor.Loop
	link    *link.Permanent
	current *sender // of the connection that is open; nil between connections
	tag     dispatch.Tag

	up        bool // registered on this connection
	closing   bool
	node      string
	myAddress address.Address
	uncertain uint64 // messages that are in the log, or our own
	unlike    string // what was logged last, so that nothing is logged twice in a row
}

// New begins to connect, on the goroutine of the loop. It needs no router to be there.
func New(loop *reactor.Loop, o Options) (*Service, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &Service{options: o.withDefaults(), loop: loop}
	if err := s.addCommands(); err != nil {
		return nil, err
	}
	p := s.options.Link
	p.Dispatcher = (*tap)(s)
	p.Hello, p.Ready = s.hello, s.ready
	p.OnState, p.OnUndelivered = s.changed, s.undelivered
	p.OnClose = s.disconnected
	var err error
	if s.link, err = link.NewPermanent(loop, s.dial, p); err != nil {
		s.options.Dispatcher.Remove(s.tag)
		return nil, fmt.Errorf("make service: %w", err)
	}
	return s, nil
}

// dial begins an attempt to connect.
func (s *Service) dial(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
	where := s.options.Router
	if where.IsZero() {
		var err error
		if where, err = Locate(os.Getenv); err != nil {
			return nil, err
		}
	}
	return s.options.Dial(l, where, s.options.Transport, h)
}

// Send has m sent by way of the router, now or when it is there; m may be used again at once. A message that does not say
// which service sends it says this one. Errors are those of link.Permanent.Send.
func (s *Service) Send(m *message.Message) error {
	return s.stamped(m, func() error { return s.link.Send(m) })
}

// SendTTL is Send for a message that is of no use after ttl, if that is more than 0.
func (s *Service) SendTTL(m *message.Message, ttl time.Duration) error {
	return s.stamped(m, func() error { return s.link.SendTTL(m, ttl) })
}

// stamped calls send while m says who sends it, and leaves m as it was.
func (s *Service) stamped(m *message.Message, send func() error) error {
	if m.SentFromService() != "" {
		return send()
	}
	server := m.SentFromServer()
	m.SetSentFrom(server, s.options.Name)
	err := send()
	m.SetSentFrom(server, "")
	return err
}

// Announce tells the router anew which commands the dispatcher knows, after some were added. Before the service is registered
// there is no need: the router asks.
func (s *Service) Announce() error {
	if !s.up {
		return nil
	}
	list := s.options.Dispatcher.Commands()
	if f := s.options.Defaults.Help; f != nil {
		list = append(list, f()...)
		slices.Sort(list)
		list = slices.Compact(list)
	}
	m := message.New("COMMANDS").Set("list", strings.Join(list, ","))
	m.SetServer(s.node)
	m.SetService(Router)
	return s.current.Send(m)
}

// Close ends the service in good order: no further message is taken, what is queued goes out, then UNREGISTER, within
// Link.CloseTimeout. State link.Closed comes last. Calling it again does nothing.
func (s *Service) Close() {
	if s.closing {
		return
	}
	s.closing = true
	if s.up || s.link.Status().Counts.Queued > 0 {
		// With a full queue, or no room for the line, the end of the connection says the same.
		_ = s.link.Send(dispatch.Unregister(s.options.Name))
	}
	s.link.Close()
}

// Abort ends the service now, without UNREGISTER: what is queued is reported.
func (s *Service) Abort(err error) {
	s.closing = true
	s.link.Abort(err)
}

// Name of the service.
func (s *Service) Name() string { return s.options.Name }

// Registered says whether the router knows the service now.
func (s *Service) Registered() bool { return s.up }

// Node is the name of the server that the router is on, as it last said; "" before the first READY.
func (s *Service) Node() string { return s.node }

// MyAddress is where the router says that other nodes reach it; zero before the first READY, or if it did not say.
func (s *Service) MyAddress() address.Address { return s.myAddress }

// Status tells how the link to the router is. State link.Up means registered.
func (s *Service) Status() link.Status { return s.link.Status() }

// Link is the link below, for its counters. What is sent over it is not stamped.
func (s *Service) Link() *link.Permanent { return s.link }

var _ dispatch.Sender = (*Service)(nil)
