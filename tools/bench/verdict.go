package bench

import (
	"fmt"
	"time"

	"github.com/ed-toolbox/ed/tools/bench/report"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// held is the share of the messages that must have been sent for the rate to count as held.
const held = 0.99

// A rate is not held either by a generator that makes up later for what it did not send: so late it may be with all but a
// tenth of the messages, and with all but a hundredth, by its own fault. What a busy machine does to it is less.
const (
	lateTenth     = 25 * time.Millisecond
	lateHundredth = 100 * time.Millisecond
)

// starved is how many of its threads may wait for a processor in a closed loop, where nothing is late, before the report says so.
const starved = 0.5

// report makes the report of what was measured.
func (r *runner) report() *report.Report {
	p, t := r.plan, r.total
	out := &report.Report{
		V: report.Version, Kind: p.kind, Address: p.target.String(), Started: r.begin.UTC(), Verdict: report.OK,
		Reasons: []string{}, Notes: []string{}, Expect: []report.Checked{}, Interrupted: r.stopped,
		Load: p.load(), Machine: thisMachine(r.env), Seconds: r.seconds,
	}
	var took time.Duration // the longest: seconds that one worker ends late begin late, too, and do not add up
	for _, one := range r.took {
		took = max(took, one)
	}
	out.Load.Duration = took
	out.Counts = report.Counts{
		Due: t.due + t.unsent, Sent: t.due, Received: t.recorded, Lost: uint64(max(0, t.lost)), LostKnown: true,
		Duplicated: t.duplicated, Reordered: t.reordered, Late: uint64(max(0, t.overdue)), Wrong: t.wrongs, Failed: t.failures,
		BytesOut: t.bytesOut, BytesIn: t.bytesIn,
	}
	if p.oneWay() {
		r.tallied(out)
	}
	if t.unfinished > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("in flight when it ended, neither received nor lost: %d", t.unfinished))
	}
	over := took // an open loop that ends after --count may wait for the last answers; nothing was due in that time
	if t.scheduled > 0 {
		over = time.Duration(t.scheduled)
	}
	if seconds := over.Seconds(); seconds > 0 {
		out.Rate.Sent = float64(t.due) / seconds
		out.Rate.Achieved = float64(t.arrived) / seconds
		if !p.closed() {
			out.Rate.Target = float64(out.Counts.Due) / seconds
			out.Rate.Achieved = float64(t.inTime) / seconds
		}
	}
	if out.Rate.Target > 0 {
		out.Rate.Percent = 100 * out.Rate.Achieved / out.Rate.Target / float64(p.receivers())
	}
	out.Response, out.Service = report.NewLatency(t.response), report.NewLatency(t.service)
	g := &out.Generator
	if !p.closed() {
		g.Late = report.NewLatency(t.late)
		if g.Late.Count > 0 {
			g.LateShare = float64(t.lateOver) / float64(g.Late.Count)
		}
	}
	g.Held, g.Busy = t.held, r.busy
	r.before.describe(out, r.after, p.pid)
	r.judge(out)
	return out
}

// load says what was asked for.
func (p *plan) load() report.Load {
	l := report.Load{
		Loop: "open", Rate: p.rate.text, Arrival: "uniform", Burst: p.burst, Connections: p.connections, Window: p.window, Workers: p.workers,
		Count: p.count, Idle: p.idle, Size: p.script.size(), Message: p.script.first(), Messages: len(p.script.lines), Duration: p.duration, Warmup: p.warmup,
	}
	if p.kind == kindFanout {
		l.Receivers = p.receivers()
	}
	if p.kind == kindConnect {
		l.Size, l.Message, l.Messages, l.Window = 0, "", 0, 1
	}
	if p.poisson {
		l.Arrival = "poisson"
	}
	if p.closed() {
		l.Loop, l.Arrival = "closed", ""
	}
	return l
}

// tallied puts in what the receivers said of one-way messages.
func (r *runner) tallied(out *report.Report) {
	c, t := &out.Counts, &r.tally
	c.LostKnown = t.known == t.asked && t.asked > 0
	c.Lost, c.Duplicated, c.Reordered = t.lost, t.duplicated, t.reordered
	c.Received = c.Sent - min(c.Sent, c.Lost)
	if !c.LostKnown {
		c.Received = 0
		out.Notes = append(out.Notes, fmt.Sprintf("what arrived is known of %d of %d connections: the service does not count (ed bench serve does), or did not say it in time", t.known, t.asked))
	}
	if t.response != nil {
		out.Delivery = report.NewLatency(t.response)
	}
}

// judge says whether the run measured what was asked for.
func (r *runner) judge(out *report.Report) {
	invalid := func(format string, args ...any) {
		out.Verdict = report.Invalid
		out.Reasons = append(out.Reasons, fmt.Sprintf(format, args...))
	}
	c, t := out.Counts, r.total
	what, sent := "messages", "sent"
	if r.plan.kind == kindConnect {
		what, sent = "connections", "begun"
	}
	if c.Due > 0 && float64(c.Sent) < held*float64(c.Due) {
		invalid("the rate was not held: %d of %d %s were %s (%.1f%%); %s", c.Sent, c.Due, what, sent, 100*float64(c.Sent)/float64(c.Due), r.whySlow(out))
	}
	if l := out.Generator.Late; l != nil && (l.P90 > lateTenth || l.P99 > lateHundredth) {
		invalid("the generator was late by its own fault: a tenth of the %s by more than %s, a hundredth by more than %s", what, report.Short(l.P90), report.Short(l.P99))
	}
	if c.Received == 0 && !r.plan.oneWay() || c.Sent == 0 {
		invalid("%s", r.whyNothing(out))
	}
	switch {
	case t.failures == 0:
	case r.plan.kind == kindConnect && t.lacking > 0:
		invalid("this machine had no port, descriptor or memory left for %d connections; the first that failed: %s", t.lacking, t.failureText)
	case r.plan.kind == kindConnect:
		out.Notes = append(out.Notes, fmt.Sprintf("connections that failed: %d; the first: %s", t.failures, t.failureText))
	case r.plan.target.IsDatagram():
		invalid("datagrams that failed: %d; the first: %s", t.failures, t.failureText)
	default:
		invalid("connections that failed: %d; the first: %s", t.failures, t.failureText)
	}
	if t.wrongs > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("wrong answers; the first: %s", toolkit.Escape(report.Clip(t.wrongText, 200))))
	}
	if late := out.Generator.LateShare; late > 0.01 {
		out.Notes = append(out.Notes, fmt.Sprintf("the generator was more than 1ms late with %.1f%% of the %s; that is a part of the response times", 100*late, what))
	}
	if queued := out.Generator.Queued; r.plan.closed() && queued > starved {
		out.Notes = append(out.Notes, fmt.Sprintf("%.2f threads of the generator waited for a processor on average; that is a part of the times, and keeps the rate down", queued))
	}
	if !out.Interrupted && out.Load.Duration < time.Second && out.Load.Duration > 0 {
		out.Notes = append(out.Notes, "less than a second was measured")
	}
}

// whySlow says why not all was sent that was due.
func (r *runner) whySlow(out *report.Report) string {
	g, p := out.Generator, r.plan
	switch {
	case r.total.failures > 0 && p.kind != kindConnect && !p.target.IsDatagram():
		return "connections ended"
	case g.Busy >= 0.9 || 2*r.total.kept < r.total.unsent:
		return "the generator was too slow"
	case p.oneWay() || p.window == 0:
		return "the service did not take more: the connections were full"
	case p.kind == kindConnect:
		return fmt.Sprintf("the service did not take more: %d connections were on their way", p.connections)
	}
	return "the service did not take more: the window was full"
}

// whyNothing says why nothing was sent, or nothing came back.
func (r *runner) whyNothing(out *report.Report) string {
	c, t := out.Counts, r.total
	switch {
	case out.Load.Duration == 0 && r.plan.count > 0 && !out.Interrupted && t.failures == 0:
		return fmt.Sprintf("it ended before anything was measured: all %d messages went in the warm-up; --warmup 0 has none", r.plan.count)
	case out.Load.Duration == 0:
		return "it ended before anything was measured"
	case c.Sent == 0 && c.BytesOut > 0:
		return "nothing was sent but what had been due in the warm-up"
	case c.Sent == 0:
		return "nothing was sent"
	case r.plan.kind == kindConnect && t.failures > 0:
		return "no connection was made; the first failed: " + t.failureText
	case r.plan.routed():
		return "nothing arrived"
	case t.wrongs > 0:
		return fmt.Sprintf("no answer was %s, which --reply changes; the first: %s", r.plan.script.lines[0].reply, toolkit.Escape(report.Clip(t.wrongText, 200)))
	}
	return "nothing was answered"
}
