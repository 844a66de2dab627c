package report

import (
	"fmt"
	"html"
	"maps"
	"math"
	"slices"
	"time"
)

// mostColumns is how many the drawing of response times has at most: 3 units of its width are the least that is seen, and a second of an
// hour's run would be a fifth of one.
const mostColumns = 240

// column is what came in one or more seconds.
type column struct {
	from, to float64 // seconds
	counts   map[int]uint64
}

// perColumn is how many seconds make a column of the drawing.
func (r *Report) perColumn() float64 {
	_, _, length := r.timeline()
	return max(1, math.Ceil((length-0.5)/mostColumns)) // clocks are not exact
}

// columns puts the samples of so many seconds together.
func (r *Report) columns(seconds float64) []column {
	starts, samples, _ := r.timeline()
	var all []column
	for i, s := range samples {
		if n := len(all); n == 0 || starts[i]-all[n-1].from > seconds-0.5 { // samples are a little longer or shorter than a second
			all = append(all, column{from: starts[i], counts: map[int]uint64{}})
		}
		last := &all[len(all)-1]
		last.to = starts[i] + s.Length.Seconds()
		for _, h := range s.Heat {
			last.counts[h.Step] += h.Count
		}
	}
	return all
}

// heat draws the response times of each column: the darker, the more messages.
func (r *Report) heat() string {
	all := r.columns(r.perColumn())
	low, high, most, length := math.MaxInt32, 0, uint64(0), 0.0
	for _, one := range all {
		length = max(length, one.to)
		for step, count := range one.counts {
			low, high, most = min(low, step), max(high, step), max(most, count)
		}
	}
	if most == 0 {
		return ""
	}
	from := func(step int) float64 { return 1000 * math.Pow(2, float64(step)/2) }
	c := newChart("response times", scale{0, length, false}, scale{from(low), from(high + 1), true})
	c.timeAxis(length)
	c.durations()
	c.b.WriteString(`<g class="heat">`)
	for _, one := range all {
		for _, step := range slices.Sorted(maps.Keys(one.counts)) {
			count := one.counts[step]
			share := 0.12 + 0.88*math.Log1p(float64(count))/math.Log1p(float64(most))
			title := fmt.Sprintf("%d messages of %s to %s", count, Short(time.Duration(from(step))), Short(time.Duration(from(step+1))))
			c.cell(one.from, from(step), one.to, from(step+1), share, title)
		}
	}
	c.b.WriteString(`</g>`)
	return c.end()
}

// cell draws a rectangle from one corner to the other, as dark as its share of 1 says.
func (c *chart) cell(x1, y1, x2, y2, share float64, title string) {
	left, right, top, bottom := c.px(x1), c.px(x2), c.py(y2), c.py(y1)
	fmt.Fprintf(&c.b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill-opacity="%.2f"><title>%s</title></rect>`,
		left, top, max(right-left, 0.5), max(bottom-top, 0.5), share, html.EscapeString(title))
}
