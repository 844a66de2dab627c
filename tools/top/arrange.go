package top

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/tools/internal/ui"
)

// order says how rows are arranged.
type order struct {
	column  string // "" as they came
	reverse bool
	rates   bool   // counters are compared, and shown, by their rates
	filter  string // words that all have to be somewhere in a row, whatever their case; one with '!' before it must not be
}

// arrange returns the indices of the rows to show, in their order. Ties keep the order in which rows came, so that the screen does
// not jump.
func (o order) arrange(f *frame) []int {
	shown := make([]int, 0, len(f.rows))
	want := ui.ParseWords(o.filter)
	var all []string
	for i := range f.rows {
		if len(want) > 0 {
			all = f.rows[i].all(all)
		}
		if len(want) == 0 || want.Match(all) {
			shown = append(shown, i)
		}
	}
	column := slices.IndexFunc(f.columns, func(c inspect.Column) bool { return c.Name == o.column })
	if column < 0 {
		return shown
	}
	// The key of each row is made once: parsing numbers in the comparison takes the time of ten.
	keys := make([]sortKey, len(f.rows))
	for _, i := range shown {
		keys[i] = o.key(f, i, column)
	}
	slices.SortStableFunc(shown, func(a, b int) int {
		n := keys[a].compare(keys[b])
		if o.reverse && keys[a].kind != unknown && keys[b].kind != unknown {
			return -n
		}
		return n
	})
	return shown
}

// sortKey is a number, or a text where it is none. What is not known comes last, up or down.
type sortKey struct {
	kind   int8 // 0 number, 1 text, unknown
	number float64
	text   string
}

// unknown is the kind of a key where there is nothing to sort by.
const unknown = 2

func (k sortKey) compare(o sortKey) int {
	return cmp.Or(cmp.Compare(k.kind, o.kind), cmp.Compare(k.number, o.number), strings.Compare(k.text, o.text))
}

func (o order) key(f *frame, at, column int) sortKey {
	r := &f.rows[at]
	if o.rates && f.columns[column].Kind == inspect.Counter {
		rate := f.rate(r, column)
		if rate == noRate {
			return sortKey{kind: unknown}
		}
		return sortKey{number: rate}
	}
	value := r.cell(column)
	if value == "" {
		return sortKey{kind: unknown}
	}
	if n, ok := f.columns[column].Number(value); ok {
		return sortKey{number: n}
	}
	return sortKey{kind: 1, text: value}
}
