package top

import (
	"slices"

	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/tools/internal/ui"
)

// trendLength is how many values a small chart has.
const trendLength = 16

// trends keeps the last values of one column for each row.
type trends struct { // its slices are replaced, never changed: a copy is a picture of the moment
	column string
	rates  bool
	looks  []glimpse // the oldest first
}

// glimpse is the values of a column in one round, by the slots of the rows. Where there was no value it is below 0.
type glimpse struct {
	round  int
	values []float64
}

// note takes the values of a frame. Another column begins anew.
func (t *trends) note(f *frame, round int, o order) {
	if t.column != o.column || t.rates != o.rates {
		*t = trends{column: o.column, rates: o.rates}
	}
	column := slices.IndexFunc(f.columns, func(c inspect.Column) bool { return c.Name == o.column })
	if column < 0 {
		return
	}
	slots := 0
	for i := range f.rows {
		slots = max(slots, int(f.rows[i].slot)+1)
	}
	values := make([]float64, slots)
	for i := range values {
		values[i] = -1
	}
	for i := range f.rows {
		if r := &f.rows[i]; r.state != dead {
			if value := o.key(f, i, column); value.kind == 0 {
				values[r.slot] = value.number
			}
		}
	}
	t.looks = append(slices.Clone(t.looks[max(0, len(t.looks)-trendLength+1):]), glimpse{round, values})
}

// draw draws the values of a row.
func (t *trends) draw(l *ui.Look, r *row) string {
	values := make([]float64, 0, trendLength)
	for _, one := range t.looks {
		if one.round < r.born {
			continue // its slot was that of another row
		}
		value := -1.0
		if int(r.slot) < len(one.values) {
			value = one.values[r.slot]
		}
		values = append(values, value)
	}
	return l.Spark(values, trendLength)
}
