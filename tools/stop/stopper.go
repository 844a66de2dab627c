package stop

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// stopAll takes every target through the plan, all at once, and prints what they report. It returns when all have ended.
func stopAll(ctx context.Context, env *toolkit.Env, o options, r *reporter, targets []*target) error {
	post, err := newCourier(ctx, env, o, targets)
	defer post.close()
	if err != nil {
		return err
	}
	events := make(chan event)
	var all sync.WaitGroup
	for _, t := range targets {
		s := &stopper{target: t, post: post, events: events}
		all.Go(func() {
			if o.waitOnly {
				s.waitOnly(ctx, o.Timeout)
			} else {
				s.follow(ctx, o.plan)
			}
		})
	}
	go func() {
		all.Wait()
		close(events)
	}()
	r.consume(events)
	if r.err != nil || ctx.Err() == nil {
		return r.err
	}
	for _, t := range targets {
		if t.handle.Alive() {
			r.out.Say("%s still runs", eventOf(t, "", "").name())
		}
	}
	return context.Cause(ctx)
}

// stopper takes one process through the plan.
type stopper struct {
	*target
	post   *courier
	events chan<- event
	done   []string // steps that were tried
}

// tell reports an event; the reporter reads until the channel is closed, so this does not block for long.
func (s *stopper) tell(step, outcome, reason string, took time.Duration) {
	e := eventOf(s.target, step, outcome)
	e.Reason, e.took, e.tried = reason, took, s.done
	s.events <- e
}

func (s *stopper) follow(ctx context.Context, plan []step) {
	for _, step := range plan {
		if ctx.Err() != nil {
			return
		}
		if !s.try(ctx, step) {
			return
		}
	}
	s.tell("end", survived, "", 0)
}

// try makes one step and says whether there is reason for another.
func (s *stopper) try(ctx context.Context, step step) (more bool) {
	begun := time.Now()
	if step.signal == 0 {
		if why := s.post.stop(s.service, s.process()); why != "" {
			s.tell(step.name, skipped, why, 0)
			return true
		}
	} else if err := s.handle.Signal(step.signal); err != nil {
		switch {
		case errors.Is(err, proc.ErrGone):
			s.tell(step.name, gone, "it ended before", 0)
		case errors.Is(err, proc.ErrPermission):
			s.tell(step.name, denied, "it belongs to "+proc.UserName(s.process().UID), 0)
		default:
			s.tell(step.name, failed, err.Error(), 0)
		}
		return false
	}
	s.done = append(s.done, step.name)
	e := eventOf(s.target, step.name, started)
	e.limit = step.wait
	s.events <- e
	return s.await(ctx, step, begun)
}

// await waits for the end of the process for as long as the step has.
func (s *stopper) await(ctx context.Context, step step, begun time.Time) (more bool) {
	limited, cancel := ctx, context.CancelFunc(func() {})
	if step.wait > 0 {
		limited, cancel = context.WithTimeout(ctx, step.wait)
	}
	defer cancel()
	err := s.handle.Wait(limited)
	took := time.Since(begun)
	switch {
	case err == nil:
		s.tell(step.name, gone, "", took)
		return false
	case ctx.Err() != nil:
		return false
	case limited.Err() == nil:
		s.tell(step.name, failed, err.Error(), took)
		return false
	}
	s.tell(step.name, survived, "", took)
	return true
}

func (s *stopper) waitOnly(ctx context.Context, limit time.Duration) {
	e := eventOf(s.target, "wait", started)
	e.limit = limit
	s.events <- e
	if s.await(ctx, step{name: "wait", wait: limit}, time.Now()) {
		s.tell("end", survived, "", 0)
	}
}

// rehearse says what would be done.
func rehearse(o options, r *reporter, targets []*target) {
	for _, t := range targets {
		if o.waitOnly {
			r.report(plannedEvent(t, "wait", "wait "+step{wait: o.Timeout}.limit()))
			continue
		}
		for _, s := range o.plan {
			what := fmt.Sprintf("send %s, wait %s", s.name, s.limit())
			if s.signal == 0 {
				if t.service == "" {
					e := eventOf(t, s.name, skipped)
					e.Reason = "no service name is known"
					r.report(e)
					continue
				}
				what = fmt.Sprintf("send .:%s/STOP if a router answers at %s, wait %s", t.service, o.router, s.limit())
			}
			r.report(plannedEvent(t, s.name, what))
		}
	}
}

func plannedEvent(t *target, step, what string) event {
	e := eventOf(t, step, planned)
	e.Reason = what
	return e
}
