package toolkit

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
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
	// Strict has Next and Delivered fail with ErrNotDelivered when the router reports that a message reached nobody.
	Strict bool
}

// Routed is a Session with a router. Next hides what routers and services say to each other as such. Its own methods belong to the
// goroutine that calls Next, but for Barrier and Reports.
type Routed struct {
	Session
	Address address.Address
	Name    string // under which we are registered; "" if we are not
	Node    string // the router's own name; "" until it has said so

	options RouterOptions
	said    bool            // COMMANDS went out
	early   []link.Received // came while something else was waited for

	mu      sync.Mutex
	serial  uint64        // of the last question
	barrier uint64        // the question behind which passed is closed
	passed  chan struct{} // nil: nobody waits
	reports []Report
}

// maxEarly bounds what is kept while an answer of the router is waited for.
const maxEarly = 10_000

// DialRouter connects to a router, and registers with it if the options say so. Its error says what was tried.
func (e *Env) DialRouter(ctx context.Context, a address.Address, o RouterOptions) (*Routed, error) {
	s, err := e.Dial(ctx, a, o.DialOptions)
	if err != nil {
		if a.Path != "" && errors.Is(err, fs.ErrPermission) {
			return nil, WithHint(fmt.Errorf("the router may not be asked: %w", err), "its user and those in its group may; --router ADDR names another")
		}
		hint := cmp.Or(hintOfTrust(err), "ed router starts one; --router ADDR names another")
		return nil, WithHint(fmt.Errorf("no router answers: %w", err), "%s", hint)
	}
	r := &Routed{Session: s, Address: a, options: o, serial: randomNumber() >> 16}
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
	if err := r.Session.Send(dispatch.Register(name).SetBool("temporary", true)); err != nil {
		return About(err, "register with %s", r.Address)
	}
	for {
		m, err := r.Session.Recv(ctx)
		switch {
		case err != nil:
			return About(err, "register with %s", r.Address)
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
		return !r.options.Status, nil
	case "ABSOLUTELY":
		return r.answers(m), nil
	case "QUITTING":
		return true, Errorf(Unavailable, "the router at %s ends", r.Address)
	case "TRANSMISSION_REPORT":
		command, _ := m.Get("command")
		status, _ := m.Get("status")
		r.mu.Lock()
		r.reports = append(r.reports, Report{command, status == "cached"})
		r.mu.Unlock()
		if r.options.Strict && status != "cached" {
			return true, As(Unavailable, ErrNotDelivered)
		}
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

// Close takes our name away and ends the session.
func (r *Routed) Close() error {
	if r.Name != "" {
		_ = r.Session.Send(dispatch.Unregister(r.Name)) // the end of the connection says the same
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
