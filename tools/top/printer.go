package top

import (
	"encoding/csv"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/tools/internal/ui"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// printer prints frames.
type printer struct {
	options options
	framers []*framer // of the tables
	width   int       // of the terminal; 0: there is none
	out     *toolkit.Output
	headed  string // the table whose head CSV printed last
	printed bool
	told    map[string]bool // complaints of the last round
}

func newPrinter(env *toolkit.Env, o options, tables []string) *printer {
	p := &printer{options: o, out: env.Output(o.Common)}
	if env.Stdout.TTY {
		p.width = env.Stdout.Width
	}
	for _, table := range tables {
		p.framers = append(p.framers, &framer{table: table})
	}
	return p
}

// round takes a snapshot, and prints its tables if that is wanted.
func (p *printer) round(s snapshot, show bool) error {
	p.warn(s)
	frames := make([]frame, len(p.framers))
	for i, f := range p.framers {
		frames[i] = f.frame(s)
	}
	if err := sortable(p.options.sort, frames...); err != nil || !show {
		return err
	}
	for i, f := range p.framers {
		if err := p.print(f.table, &frames[i]); err != nil {
			return err
		}
	}
	return nil
}

// warn tells what is wrong with processes, once until it changes.
func (p *printer) warn(s snapshot) {
	told := p.told
	p.told = map[string]bool{}
	for _, one := range s.processes {
		if one.err == nil {
			continue
		}
		text := one.err.Error()
		if p.told[text] = true; !told[text] {
			p.out.Warn("%s", toolkit.Escape(text))
		}
	}
}

func (p *printer) print(table string, f *frame) error {
	if len(f.columns) == 0 {
		return nil
	}
	shown := p.options.order(table).arrange(f)
	if most := p.options.rows; most > 0 {
		shown = shown[:min(len(shown), most)]
	}
	switch p.options.form {
	case asJSON:
		return p.json(table, f, shown)
	case asCSV:
		return p.csv(table, f, shown)
	}
	return p.text(table, f, shown)
}

// fieldNames are what columns, and the rates of counters, are called in JSON and CSV. A name that is taken, by what we print or by a column
// before, has a _ behind it.
func fieldNames(columns []inspect.Column) (values, rates []string) {
	taken := map[string]bool{"v": true, "time": true, "table": true, "gone": true}
	free := func(name string) string {
		for taken[name] {
			name += "_"
		}
		taken[name] = true
		return name
	}
	for _, c := range columns {
		values = append(values, free(c.Name))
	}
	for _, c := range columns {
		rate := ""
		if c.Kind == inspect.Counter {
			rate = free(c.Name + "_rate")
		}
		rates = append(rates, rate)
	}
	return values, rates
}

// json prints one object for each row. Numbers are JSON numbers, what is not known is left out, and rates stand beside
// the counters that they are made of.
func (p *printer) json(table string, f *frame, shown []int) error {
	values, rates := fieldNames(f.columns)
	for _, i := range shown {
		r := &f.rows[i]
		object := map[string]any{"v": 1, "time": f.at.UTC().Format(time.RFC3339Nano), "table": table}
		if r.state == dead {
			object["gone"] = true
		}
		for at, c := range f.columns {
			value := r.cell(at)
			n, number := c.Number(value)
			switch {
			case value == "":
				continue
			case c.Unit == inspect.Flag:
				object[values[at]] = value == "true"
			case number && (c.Kind != inspect.Label || c.Unit != inspect.None):
				object[values[at]] = n
			default:
				object[values[at]] = value
			}
			if rate := f.rate(r, at); rate != noRate {
				object[rates[at]] = rate
			}
		}
		if err := p.out.JSONLine(object); err != nil {
			return err
		}
	}
	return nil
}

// csv prints the head once and again when the table is another one; values are as they came, without units.
func (p *printer) csv(table string, f *frame, shown []int) error {
	var b strings.Builder
	w := csv.NewWriter(&b)
	record := []string{"time", "table"}
	if p.headed != table {
		p.headed = table
		values, _ := fieldNames(f.columns)
		record = append(record, values...)
		_ = w.Write(record) // a strings.Builder takes everything
	}
	for _, i := range shown {
		record = append(record[:0], f.at.UTC().Format(time.RFC3339Nano), table)
		for _, value := range f.rows[i].all(nil) {
			record = append(record, p.out.Received(value))
		}
		_ = w.Write(record)
	}
	w.Flush()
	return p.out.Raw([]byte(b.String()))
}

// text prints a table with aligned columns. They are those that fit into the terminal, or all where there is none.
func (p *printer) text(table string, f *frame, shown []int) error {
	if p.printed {
		if err := p.out.Line(""); err != nil {
			return err
		}
	}
	p.printed = true
	if len(p.framers) > 1 { // each has its name over it
		if err := p.out.Line("%s", table); err != nil {
			return err
		}
	}
	places := arrangement(table, f)
	view := ui.Table{Look: p.options.look, Cursor: -1, Sorted: -1, Fixed: 1}
	for _, line := range view.Plain(headings(f.columns, places), &cells{f: f, shown: shown, places: places, rates: true, now: f.at}, p.width) {
		if err := p.out.Line("%s", line); err != nil {
			return err
		}
	}
	return nil
}
