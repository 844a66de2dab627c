package toolkit

import (
	"context"
	"errors"
	"time"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport/link"
)

const (
	// routerPatience is how long a router has for an answer that costs it nothing.
	routerPatience = 2 * time.Second
	// reportTime is how long another router has to report that a message reached nobody there either.
	reportTime      = 300 * time.Millisecond
	reportParameter = "transmission_report"
)

// ErrNotDelivered says that the router reported of a message that it reached nobody. Its kind is Unavailable.
var ErrNotDelivered = errors.New("the router reports that the message reached nobody")

// Report is what a router says about a message that asked for it.
type Report struct {
	Command string
	Cached  bool // it waits until its service registers; else it found none
}

// RequestReport makes m ask the router to tell if it finds no service, unless m says something about that already or goes to nobody in
// particular.
func RequestReport(m *message.Message) {
	switch m.Service() {
	case "", ".", "*", "?", RouterService:
		return
	}
	if !m.Has(reportParameter) {
		m.Set(reportParameter, "failure")
	}
}

// ask sends questions and one more that every router answers, so that it is known when a question has no answer. see takes
// the messages of the router that it wants. What is for others is kept for Next.
func (r *Routed) ask(ctx context.Context, see func(m *message.Message) bool, questions ...*message.Message) error {
	patience := routerPatience
	if limit := r.options.ConnectTimeout; limit > 0 {
		patience = min(patience, limit)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, Errorf(Timeout, "no answer from the router at %s within %s", r.Address, patience))
	defer cancel()
	for _, q := range questions {
		if err := r.Session.Send(q); err != nil {
			return About(err, "ask %s", r.Address)
		}
	}
	last, err := r.probe(nil)
	if err != nil {
		return err
	}
	for done := false; !done; {
		got, err := r.Session.Next(ctx)
		if err != nil {
			return About(err, "ask %s", r.Address)
		}
		if done, err = r.sort(got, last, see); err != nil {
			return err
		}
	}
	return nil
}

// probe sends the question that every router answers. passed is closed when Next meets the answer.
func (r *Routed) probe(passed chan struct{}) (serial uint64, err error) {
	r.mu.Lock()
	r.serial++
	serial = r.serial
	if passed != nil {
		r.barrier, r.passed = serial, passed
	}
	r.mu.Unlock()
	if err := r.Session.Send(message.New("ALIVE").SetUint("serial", serial)); err != nil {
		return serial, About(err, "ask %s", r.Address)
	}
	return serial, nil
}

// Barrier returns a channel that is closed when the router has treated all that was sent so far. Another goroutine has to be in Next
// meanwhile. Any goroutine may call it, one at a time.
func (r *Routed) Barrier() (<-chan struct{}, error) {
	passed := make(chan struct{})
	_, err := r.probe(passed)
	return passed, err
}

// sort puts what came while we asked where it belongs, and says whether it was the answer to the last question.
func (r *Routed) sort(got link.Received, last uint64, see func(m *message.Message) bool) (done bool, err error) {
	if m := got.Message; m != nil {
		if fromRouter(m) && r.answers(m) {
			n, _ := m.Uint("serial") // answers has read it
			return n == last, nil
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

// answers says whether m is the answer to one of our questions, also one that was given up.
func (r *Routed) answers(m *message.Message) bool {
	n, err := m.Uint("serial")
	r.mu.Lock()
	defer r.mu.Unlock()
	if m.Command() != "ABSOLUTELY" || err != nil || n > r.serial || n+maxEarly <= r.serial {
		return false
	}
	if r.passed != nil && n == r.barrier {
		close(r.passed)
		r.passed = nil
	}
	return true
}

// fromRouter says whether m is the router's: some of its answers do not say who sends them.
func fromRouter(m *message.Message) bool {
	s := m.SentFromService()
	return s == "" || s == RouterService
}

// Delivered waits until the router has treated m, which was sent last, and would have reported that it reached nobody: where it is
// not known to be on its way to its service, for a moment longer. Reports tells what it said; with Strict it is an error.
func (r *Routed) Delivered(ctx context.Context, m *message.Message) error {
	if !m.Has(reportParameter) {
		return r.ask(ctx, nil)
	}
	before, known := r.reported(), true
	see := func(answer *message.Message) bool {
		name, _ := answer.Get("service")
		if answer.Command() != "STATUS" || name != m.Service() {
			return false
		}
		info, err := InfoOf(answer)
		known = err == nil && info.Status == "up" && (anyNode(m.Server()) || m.Server() == info.Server)
		return true
	}
	if err := r.ask(ctx, see, message.New("SERVICE_STATUS").Set("service", m.Service())); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, reportTime)
	defer cancel()
	for !known && r.reported() == before && limited.Err() == nil {
		got, err := r.Session.Next(limited)
		if err != nil {
			break // the time is over, or the session, which whoever needs it will see
		}
		if _, err := r.sort(got, 0, nil); err != nil {
			return err
		}
	}
	return nil
}

// anyNode says whether a message to this server may reach a service on any node, or on the router's own.
func anyNode(server string) bool {
	return server == "" || server == "." || server == "*" || server == "?"
}

func (r *Routed) reported() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.reports)
}

// Reports returns what the router reported since the last call. Any goroutine may call it.
func (r *Routed) Reports() []Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.reports
	r.reports = nil
	return all
}
