package demo

import (
	"cmp"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/definition"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/control"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
)

// service is what both services have in common: a dispatcher, its links and one address.
type service struct {
	name     string
	commands *dispatch.Dispatcher
	server   *link.Server
	listener transport.Listener
	control  *control.Control
}

// newService listens. STOP closes the listener and all links, and the loop ends when nothing is left on it.
func newService(loop *reactor.Loop, show *printer, name string, where address.Address, d dispatch.DefaultsOptions) (*service, error) {
	definitions, err := definition.Open(definition.Options{})
	if err != nil {
		return nil, err
	}
	s := &service{name: name}
	s.commands = dispatch.New(dispatch.Options{Definitions: definitions, Trace: show.hook(name)})
	s.server = link.NewServer(link.Options{Dispatcher: s.commands})
	d.Stop = func(bool) { s.stop() }
	if err := s.commands.Defaults(d); err != nil {
		return nil, err
	}
	if s.listener, err = open.Listen(loop, where, transport.Options{Name: name}, s.server.Accept); err != nil {
		return nil, err
	}
	quiet := slog.New(slog.DiscardHandler) // that nobody can look in is no part of the demonstration
	s.control = control.Offer(loop, control.Options{Name: name, Dispatcher: s.commands, Server: s.server, Logger: quiet})
	return s, nil
}

func (s *service) stop() {
	s.listener.Close()
	s.server.Close()
}

// newClock answers NOW with TIME, over a Unix socket.
func newClock(loop *reactor.Loop, show *printer, path string) (*service, error) {
	s, err := newService(loop, show, "clock", address.FromUnix(address.Unix, path), dispatch.DefaultsOptions{})
	if err != nil {
		return nil, err
	}
	return s, s.commands.On("NOW", func(from dispatch.Sender, m *message.Message) error {
		reply := m.Reply("TIME").Set("now", time.Now().UTC().Format(time.RFC3339Nano))
		if serial, ok := m.Get("serial"); ok {
			reply.Set("serial", serial)
		}
		return from.Send(reply)
	})
}

// newJournal writes the text of LOG messages to a file, which LOG_ROTATE opens anew, over TCP.
func newJournal(loop *reactor.Loop, show *printer, path string) (*service, error) {
	var file *os.File
	var failed error
	reopen := func() {
		file.Close() // harmless on nil
		file, failed = os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	}
	reopen()
	where, err := address.Parse("tcp://127.0.0.1:0", address.Defaults{})
	if err != nil {
		return nil, err
	}
	s, err := newService(loop, show, "journal", where, dispatch.DefaultsOptions{LogRotate: reopen})
	if err != nil {
		return nil, err
	}
	return s, s.commands.On("LOG", func(_ dispatch.Sender, m *message.Message) error {
		text, err := m.Text("message")
		if err := cmp.Or(failed, err); err != nil {
			return err
		}
		_, err = fmt.Fprintln(file, text)
		return err
	})
}
