package stop

import (
	"errors"
	"fmt"
	"time"

	"github.com/ed-toolbox/ed/core/signals"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// reporter prints events and keeps what decides the exit code. It belongs to the goroutine of run.
type reporter struct {
	env *toolkit.Env
	out *toolkit.Output
	err error // of writing; what comes after is not printed

	denied   []error
	failed   []error
	survived []error
	running  map[int]event // steps under way, by pid, with the time of their beginning
}

func newReporter(env *toolkit.Env, out *toolkit.Output) *reporter {
	return &reporter{env: env, out: out, running: map[int]event{}}
}

// progressTick is how often the progress line is thought about; Output draws it at most five times a second.
const progressTick = 200 * time.Millisecond

// consume prints events until there are no more.
func (r *reporter) consume(events <-chan event) {
	var tick <-chan time.Time
	if r.env.Stderr.TTY {
		ticker := time.NewTicker(progressTick)
		defer ticker.Stop()
		tick = ticker.C
	}
	for {
		select {
		case e, ok := <-events:
			if !ok {
				return
			}
			r.take(e)
		case <-tick:
			r.progress()
		}
	}
}

// take files an event of a stopper.
func (r *reporter) take(e event) {
	if e.Outcome == started {
		e.Time = time.Now()
		r.running[e.PID] = e
		return
	}
	delete(r.running, e.PID)
	switch {
	case e.Step == "end":
		r.survived = append(r.survived, fmt.Errorf("%s survived %s", e.name(), sent(e.tried)))
	case e.Outcome == denied:
		r.denied = append(r.denied, fmt.Errorf("%s may not be sent %s: %s", e.name(), e.Step, e.Reason))
	case e.Outcome == failed:
		r.failed = append(r.failed, fmt.Errorf("%s: %s: %s", e.name(), e.Step, e.Reason))
	}
	r.report(e)
}

// report prints one event: a line of JSON on standard output, or a line for people on standard error.
func (r *reporter) report(e event) {
	if r.err != nil {
		return
	}
	if r.out.JSON {
		e.V, e.Time, e.TookNS = 1, r.env.Now(), int64(e.took)
		r.err = r.out.JSONLine(e)
		return
	}
	if text := e.text(); text != "" {
		r.out.Say("%s", text)
	}
}

// progress shows one of the steps under way, the one that has been so for longest.
func (r *reporter) progress() {
	var e event
	for _, step := range r.running {
		if e.PID == 0 || step.Time.Before(e.Time) {
			e = step
		}
	}
	if e.PID == 0 {
		return
	}
	text := fmt.Sprintf("%s: %s, waiting %s", e.name(), e.Step, time.Since(e.Time).Truncate(time.Second))
	if e.limit > 0 {
		text += " of " + duration(e.limit)
	}
	if n := len(r.running); n > 1 {
		text += fmt.Sprintf(", and %d more", n-1)
	}
	r.out.Progress("%s", text)
}

// announce prints what the operands turned out to be.
func (f *resolution) announce(r *reporter) {
	for _, a := range f.absent {
		outcome := notRunning
		if a.kind == toolkit.NoSuch {
			outcome = unknown
		}
		r.report(event{Target: a.operand, Step: "find", Outcome: outcome, Reason: a.reason})
	}
	for _, t := range f.targets {
		p := t.process()
		e := eventOf(t, "find", found)
		e.Reason = "up " + duration(p.Age())
		if t.unit != nil {
			e.Reason += ", unit " + t.unit.Name
		}
		if p.State == 'T' {
			e.Reason += ", suspended: it sees no signal but KILL until it is continued"
		}
		r.report(e)
	}
}

// result is the error that all of it comes to.
func (r *reporter) result(o options, f *resolution) error {
	survivors := r.survived
	if o.compatExit {
		for _, err := range survivors {
			r.out.Warn("%s", err)
		}
		survivors = nil
	}
	all := errors.Join(append(append(append([]error{}, r.denied...), r.failed...), survivors...)...)
	switch {
	case r.err != nil:
		return r.err
	case len(r.denied) > 0:
		return toolkit.As(toolkit.Permission, all)
	case len(r.failed) > 0:
		return toolkit.As(toolkit.Other, all)
	case len(survivors) > 0 && (o.waitOnly || has(o.plan, signals.KILL)):
		return toolkit.As(toolkit.Timeout, all)
	case len(survivors) > 0:
		return toolkit.WithHint(toolkit.As(toolkit.Timeout, all), "KILL:5s at the end of --plan ends it by force")
	case !o.strict:
		return nil
	}
	for _, kind := range []toolkit.Kind{toolkit.NoSuch, toolkit.NotRunning} {
		for _, a := range f.absent {
			if a.kind == kind {
				return toolkit.Errorf(kind, "%s: %s", shown(a.operand), shown(a.reason))
			}
		}
	}
	return nil
}

// warnOfSystemd says what systemd will do that the operator may not expect.
func (f *resolution) warnOfSystemd(o options, r *reporter) {
	for _, t := range f.targets {
		if t.unit == nil || o.waitOnly {
			continue
		}
		stopping := t.unit.ActiveState == "deactivating"
		plan, unlimited := total(o.plan)
		switch {
		case stopping && t.unit.StopTimeout > 0 && (unlimited || plan > t.unit.StopTimeout):
			r.out.Warn("systemd kills %s after %s (TimeoutStopSec), before this plan is over", t.unit.Name, duration(t.unit.StopTimeout))
		case !stopping && t.unit.Restart == "always":
			r.out.Warn("systemd will start %s again (Restart=always); systemctl stop %s keeps it down", t.unit.Name, t.unit.Name)
		}
	}
}
