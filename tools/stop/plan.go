package stop

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/signals"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

const (
	defaultPlan = "message:10s,INT:60s,TERM:10s"
	messageStep = "message"
	defaultINT  = 60 * time.Second
	defaultWait = 10 * time.Second
)

// step is one attempt: what is sent, and how long its effect is waited for.
type step struct {
	name   string         // "message", or the signal's name without SIG
	signal signals.Signal // 0 for the message
	wait   time.Duration
}

// limit says for how long: 0 is without end.
func (s step) limit() string {
	if s.wait == 0 {
		return "for as long as it takes"
	}
	return "up to " + duration(s.wait)
}

// checkPlan says what is wrong with the value of --plan.
func checkPlan(text string) error {
	_, err := parsePlan(text)
	return err
}

// parsePlan reads "message:10s,INT:60s,TERM". Without a time a step has 60 s (INT) or 10 s; 0 waits without end.
func parsePlan(text string) ([]step, error) {
	var plan []step
	for part := range strings.SplitSeq(text, ",") {
		name, wait, timed := strings.Cut(strings.TrimSpace(part), ":")
		s := step{name: messageStep, wait: defaultWait}
		if !strings.EqualFold(name, messageStep) {
			sig, err := signals.Parse(name)
			if err != nil {
				return nil, fmt.Errorf("%w; a plan is like %s", err, defaultPlan)
			}
			s.name, s.signal = signals.Name(sig), sig
		}
		if s.signal == signals.INT {
			s.wait = defaultINT
		}
		if timed {
			d, err := toolkit.ParseDuration(wait)
			if err != nil {
				return nil, err
			}
			s.wait = d
		}
		plan = append(plan, s)
	}
	return plan, nil
}

// withTimeout gives the INT steps another time.
func withTimeout(plan []step, d time.Duration) []step {
	for i := range plan {
		if plan[i].signal == signals.INT {
			plan[i].wait = d
		}
	}
	return plan
}

// total is how long the whole plan can take; unlimited says that it may never end.
func total(plan []step) (sum time.Duration, unlimited bool) {
	for _, s := range plan {
		sum += s.wait
		unlimited = unlimited || s.wait == 0
	}
	return sum, unlimited
}

// has says that the plan has a step with this signal; 0 is the message.
func has(plan []step, signal signals.Signal) bool {
	return slices.ContainsFunc(plan, func(s step) bool { return s.signal == signal })
}

// sent lists the steps for people: "INT, TERM".
func sent(steps []string) string {
	if len(steps) == 0 {
		return "the wait"
	}
	return strings.Join(steps, ", ")
}
