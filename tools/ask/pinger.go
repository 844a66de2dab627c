package ask

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// maxWaiting bounds the questions without an answer, unless one round has more.
const maxWaiting = 1000

// outcome is what became of a question.
type outcome uint8

const (
	answered outcome = iota
	lost             // no answer in time, or the router says that it did not arrive
	refused          // an answer that says that there will be none; the target is not asked again
	broken           // the session ended
)

// event is for the goroutine that prints. It may read the target's figures only when all pingers have ended.
type event struct {
	outcome outcome
	target  *target // nil: all of the session
	from    string  // who answered
	serial  int     // of the target's questions, from 1
	rtt     time.Duration
	err     error // why not
}

// question is one that waits for its answer.
type question struct {
	target *target
	serial int
	sent   time.Time
}

// pinger is one session with its targets. It belongs to one goroutine.
type pinger struct {
	env     *toolkit.Env
	options *pingOptions
	targets []*target
	events  chan<- event

	session toolkit.Session
	routed  *toolkit.Routed // the session, if that is with the router
	serial  uint64
	waiting map[uint64]question
	rounds  int
}

// run asks until all was asked and answered, or late.
func (p *pinger) run(ctx context.Context) {
	if err := p.dial(ctx); err != nil {
		p.fail(ctx, err)
		return
	}
	defer p.session.Close()
	next := time.Now()
	for ctx.Err() == nil {
		more := p.more()
		if more && p.due(next) {
			if err := p.ask(); err != nil {
				p.fail(ctx, err)
				return
			}
			next = p.after(next)
			continue
		}
		if !more && len(p.waiting) == 0 {
			return
		}
		if err := p.listen(ctx, p.until(next, more)); err != nil {
			p.fail(ctx, err)
			return
		}
	}
}

func (p *pinger) dial(ctx context.Context) (err error) {
	o := p.options
	if t := p.targets[0]; !t.at.IsZero() {
		p.session, err = p.env.Dial(ctx, t.at, o.DialOptions())
		return err
	}
	ro := toolkit.RouterOptions{DialOptions: o.DialOptions()}
	for _, t := range p.targets {
		if !t.isRouter() {
			ro.Name = "ed_ping" // else services could not answer
		}
	}
	r, err := p.env.DialRouter(ctx, o.router.Address, ro)
	if err == nil {
		p.routed, p.session = r, r
	}
	return err
}

// isRouter: the router at the other end answers itself.
func (t *target) isRouter() bool { return t.server == "" && t.service == toolkit.RouterService }

// more says whether there is another round.
func (p *pinger) more() bool {
	if p.options.count > 0 && p.rounds >= p.options.count {
		return false
	}
	for _, t := range p.targets {
		if !t.unknown {
			return true
		}
	}
	return false
}

// due says whether the next round is to begin. Without an interval that is when nothing is waited for.
func (p *pinger) due(next time.Time) bool {
	if p.options.interval == 0 {
		return len(p.waiting) == 0
	}
	return !time.Now().Before(next) && p.room()
}

// room says whether the questions of a round may wait, too. They may where none does, however many they are.
func (p *pinger) room() bool {
	return len(p.waiting) == 0 || len(p.waiting)+len(p.targets) <= maxWaiting
}

// after is when the round after the one at last begins: rounds that are missed are left out.
func (p *pinger) after(last time.Time) time.Time {
	next := last.Add(p.options.interval)
	if now := time.Now(); next.Before(now) {
		return now
	}
	return next
}

// until is how long there is nothing to do but to listen.
func (p *pinger) until(next time.Time, more bool) time.Time {
	end := time.Now().Add(p.options.Timeout)
	if more && p.options.interval > 0 && p.room() && next.Before(end) {
		end = next
	}
	for _, q := range p.waiting {
		if late := q.sent.Add(p.options.Timeout); late.Before(end) {
			end = late
		}
	}
	return end
}

// ask sends one question to each target.
func (p *pinger) ask() error {
	p.rounds++
	for _, t := range p.targets {
		if t.unknown {
			continue
		}
		p.serial++
		now := time.Now()
		m := message.New("ALIVE").SetUint("serial", p.serial)
		m.Set("timestamp", fmt.Sprintf("%d.%09d", now.Unix(), now.Nanosecond()))
		if p.routed == nil || !t.isRouter() {
			m.SetSentFrom(p.env.ServerName(), "ed_ping")
		}
		if p.routed != nil && !t.isRouter() {
			m.Set("cache", "no;reply") // it must not wait for a service that is away: that would be no answer of now
			m.SetServer(t.server)
			m.SetService(t.service)
		}
		t.figures.sent++
		p.waiting[p.serial] = question{t, t.figures.sent, now}
		if err := p.session.Send(m); err != nil {
			return err
		}
	}
	return nil
}

// listen takes what comes until a time, and then what is late.
func (p *pinger) listen(ctx context.Context, until time.Time) error {
	limited, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	got, err := p.session.Next(limited)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil && limited.Err() == nil:
		return err
	case err == nil && got.Err != nil:
		return toolkit.Errorf(toolkit.Protocol, "the answer is no message: %w", got.Err)
	case err == nil:
		p.received(ctx, got)
	}
	p.expire()
	return nil
}

// expire gives up what is late.
func (p *pinger) expire() {
	now := time.Now()
	for serial, q := range p.waiting {
		if now.Sub(q.sent) >= p.options.Timeout {
			delete(p.waiting, serial)
			p.tell(event{outcome: lost, target: q.target, serial: q.serial,
				err: toolkit.Errorf(toolkit.Timeout, "no answer within %s", p.options.Timeout)})
		}
	}
}

// fail tells that the session is over.
func (p *pinger) fail(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	name := "the router"
	if t := p.targets[0]; !t.at.IsZero() {
		name = t.text
	}
	if p.session != nil && errors.Is(err, io.EOF) {
		err = toolkit.Errorf(toolkit.Unavailable, "%s closed the connection after %s", toolkit.Escape(name), toolkit.Plural(p.serial, "question"))
	}
	p.tell(event{outcome: broken, err: err})
}

// tell waits for the printing only: the channel is read until all pingers have ended.
func (p *pinger) tell(e event) { p.events <- e }

// ended words the end of a connection.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return toolkit.Errorf(toolkit.Unavailable, "it closed the connection")
	}
	return err
}
