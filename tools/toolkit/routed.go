package toolkit

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"os"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport/link"
)

// RouterOptions of Env.DialRouter. The zero value is useful.
type RouterOptions struct {
	DialOptions
	// Name registers us as a service of a name that begins so, and is not used by another: only then can other services answer. Empty:
	// what is sent keeps the sender that it says.
	Name string
	// Status has Next return STATUS of other services, which are hidden otherwise.
	Status bool
}

// Routed is a Session with a router. Next hides what routers and services say to each other as such. Its own methods belong to the
// goroutine that calls Next.
type Routed struct {
	Session
	Address address.Address
	Name    string // under which we are registered; "" if we are not
	Node    string // the router's own name; "" until it has said so

	status  bool
	said    bool            // COMMANDS went out
	serial  uint64          // of the last question
	early   []link.Received // came while something else was waited for
	reports []Report
}

// Report is what a router says about a message that asked for it.
type Report struct {
	Command string
	Cached  bool // it waits until its service registers; else it found none
}

// maxEarly bounds what is kept while an answer of the router is waited for.
const maxEarly = 10_000

// routerPatience is how long a router has for an answer that costs it nothing.
const routerPatience = 2 * time.Second

// DialRouter connects to a router, and registers with it if the options say so. Its error says what was tried.
func (e *Env) DialRouter(ctx context.Context, a address.Address, o RouterOptions) (*Routed, error) {
	s, err := e.Dial(ctx, a, o.DialOptions)
	if err != nil {
		return nil, WithHint(fmt.Errorf("no router answers: %w", err), "ed router starts one; --router ADDR names another")
	}
	r := &Routed{Session: s, Address: a, status: o.Status, serial: randomNumber() >> 16}
	if o.Name == "" {
		return r, nil
	}
	limit := o.ConnectTimeout
	if limit == 0 {
		limit = DefaultTimeout
	}
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, Errorf(Timeout, "%s did not register us within %s", a, limit))
		defer cancel()
	}
	if err := r.register(ctx, fmt.Sprintf("%s_%d_%04x", o.Name, os.Getpid(), randomNumber()&0xffff)); err != nil {
		_ = s.Close() // the error says more
		return nil, err
	}
	return r, nil
}

func randomNumber() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return binary.BigEndian.Uint64(b[:])
}

// register goes through the handshake of a service.
func (r *Routed) register(ctx context.Context, name string) error {
	if err := r.Session.Send(message.New("REGISTER").Set("service", name).SetInt("version", 1)); err != nil {
		return fmt.Errorf("register with %s: %w", r.Address, err)
	}
	for {
		m, err := r.Session.Recv(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("register with %s: %w", r.Address, err)
		case m.Command() == "READY":
			r.Name, r.Node = name, m.SentFromServer()
			return nil
		case m.Command() == "INVALID":
			reason, _ := m.Get("message")
			return Errorf(Permission, "the router at %s does not register us: %s", r.Address, Escape(reason))
		case m.Command() == "UNKNOWN":
			return Errorf(Protocol, "%s is no router: it does not know REGISTER", r.Address)
		}
		if _, err := r.own(m); err != nil {
			return err
		}
	}
}

// RequestReport makes m ask the router to tell if it finds no service, unless m says something about that already or goes to nobody in
// particular.
func RequestReport(m *message.Message) {
	switch m.Service() {
	case "", ".", "*", "?", RouterService:
		return
	}
	if !m.Has("transmission_report") {
		m.Set("transmission_report", "failure")
	}
}

// Recv is Next for messages alone.
func (r *Routed) Recv(ctx context.Context) (*message.Message, error) {
	got, err := r.Next(ctx)
	if err == nil && got.Err != nil {
		return nil, &link.MalformedError{Line: got.Line, Err: got.Err}
	}
	return got.Message, err
}

// Next returns what came for us. An error of kind Unavailable says that the router ends.
func (r *Routed) Next(ctx context.Context) (link.Received, error) {
	if len(r.early) > 0 {
		got := r.early[0]
		r.early = r.early[1:]
		return got, nil
	}
	for {
		got, err := r.Session.Next(ctx)
		if err != nil || got.Message == nil {
			return got, err
		}
		if own, err := r.own(got.Message); err != nil || !own {
			return got, err
		}
	}
}

// own deals with what a router says to each of its services, and says whether m was that.
func (r *Routed) own(m *message.Message) (bool, error) {
	if !fromRouter(m) {
		return false, nil
	}
	switch m.Command() {
	case "HELP":
		return true, r.announce()
	case "READY", "DISCONNECTING":
		return true, nil
	case "STATUS":
		return !r.status, nil
	case "ABSOLUTELY":
		return r.answers(m), nil
	case "QUITTING":
		return true, Errorf(Unavailable, "the router at %s ends", r.Address)
	case "TRANSMISSION_REPORT":
		command, _ := m.Get("command")
		status, _ := m.Get("status")
		r.reports = append(r.reports, Report{command, status == "cached"})
		return true, nil
	}
	return false, nil
}

// announce tells the router what we understand. Without it there is no STATUS over a Unix socket of a C++ router, and no broadcast.
func (r *Routed) announce() error {
	r.said = true
	m := message.New("COMMANDS").Set("list", "ABSOLUTELY,HELP,INVALID,QUITTING,READY,SERVICE_UNAVAILABLE,STATUS,STOP,TRANSMISSION_REPORT,UNKNOWN")
	m.SetService(RouterService)
	return r.Session.Send(m)
}

// Reports returns what the router reported since the last call.
func (r *Routed) Reports() []Report {
	all := r.reports
	r.reports = nil
	return all
}

// ask sends questions and one more that every router answers, so that it is known when a question has no answer. see takes
// the messages of the router that it wants. What is for others is kept for Next.
func (r *Routed) ask(ctx context.Context, see func(m *message.Message) bool, questions ...*message.Message) error {
	ctx, cancel := context.WithTimeoutCause(ctx, routerPatience, Errorf(Timeout, "no answer from the router at %s within %s", r.Address, routerPatience))
	defer cancel()
	for _, q := range questions {
		if err := r.Session.Send(q); err != nil {
			return fmt.Errorf("ask %s: %w", r.Address, err)
		}
	}
	r.serial++
	if err := r.Session.Send(message.New("ALIVE").SetUint("serial", r.serial)); err != nil {
		return fmt.Errorf("ask %s: %w", r.Address, err)
	}
	for done := false; !done; {
		got, err := r.Session.Next(ctx)
		if err != nil {
			return fmt.Errorf("ask %s: %w", r.Address, err)
		}
		if done, err = r.sort(got, see); err != nil {
			return err
		}
	}
	return nil
}

// sort puts what came while we asked where it belongs, and says whether it was the last answer.
func (r *Routed) sort(got link.Received, see func(m *message.Message) bool) (last bool, err error) {
	if m := got.Message; m != nil {
		if fromRouter(m) && r.answers(m) {
			n, _ := m.Uint("serial") // answers has read it
			return n == r.serial, nil
		}
		if fromRouter(m) && see != nil && see(m) {
			return false, nil
		}
		if own, err := r.own(m); err != nil || own {
			return false, err
		}
	}
	if len(r.early) < maxEarly {
		r.early = append(r.early, got)
	}
	return false, nil
}

// answers says whether m is the answer to one of our questions, this one or one that was given up.
func (r *Routed) answers(m *message.Message) bool {
	n, err := m.Uint("serial")
	return m.Command() == "ABSOLUTELY" && err == nil && n <= r.serial && n > r.serial-maxEarly
}

// fromRouter says whether m is the router's: some of its answers do not say who sends them.
func fromRouter(m *message.Message) bool {
	s := m.SentFromService()
	return s == "" || s == RouterService
}

// Close takes our name away and ends the session.
func (r *Routed) Close() error {
	if r.Name != "" {
		_ = r.Session.Send(message.New("UNREGISTER").Set("service", r.Name)) // the end of the connection says the same
	}
	return r.Session.Close()
}

// Flush, Written and Abort are those of the real session, where it is one.

// Flush waits until the kernel has taken all that was sent.
func (r *Routed) Flush(ctx context.Context) error {
	if s, ok := r.Session.(interface{ Flush(context.Context) error }); ok {
		return s.Flush(ctx)
	}
	return nil
}

// Written is how many messages the kernel has taken whole.
func (r *Routed) Written() uint64 {
	if s, ok := r.Session.(interface{ Written() uint64 }); ok {
		return s.Written()
	}
	return 0
}

// Abort ends the session at once.
func (r *Routed) Abort(err error) {
	if s, ok := r.Session.(interface{ Abort(error) }); ok {
		s.Abort(err)
	}
}
