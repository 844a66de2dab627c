package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// percentiles draws how long which share of the messages took, on an axis of 1/(1-p): each nine has the same width.
func (r *Report) percentiles() string {
	nines := 1.0
	low, high := math.MaxFloat64, 0.0
	var old *Latency
	if r.Baseline != nil && r.Baseline.old != nil {
		old = r.Baseline.old.Response
	}
	all := []struct {
		class string
		l     *Latency
	}{{"baseline", old}, {"delivery", r.Delivery}, {"service", r.Service}, {"response", r.Response}}
	for _, s := range all {
		if s.l == nil || s.l.Count == 0 {
			continue
		}
		nines = max(nines, math.Log10(float64(s.l.Count)))
		low, high = min(low, float64(s.l.Min)), max(high, float64(s.l.Max))
	}
	if high == 0 {
		return ""
	}
	nines = math.Ceil(min(nines, 6))
	c := newChart("percentiles", scale{0, nines, false}, scale{max(low*0.8, 1), high * 1.2, true})
	c.xTick(0, "0%")
	for n := 1.0; n <= nines; n++ {
		c.xTick(n, fmt.Sprintf("%.*f%%", max(0, int(n)-2), 100*(1-math.Pow(10, -n))))
	}
	c.xName("percentile")
	c.durations()
	for _, s := range all {
		c.line(s.class, curve(s.l.Histogram(), nines))
	}
	return c.end()
}

// curve samples a distribution evenly over the nines.
func curve(h *hdrhistogram.Histogram, nines float64) []point {
	if h == nil || h.TotalCount() == 0 {
		return nil
	}
	const perNine = 24
	var all []point
	for i := 0; i <= int(nines*perNine); i++ {
		n := float64(i) / perNine
		if math.Pow(10, n) > 2*float64(h.TotalCount()) { // there are not so many of them
			break
		}
		all = append(all, point{n, float64(percentile(h, 100*(1-math.Pow(10, -n))))})
	}
	return all
}

// timeline returns the seconds of all runs, one after the other, with the seconds before each.
func (r *Report) timeline() (starts []float64, all []Second, length float64) {
	for _, run := range r.All() {
		begin := length
		for _, s := range run.Seconds {
			starts = append(starts, begin+s.At.Seconds())
			all = append(all, s)
			length = max(length, begin+(s.At+s.Length).Seconds())
		}
	}
	return starts, all, length
}

// throughput draws messages a second over the time.
func (r *Report) throughput() string {
	rates := func(of *Report) (all []point, top, length float64) {
		starts, seconds, length := of.timeline()
		for i, s := range seconds {
			if s.Length <= 0 || s.Length < 100*time.Millisecond && len(seconds) > 1 { // a few messages more or less make much of it
				continue
			}
			v := float64(s.Received) / s.Length.Seconds()
			all = append(all, point{starts[i] + s.Length.Seconds()/2, v})
			top = max(top, v)
		}
		return all, top, length
	}
	now, top, length := rates(r)
	var old []point
	if r.Baseline != nil && r.Baseline.old != nil {
		var oldTop, oldLength float64
		old, oldTop, oldLength = rates(r.Baseline.old)
		top, length = max(top, oldTop), max(length, oldLength)
	}
	if length == 0 {
		return ""
	}
	target := r.steady()
	top = max(top, target)
	c := newChart("throughput", scale{0, length, false}, scale{0, top * 1.1, false})
	c.timeAxis(length)
	for _, v := range evenly(top*1.1, 5) {
		c.yTick(v, Count(v)+"/s")
	}
	if target > 0 {
		c.line("target", []point{{0, target}, {length, target}})
	}
	c.line("baseline", spread(old, length))
	c.line("response", spread(now, length))
	return c.end()
}

// steady is the rate that was asked for, of what arrives, if it was the same all the time; else 0.
func (r *Report) steady() float64 {
	if r.Load.steady() == 0 {
		return 0
	}
	return r.Rate.Target * float64(max(r.Load.Receivers, 1))
}

// spread makes a line of one point, which nobody would see.
func spread(points []point, length float64) []point {
	if len(points) != 1 {
		return points
	}
	return []point{{0, points[0].y}, {min(2*points[0].x, length), points[0].y}}
}

// durations labels the vertical axis, of nanoseconds.
func (c *chart) durations() {
	for _, v := range round(c.y.low, c.y.high) {
		c.yTick(v, Short(time.Duration(v)))
	}
}

func (c *chart) timeAxis(length float64) {
	for _, v := range evenly(length, 10) {
		c.xTick(v, fmt.Sprintf("%gs", math.Round(v*1e9)/1e9))
	}
	c.xName("time since the warm-up")
}

// load draws the times of each run of a series over its rate.
func (r *Report) loadCurve() string {
	if len(r.Steps) < 2 {
		return ""
	}
	var p50, p99 []point
	top, low, high := 0.0, math.MaxFloat64, 0.0
	for _, s := range r.Steps {
		if s.Response.Count == 0 {
			continue
		}
		p50 = append(p50, point{s.Rate.Target, float64(s.Response.P50)})
		p99 = append(p99, point{s.Rate.Target, float64(s.Response.P99)})
		top, low, high = max(top, s.Rate.Target), min(low, float64(s.Response.P50)), max(high, float64(s.Response.P99))
	}
	if high == 0 {
		return ""
	}
	byX := func(a, b point) int { return cmp.Compare(a.x, b.x) }
	slices.SortFunc(p50, byX)
	slices.SortFunc(p99, byX)
	c := newChart("response times over rates", scale{0, top, false}, scale{max(low*0.8, 1), high * 1.2, true})
	for _, v := range evenly(top, 8) {
		c.xTick(v, Count(v)+"/s")
	}
	c.xName("rate asked for")
	c.durations()
	c.line("service", p50)
	c.line("response", p99)
	return c.end()
}
