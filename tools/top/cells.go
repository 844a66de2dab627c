package top

import (
	"time"

	"github.com/charmbracelet/lipgloss"

	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/tools/internal/ui"
)

// cells is a frame, arranged, as a table draws it.
type cells struct {
	f      *frame
	shown  []int // rows in their order
	places []int // columns in theirs
	rates  bool
	now    time.Time
	look   *ui.Look
	trend  func(r *row) string // of a row; nil where there is none
	chart  int                 // the column that it is in
}

var _ ui.Rows = (*cells)(nil)

// Len is how many rows there are.
func (c *cells) Len() int { return len(c.shown) }

// Cell is what a cell looks like.
func (c *cells) Cell(at, column int) string {
	r := &c.f.rows[c.shown[at]]
	i := c.place(column)
	if i < 0 {
		return c.trend(r)
	}
	if c.rates && c.f.columns[i].Kind == inspect.Counter {
		return ui.Rate(c.f.columns[i], c.f.rate(r, i))
	}
	return ui.Value(c.f.columns[i], r.cell(i), c.now)
}

// place is the column of the frame that a column of the screen is, -1 for the chart.
func (c *cells) place(column int) int {
	switch {
	case c.trend == nil || column < c.chart:
		return c.places[column]
	case column == c.chart:
		return -1
	}
	return c.places[column-1]
}

// Style tells how a row is doing.
func (c *cells) Style(at int) lipgloss.Style {
	switch c.f.rows[c.shown[at]].state {
	case fresh:
		return c.look.Fresh
	case changed:
		return c.look.Changed
	case dead:
		return c.look.Dim
	case shut:
		return c.look.Bad
	}
	return lipgloss.Style{}
}
