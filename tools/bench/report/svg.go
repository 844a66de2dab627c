package report

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// chart draws into one SVG. Values become places by the two scales; nothing in it needs anything outside of the file.
type chart struct {
	b             strings.Builder
	width, height float64
	left, bottom  float64 // room for the labels
	x, y          scale
}

// scale turns values of an axis into a share of its length.
type scale struct {
	low, high float64
	log       bool
}

func (s scale) at(v float64) float64 {
	low, high := s.low, s.high
	if s.log {
		v, low, high = math.Log10(max(v, low)), math.Log10(low), math.Log10(high)
	}
	if high <= low {
		return 0
	}
	return min(max((v-low)/(high-low), 0), 1)
}

const topRoom, rightRoom = 10.0, 36.0 // half of a label at the end of the axis

func newChart(title string, x, y scale) *chart {
	c := &chart{width: 860, height: 300, left: 72, bottom: 42, x: x, y: y}
	fmt.Fprintf(&c.b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" role="img"><title>%s</title>`, c.width, c.height, html.EscapeString(title))
	return c
}

func (c *chart) px(v float64) float64 { return c.left + c.x.at(v)*(c.width-c.left-rightRoom) }
func (c *chart) py(v float64) float64 { return topRoom + (1-c.y.at(v))*(c.height-c.bottom-topRoom) }

// end closes the drawing.
func (c *chart) end() string {
	c.b.WriteString("</svg>")
	return c.b.String()
}

// xTick draws a line and a label at a place of the horizontal axis.
func (c *chart) xTick(v float64, label string) {
	x, bottom := c.px(v), c.height-c.bottom
	fmt.Fprintf(&c.b, `<line class="grid" x1="%.1f" y1="%g" x2="%.1f" y2="%.1f"/><text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`,
		x, topRoom, x, bottom, x, bottom+16, html.EscapeString(label))
}

// yTick draws a line and a label at a place of the vertical axis.
func (c *chart) yTick(v float64, label string) {
	y := c.py(v)
	fmt.Fprintf(&c.b, `<line class="grid" x1="%g" y1="%.1f" x2="%.1f" y2="%.1f"/><text x="%g" y="%.1f" text-anchor="end">%s</text>`,
		c.left, y, c.width-rightRoom, y, c.left-6, y+4, html.EscapeString(label))
}

// xName says what the horizontal axis is.
func (c *chart) xName(text string) {
	fmt.Fprintf(&c.b, `<text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, (c.left+c.width)/2, c.height-8, html.EscapeString(text))
}

// point is a value of a line.
type point struct{ x, y float64 }

// line draws a series of a class of the style sheet.
func (c *chart) line(class string, points []point) {
	if len(points) == 0 {
		return
	}
	fmt.Fprintf(&c.b, `<polyline class="%s" points="`, class)
	for i, p := range points {
		if i > 0 {
			c.b.WriteByte(' ')
		}
		fmt.Fprintf(&c.b, "%.1f,%.1f", c.px(p.x), c.py(p.y))
	}
	c.b.WriteString(`"/>`)
}

// fewLabels is how many an axis has at least.
const fewLabels = 3

// round returns the powers of ten in a range of values above 0, with other round values between them where there are few.
func round(low, high float64) []float64 {
	var all []float64
	for _, digits := range [][]float64{
		{1}, {1, 2, 5}, {1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8},
		{1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2, 2.2, 2.5, 2.8, 3, 3.5, 4, 4.5, 5, 5.5, 6, 7, 8, 9},
	} {
		all = all[:0]
		for power := math.Pow(10, math.Floor(math.Log10(low))); power <= high; power *= 10 {
			for _, d := range digits {
				if v := d * power; v >= low && v <= high {
					all = append(all, v)
				}
			}
		}
		if len(all) >= fewLabels {
			break
		}
	}
	return all
}

// evenly returns about n round values from 0 to high.
func evenly(high float64, n int) []float64 {
	if !(high > 1e-12) || high > 1e30 { // no step can be made of it
		return []float64{0}
	}
	step := math.Pow(10, math.Floor(math.Log10(high/float64(n))))
	for _, f := range []float64{1, 2, 5, 10} {
		if high/(step*f) <= float64(n) {
			step *= f
			break
		}
	}
	var all []float64
	for v := 0.0; v <= high*1.0001; v += step {
		all = append(all, v)
	}
	return all
}
