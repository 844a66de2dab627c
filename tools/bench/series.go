package bench

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/ed-toolbox/ed/tools/bench/report"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// series runs a plan as often as its rate asks for.
type series struct {
	env    *toolkit.Env
	live   *live
	expect []report.Expectation
	one    func(ctx context.Context, p *plan, l *live) (*report.Report, error)
}

// run returns the report of all, with the expectations checked.
func (s *series) run(ctx context.Context, p *plan) (*report.Report, error) {
	switch p.rate.shape {
	case steps:
		return s.steps(ctx, p)
	case find:
		return s.find(ctx, p)
	case ramp:
		if p.rate.each > 0 {
			p.duration = p.rate.each
		}
	}
	r, err := s.one(ctx, p, s.live)
	if err == nil {
		s.check(r)
	}
	return r, err
}

// check holds a report against what is expected. A run that is no measurement is not failed as well.
func (s *series) check(r *report.Report) {
	r.Expect = append(r.Expect, report.Check(s.expect, r)...)
	for _, c := range r.Expect {
		if c.Met {
			continue
		}
		if r.Verdict == report.OK {
			r.Verdict = report.Failed
		}
		r.Reasons = append(r.Reasons, fmt.Sprintf("expected %s, found %s", c.Text, c.Found))
	}
}

// at runs the plan at one rate.
func (s *series) at(ctx context.Context, p *plan, rate float64, title string) (*report.Report, error) {
	one := *p
	one.rate.text = strconv.FormatFloat(math.Round(rate*10)/10, 'f', -1, 64) + "/s" // as it could have been given
	one.rate.shape, one.rate.from, one.rate.to = steady, rate, rate
	if p.rate.each > 0 {
		one.duration = p.rate.each
	}
	l := *s.live
	l.title, l.total, l.rates = title, one.duration, nil
	r, err := s.one(ctx, &one, &l)
	if err == nil {
		s.check(r)
	}
	return r, err
}

// steps runs one rate after the other. What was expected must hold for each.
func (s *series) steps(ctx context.Context, p *plan) (*report.Report, error) {
	var all []*report.Report
	for i, rate := range p.rate.steps {
		r, err := s.at(ctx, p, rate, fmt.Sprintf("step %d/%d: ", i+1, len(p.rate.steps)))
		if err != nil {
			return cutShort(p, all, err)
		}
		all = append(all, r)
		if r.Interrupted || ctx.Err() != nil {
			break
		}
	}
	out := unite(p, all, nil)
	for _, r := range all {
		if r.Verdict == report.OK {
			continue
		}
		if out.Verdict == report.OK || r.Verdict == report.Failed {
			out.Verdict = r.Verdict
		}
		for _, why := range r.Reasons {
			out.Reasons = append(out.Reasons, r.Load.Rate+": "+why)
		}
	}
	return out, nil
}

// cutShort is what a series comes to that an error ended: the runs before it are reported, if there were any.
func cutShort(p *plan, all []*report.Report, err error) (*report.Report, error) {
	if len(all) == 0 {
		return nil, err
	}
	return unite(p, all, err), nil
}

// precision is how near find gets to the highest rate.
const precision = 1.05

// find looks for the highest rate that meets what is expected: doubling until one does not, then halving what is between. A run
// that is no measurement is made again, once, as it may say more of the machine than of the service.
func (s *series) find(ctx context.Context, p *plan) (*report.Report, error) {
	var all []*report.Report
	var best *report.Report
	low, high := 0.0, 0.0 // the highest that was good; the lowest that was not
	rate, again := p.rate.from, false
	for high == 0 || high/low > precision {
		r, err := s.at(ctx, p, rate, fmt.Sprintf("find %s/s: ", report.Count(rate)))
		if err != nil {
			return cutShort(p, all, err)
		}
		all = append(all, r)
		if r.Interrupted || ctx.Err() != nil {
			break
		}
		if again = r.Verdict == report.Invalid && !again; again {
			continue
		}
		if r.Verdict == report.OK {
			best, low = r, rate
		} else {
			high = rate
		}
		switch {
		case low == 0: // not even the lowest
			return s.found(p, all, nil), nil
		case high > 0:
			rate = math.Sqrt(low * high)
		case rate >= p.rate.to:
			return s.found(p, all, best), nil
		default:
			rate = min(2*rate, p.rate.to)
		}
	}
	return s.found(p, all, best), nil
}

// found makes the report of a search.
func (s *series) found(p *plan, all []*report.Report, best *report.Report) *report.Report {
	out := unite(p, all, nil)
	if best == nil {
		last := all[len(all)-1]
		out.Verdict = last.Verdict // if the lowest rate was no measurement twice, nothing was found out about the service
		why := fmt.Sprintf("not even %s met what was expected", all[0].Load.Rate)
		if last.Interrupted {
			out.Verdict, why = report.Invalid, fmt.Sprintf("it was interrupted before %s was tried to the end", last.Load.Rate)
		}
		out.Reasons = append(append(out.Reasons, why), last.Reasons...)
		return out
	}
	out.Found = best.Rate.Target
	out.Counts, out.Rate, out.Generator, out.Target, out.Expect = best.Counts, best.Rate, best.Generator, best.Target, best.Expect
	out.Response, out.Service, out.Delivery = best.Response, best.Service, best.Delivery
	return out
}
