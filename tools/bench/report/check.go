package report

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Check says for each expectation what was found in r, and whether it is what was expected. What is not known is not met.
func Check(expect []Expectation, r *Report) []Checked {
	var all []Checked
	for _, e := range expect {
		all = append(all, e.check(r))
	}
	return all
}

func (e *Expectation) check(r *Report) Checked {
	c := Checked{Text: e.Text}
	found, text := e.find(r)
	if c.Found = text; !math.IsNaN(found) {
		c.Met = compare(found, e.op, e.value)
	}
	return c
}

func compare(a float64, op string, b float64) bool {
	switch op {
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	case ">=":
		return a >= b
	case "!=":
		return a != b
	}
	return a == b
}

// find returns the value in the unit of the expectation, and for people. NaN: it is not known.
func (e *Expectation) find(r *Report) (float64, string) {
	if e.of != "" {
		d, ok := e.duration(map[string]*Latency{"response": r.Response, "service": r.Service, "delivery": r.Delivery, "late": r.Generator.Late}[e.of])
		if !ok {
			return math.NaN(), "nothing measured"
		}
		return float64(d), Short(d)
	}
	switch e.metric {
	case "rate":
		switch {
		case e.share && r.Load.Loop == "closed":
			return math.NaN(), "a closed loop has no target"
		case e.share && r.Rate.Target == 0:
			return math.NaN(), "nothing measured"
		}
		if e.share {
			return r.Rate.Percent / 100, fmt.Sprintf("%.2f%%", r.Rate.Percent)
		}
		return r.Rate.Achieved, fmt.Sprintf("%.1f/s", r.Rate.Achieved)
	case "change.rate", "change.p50", "change.p99":
		return e.change(r)
	case "loss":
		if !r.Counts.LostKnown {
			return math.NaN(), "not known"
		}
		return e.count(r.Counts.Lost, r)
	}
	return e.count(map[string]uint64{
		"dup": r.Counts.Duplicated, "order": r.Counts.Reordered, "late": r.Counts.Late, "wrong": r.Counts.Wrong, "failed": r.Counts.Failed,
	}[e.metric], r)
}

func (e *Expectation) duration(l *Latency) (time.Duration, bool) {
	if l == nil || l.Count == 0 {
		return 0, false
	}
	switch e.metric {
	case "mean":
		return l.Mean, true
	case "min":
		return l.Min, true
	case "max":
		return l.Max, true
	}
	return l.At(e.percent), true
}

func (e *Expectation) count(n uint64, r *Report) (float64, string) {
	if !e.share {
		return float64(n), strconv.FormatUint(n, 10)
	}
	if r.Counts.Sent == 0 {
		return math.NaN(), "nothing sent"
	}
	share := float64(n) / float64(r.Counts.Sent)
	if to := r.Load.Receivers; to > 0 && e.metric != "wrong" && e.metric != "failed" { // what counts for each of them
		share /= float64(to)
	}
	return share, fmt.Sprintf("%.3f%%", 100*share)
}

func (e *Expectation) change(r *Report) (float64, string) {
	if r.Baseline == nil {
		return math.NaN(), "no baseline"
	}
	for _, m := range r.Baseline.Metrics {
		if "change."+m.Name != e.metric {
			continue
		}
		if m.Verdict == Unknown {
			return math.NaN(), "too few samples"
		}
		if !m.Significant {
			return 0, "no change"
		}
		return m.Change, fmt.Sprintf("%+.1f%%", 100*m.Change)
	}
	return math.NaN(), "not in the baseline"
}
