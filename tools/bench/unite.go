package bench

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ed-toolbox/ed/tools/bench/report"
)

// unite makes one report of several runs: sums, and all times together. err is why there are no more of them.
func unite(p *plan, all []*report.Report, err error) *report.Report {
	first := all[0]
	out := &report.Report{
		V: report.Version, Kind: first.Kind, Address: first.Address, Started: first.Started, Verdict: report.OK,
		Reasons: []string{}, Notes: []string{}, Expect: []report.Checked{}, Seconds: []report.Second{}, Load: p.load(), Machine: first.Machine, Steps: all,
	}
	if err != nil {
		out.Verdict = report.Invalid
		out.Reasons = append(out.Reasons, err.Error())
	}
	response, service, delivery := report.NewHistogram(), report.NewHistogram(), report.NewHistogram()
	out.Counts.LostKnown = true
	var total time.Duration
	for _, r := range all {
		out.Interrupted = out.Interrupted || r.Interrupted
		addCounts(&out.Counts, r.Counts)
		mergeLatency(response, r.Response)
		mergeLatency(service, r.Service)
		mergeLatency(delivery, r.Delivery)
		seconds := r.Load.Duration.Seconds() // rates are means over the time
		out.Rate.Target += r.Rate.Target * seconds
		out.Rate.Sent += r.Rate.Sent * seconds
		out.Rate.Achieved += r.Rate.Achieved * seconds
		total += r.Load.Duration
		for _, n := range r.Notes {
			out.Notes = append(out.Notes, r.Load.Rate+": "+n)
		}
	}
	out.Load.Duration = total
	out.Response, out.Service = report.NewLatency(response), report.NewLatency(service)
	if delivery.TotalCount() > 0 {
		out.Delivery = report.NewLatency(delivery)
	}
	if seconds := total.Seconds(); seconds > 0 {
		out.Rate.Target /= seconds
		out.Rate.Sent /= seconds
		out.Rate.Achieved /= seconds
	}
	if out.Rate.Target > 0 {
		out.Rate.Percent = 100 * out.Rate.Achieved / out.Rate.Target / float64(p.receivers())
	}
	uniteGenerators(out, all)
	return out
}

// uniteGenerators puts together what the generator said of itself in each run, and what the process of --pid used.
func uniteGenerators(out *report.Report, all []*report.Report) {
	g, late, over := &out.Generator, report.NewHistogram(), 0.0
	for _, r := range all {
		one := r.Generator
		if mergeLatency(late, one.Late); one.Late != nil {
			over += one.LateShare * float64(one.Late.Count)
		}
		g.Held += one.Held
		g.CPU += one.CPU
		g.Queued += one.Queued * float64(r.Load.Duration)
		g.Busy = max(g.Busy, one.Busy)
		g.GCs += one.GCs
		g.GCPause += one.GCPause
		g.GCMax = max(g.GCMax, one.GCMax)
		if t := r.Target; t != nil {
			if out.Target == nil {
				out.Target = &report.Process{PID: t.PID, RSSBefore: t.RSSBefore}
			}
			out.Target.CPU += t.CPU
			out.Target.RSS = t.RSS
		}
	}
	if g.Late = report.NewLatency(late); g.Late.Count > 0 {
		g.LateShare = over / float64(g.Late.Count)
	}
	if out.Load.Duration > 0 {
		g.Cores = float64(g.CPU) / float64(out.Load.Duration)
		g.Queued /= float64(out.Load.Duration)
	}
	if out.Target != nil && out.Counts.Received > 0 {
		out.Target.PerMessage = out.Target.CPU / time.Duration(out.Counts.Received)
	}
}

func mergeLatency(h *hdrhistogram.Histogram, l *report.Latency) {
	if other := l.Histogram(); other != nil {
		h.Merge(other)
	}
}

func addCounts(to *report.Counts, c report.Counts) {
	to.Due += c.Due
	to.Sent += c.Sent
	to.Received += c.Received
	to.Lost += c.Lost
	to.LostKnown = to.LostKnown && c.LostKnown
	to.Duplicated += c.Duplicated
	to.Reordered += c.Reordered
	to.Late += c.Late
	to.Wrong += c.Wrong
	to.Failed += c.Failed
	to.BytesOut += c.BytesOut
	to.BytesIn += c.BytesIn
}
