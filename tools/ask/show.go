package ask

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// screen prints what pingers tell. It belongs to the goroutine of the command.
type screen struct {
	env    *toolkit.Env
	out    *toolkit.Output
	err    error // of writing; what comes after is not printed
	broken []error
}

// pingRecord is an event in JSON.
type pingRecord struct {
	V      int    `json:"v"`
	Time   string `json:"time"`
	Event  string `json:"event"` // "reply", "lost" or "refused"
	Target string `json:"target"`
	From   string `json:"from,omitempty"`
	Serial int    `json:"serial,omitempty"`
	RTT    int64  `json:"rtt_ns,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// summaryRecord is the summary of a target in JSON.
type summaryRecord struct {
	V        int    `json:"v"`
	Event    string `json:"event"` // "summary"
	Target   string `json:"target"`
	Sent     int    `json:"sent"`
	Answered int    `json:"answered"`
	Lost     int    `json:"lost"`
	Min      int64  `json:"min_ns"`
	Avg      int64  `json:"avg_ns"`
	P99      int64  `json:"p99_ns"`
	Max      int64  `json:"max_ns"`
}

func (s *screen) event(e event) {
	if e.outcome == broken || e.outcome == refused {
		s.broken = append(s.broken, e.err)
	}
	if s.err != nil || e.outcome == broken {
		return
	}
	if s.out.JSON {
		r := pingRecord{V: 1, Time: s.env.Now().Format(time.RFC3339Nano), Target: e.target.text, From: e.from, Serial: e.serial, RTT: int64(e.rtt)}
		r.Event = [...]string{answered: "reply", lost: "lost", refused: "refused"}[e.outcome]
		if e.err != nil {
			r.Reason = e.err.Error()
		}
		s.err = s.out.JSONLine(r)
		return
	}
	switch {
	case s.out.Quiet || e.outcome == refused: // the error is printed at the end
	case e.outcome == lost:
		s.err = s.out.Line("%s: serial %d: %s", toolkit.Escape(e.target.text), e.serial, s.out.Paint.Red("lost, "+toolkit.Escape(e.err.Error())))
	default:
		s.err = s.out.Line("%s: alive, serial %d, %s ms", s.out.Received(cmp.Or(e.from, e.target.text)), e.serial, milliseconds(e.rtt))
	}
}

// milliseconds are for people: three decimals.
func milliseconds(d time.Duration) string { return fmt.Sprintf("%.3f", float64(d)/1e6) }

// end prints the summaries and returns what it all comes to.
func (s *screen) end(ctx context.Context, targets []*target) error {
	if ctx.Err() != nil {
		s.out.Interrupted()
	}
	var silent []error
	for _, t := range targets {
		f := &t.figures
		if f.answered == 0 && !t.unknown {
			silent = append(silent, errors.New("no answer from "+toolkit.Escape(t.text)))
		}
		if f.sent > 0 && !t.unknown && s.err == nil {
			s.err = s.summary(t.text, f)
		}
	}
	switch {
	case s.err != nil:
		return s.err
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case len(s.broken) == 1:
		return s.broken[0]
	case len(s.broken) > 1:
		return toolkit.As(toolkit.KindOf(s.broken[0]), joinLines(s.broken))
	case len(silent) > 0:
		return toolkit.As(toolkit.Other, errors.Join(silent...))
	}
	return nil
}

func (s *screen) summary(text string, f *figures) error {
	sum := f.sum()
	if s.out.JSON {
		return s.out.JSONLine(summaryRecord{
			V: 1, Event: "summary", Target: text, Sent: f.sent, Answered: f.answered, Lost: f.sent - f.answered,
			Min: int64(sum.min), Avg: int64(sum.avg), P99: int64(sum.p99), Max: int64(sum.max),
		})
	}
	line := fmt.Sprintf("%s: %d sent, %d answered, %.4g%% lost", toolkit.Escape(text), f.sent, f.answered, 100*float64(f.sent-f.answered)/float64(f.sent))
	if f.answered > 0 {
		line += fmt.Sprintf("; min %s avg %s p99 %s max %s ms", milliseconds(sum.min), milliseconds(sum.avg), milliseconds(sum.p99), milliseconds(sum.max))
	}
	return s.out.Line("%s", line)
}
