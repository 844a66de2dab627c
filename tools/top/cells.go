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
	trend  func(key string) string // of a row, as the last column; nil where there is none
}

var _ ui.Rows = (*cells)(nil)

// Len is how many rows there are.
func (c *cells) Len() int { return len(c.shown) }

// Cell is what a cell looks like.
func (c *cells) Cell(at, column int) string {
	r := &c.f.rows[c.shown[at]]
	if column >= len(c.places) {
		return c.trend(r.key)
	}
	i := c.places[column]
	if c.rates && c.f.columns[i].Kind == inspect.Counter {
		return ui.Rate(c.f.columns[i], r.rates[i])
	}
	return ui.Value(c.f.columns[i], r.cells[i], c.now)
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
	}
	return lipgloss.Style{}
}
