package service

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
)

// Router is the name by which every router is addressed as a service, as in communicatord/CLUSTER_STATUS. No service
// may have it.
const Router = "communicatord"

// Options of a Service. Name must be set; the zero value of the rest is useful.
type Options struct {
	// Name of the service: a letter or underscore, then letters, digits and underscores.
	Name string
	// Router is where it listens, by a stream. Zero: where Locate finds it at each attempt.
	Router address.Address
	// Group shares the name with other instances on the node, where the router knows groups: "one" of them gets each
	// message, or "all" do. Empty: the name is ours alone.
	Group string
	// Dispatcher gets what others send. New adds the default commands, so Dispatcher.Defaults must not be called; with STATUS if OnStatus
	// is set and DISCONNECTING. A handler of the program for one of these comes in its place. All its commands are announced to the
	// router. A link.Server may have the same Dispatcher. Nil: there are only the default ones.
	Dispatcher *dispatch.Dispatcher
	// Defaults are the callbacks of the default commands. Stop is called before the service closes; Ready each time that the router
	// said so.
	Defaults dispatch.DefaultsOptions
	// OnStatus is told when a service came or went, or in answer to SERVICE_STATUS. It is announced only if it is set.
	OnStatus func(Status)
	// OnRefused is told when the router refused the name. False ends the service; nil is a warning in the log and true.
	OnRefused func(*RefusedError) (again bool)
	// QuitWithRouter ends the service when the router ends in good order; Defaults.Stop(true) is called.
	QuitWithRouter bool
	// Logger gets a line when the service is registered, refused, or loses its router. Nil: slog.Default().
	Logger *slog.Logger

	// Link has the queue, the pauses (doubling from 250 ms to 30 s where nothing is set), the heartbeat, and the callbacks.
	// Dispatcher, Hello and Ready in it are the service's own.
	Link link.PermanentOptions
	// Transport is for each connection.
	Transport transport.Options
	// Dial connects: Dial of an open.Opener that knows whom to trust, where Router is a tls address. Nil: open.Dial.
	Dial func(*reactor.Loop, address.Address, transport.Options, transport.Handler) (transport.Conn, error)
}

// Status is what STATUS says of a service.
type Status struct {
	Service   string
	Server    string    // the node it is on; "" where it is not told
	Status    string    // "up", "down" or "unknown"
	UpSince   time.Time // zero where it is not told
	DownSince time.Time
}

// ParseStatus reads a STATUS message. Times that are no numbers are left out.
func ParseStatus(m *message.Message) (Status, error) {
	s := Status{}
	var err error
	if s.Service, err = m.Text("service"); err != nil {
		return s, fmt.Errorf("read status: %w", err)
	}
	if s.Status, err = m.Text("status"); err != nil {
		return s, fmt.Errorf("read status: %w", err)
	}
	s.Server, _ = m.Get("server_name")
	s.UpSince, s.DownSince = seconds(m, "up_since"), seconds(m, "down_since")
	return s, nil
}

func seconds(m *message.Message, name string) time.Time {
	if n, err := m.Int(name); err == nil && n > 0 {
		return time.Unix(n, 0)
	}
	return time.Time{}
}

// RefusedError says that the router does not register the name.
type RefusedError struct {
	Name   string // of the service
	Reason string // the router's words; "" where it has none
}

func (e *RefusedError) Error() string {
	return "service " + e.Name + " is refused: " + cmp.Or(e.Reason, "no reason given")
}

// check says what is wrong with the options.
func (o *Options) check() error {
	if err := message.VerifyService(o.Name); err != nil {
		return fmt.Errorf("make service: %w", err)
	}
	switch {
	case o.Name == Router:
		return fmt.Errorf("make service: the name %q is taken", o.Name)
	case o.Group != "" && o.Group != "one" && o.Group != "all":
		return fmt.Errorf("make service: group %q is neither one nor all", o.Group)
	case o.Router.IsDatagram(), o.Router.Scheme == address.FIFO:
		return fmt.Errorf("make service: %s: a router registers services over streams only, which go both ways", o.Router)
	case o.Link.Hello != nil || o.Link.Ready != nil || o.Link.Dispatcher != nil:
		return errors.New("make service: Dispatcher, Hello and Ready of its link are its own")
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Dispatcher == nil {
		o.Dispatcher = dispatch.New(dispatch.Options{Logger: o.Logger})
	}
	if o.Dial == nil {
		o.Dial = open.Dial
	}
	if len(o.Link.Pauses) == 0 {
		o.Link.MinPause = cmp.Or(o.Link.MinPause, 250*time.Millisecond)
		o.Link.MaxPause = cmp.Or(o.Link.MaxPause, 30*time.Second)
	}
	return o
}
