package top

import "github.com/ed-toolbox/ed/tools/internal/ui"

// trendLength is how many values a small chart has.
const trendLength = 16

// trends keeps the last values of one column for each row.
type trends struct { // its maps and slices are replaced, never changed: a copy is a picture of the moment
	column string
	rates  bool
	values map[string][]float64
}

// note takes the values of a frame. Another column begins anew; rows that have gone are forgotten.
func (t *trends) note(f *frame, o order) {
	column := -1
	for i, c := range f.columns {
		if c.Name == o.column {
			column = i
		}
	}
	if t.column != o.column || t.rates != o.rates {
		*t = trends{column: o.column, rates: o.rates}
	}
	before := t.values
	t.values = make(map[string][]float64, len(f.rows))
	if column < 0 {
		return
	}
	for i := range f.rows {
		r := &f.rows[i]
		value := o.key(f, i, column)
		n := value.number
		if value.kind != 0 || r.state == dead {
			n = -1
		}
		past := before[r.key]
		if len(past) >= trendLength {
			past = append(past[:0:0], past[len(past)-trendLength+1:]...)
		}
		t.values[r.key] = append(past, n)
	}
}

// draw draws the values of a row.
func (t *trends) draw(look *ui.Look, key string) string {
	return look.Spark(t.values[key], trendLength)
}
