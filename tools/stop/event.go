package stop

import (
	"fmt"
	"time"
)

// Outcomes of a step, as they stand in the JSON output.
const (
	found      = "found"
	notRunning = "not-running"
	unknown    = "unknown"
	planned    = "planned"
	skipped    = "skipped"
	started    = "started" // not printed: for the progress line
	gone       = "gone"
	survived   = "survived"
	denied     = "denied"
	failed     = "failed"
)

// event is something that happened to one target; with --json it is printed as it is.
type event struct {
	V       int       `json:"v"`
	Time    time.Time `json:"time"`
	Target  string    `json:"target"`
	PID     int       `json:"pid,omitempty"`
	Command string    `json:"command,omitempty"`
	Unit    string    `json:"unit,omitempty"`
	Service string    `json:"service,omitempty"`
	Step    string    `json:"step"` // "find", "message", the name of a signal, "wait", "end"
	Outcome string    `json:"outcome"`
	Reason  string    `json:"reason,omitempty"`
	TookNS  int64     `json:"took_ns,omitempty"`

	took  time.Duration
	limit time.Duration // of a step that has begun
	tried []string
}

func eventOf(t *target, step, outcome string) event {
	p := t.process()
	e := event{Target: t.operand, PID: p.PID, Command: p.Command(), Service: t.service, Step: step, Outcome: outcome}
	if t.unit != nil {
		e.Unit = t.unit.Name
	}
	return e
}

func (e event) name() string { return fmt.Sprintf("%s[%d]", shown(e.Command), e.PID) }

// text is the line for people; "" where another line says it all.
func (e event) text() string {
	reason := shown(e.Reason)
	switch {
	case e.Step == "find" && e.PID == 0:
		return fmt.Sprintf("%s: not running: %s", shown(e.Target), reason)
	case e.Step == "find":
		return fmt.Sprintf("%s: process %d (%s), %s", shown(e.Target), e.PID, shown(e.Command), reason)
	case e.Step == "end":
		return ""
	}
	head := e.name() + ": " + e.Step
	switch e.Outcome {
	case planned:
		return e.name() + ": would " + reason
	case gone:
		if e.Reason != "" {
			return head + ": not needed, " + reason
		}
		return head + ": ended after " + duration(e.took)
	case survived:
		return head + ": still there after " + duration(e.took)
	case denied:
		return head + ": not permitted, " + reason
	default:
		return head + ": " + e.Outcome + ", " + reason
	}
}

// duration is for people: three figures at most, days where there are any.
func duration(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%dd%dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%dm%ds", d/time.Minute, d%time.Minute/time.Second)
	case d >= 10*time.Second:
		return fmt.Sprintf("%ds", d/time.Second)
	case d >= time.Second:
		return fmt.Sprintf("%.2gs", d.Seconds())
	default:
		return fmt.Sprintf("%dms", d/time.Millisecond)
	}
}
