package inspect

import (
	"strconv"
	"time"

	"github.com/ed-toolbox/ed/core/message"
)

// Table is something running, described as rows. Exactly one of Fill and Open says where the rows come from; both are
// called on the goroutine that serves the snapshot, the loop's, and must not block.
type Table struct {
	Name    string // [a-z_][a-z0-9_]*
	Title   string // one line for people
	Columns []Column

	// Fill writes all rows: for tables that are short, up to a few hundred rows.
	Fill func(w *Writer)
	// Open begins a snapshot of a table that may be long. The function it returns writes a piece, of PieceRows rows or
	// somewhat more, each time it is called, and says whether there are more; the loop does other things in between.
	Open func() func(w *Writer) (more bool)
}

// PieceRows is about how many rows are written in one turn of the loop: so few that nobody else waits for more than 0.1 to 0.2 ms.
const PieceRows = 32

// Writer takes the rows of a table.
type Writer struct {
	row   Row
	send  func(m *message.Message) error
	table string
	since string // serial
	open  bool   // a row is begun
	rows  int
	limit int  // of rows
	over  bool // there was a row more
	err   error
}

// Row begins a row; what it returns is good until the next Row. Cells are set in the order of the columns.
func (w *Writer) Row() *Row {
	w.flush()
	w.open = w.rows < w.limit
	w.over = w.over || !w.open
	m := &w.row.m
	m.Reset()
	m.SetCommand("ROW")
	m.Set("table", w.table)
	if w.since != "" {
		m.Set("serial", w.since)
	}
	w.row.at = 0
	return &w.row
}

// Full says that no more rows are wanted: the limit is reached, or who asked has gone. Going on does no harm.
func (w *Writer) Full() bool {
	n := w.rows
	if w.open {
		n++
	}
	return w.err != nil || n >= w.limit
}

// flush sends the row in hand.
func (w *Writer) flush() {
	if !w.open {
		return
	}
	w.open = false
	if w.err == nil {
		if w.err = w.send(&w.row.m); w.err == nil {
			w.rows++
		}
	}
}

// Row is a row being written. Each method sets the next cell; cells too many are ignored, those that are missing are
// left out of the message.
type Row struct {
	m       message.Message
	columns []Column
	at      int
	scratch []byte
}

// cell returns the name of the next column.
func (r *Row) cell() (string, bool) {
	if r.at >= len(r.columns) {
		return "", false
	}
	r.at++
	return r.columns[r.at-1].Name, true
}

// Text sets a cell to a text; bytes that no message can carry are replaced.
func (r *Row) Text(s string) *Row {
	if name, ok := r.cell(); ok {
		r.m.Set(name, clean(s))
	}
	return r
}

// Int sets a cell to a number.
func (r *Row) Int(n int64) *Row {
	if name, ok := r.cell(); ok {
		r.m.SetInt(name, n)
	}
	return r
}

// Uint sets a cell to a number.
func (r *Row) Uint(n uint64) *Row {
	if name, ok := r.cell(); ok {
		r.m.SetUint(name, n)
	}
	return r
}

// Float sets a cell to a number with up to three decimals.
func (r *Row) Float(f float64) *Row {
	if name, ok := r.cell(); ok {
		r.scratch = strconv.AppendFloat(r.scratch[:0], f, 'f', 3, 64)
		r.m.Set(name, string(r.scratch))
	}
	return r
}

// Bool sets a cell to true or false.
func (r *Row) Bool(b bool) *Row {
	if name, ok := r.cell(); ok {
		r.m.SetBool(name, b)
	}
	return r
}

// Duration sets a cell in Seconds.
func (r *Row) Duration(d time.Duration) *Row {
	if name, ok := r.cell(); ok {
		r.m.SetDuration(name, d)
	}
	return r
}

// Time sets a cell to a date; the zero time leaves it out.
func (r *Row) Time(t time.Time) *Row {
	if name, ok := r.cell(); ok && !t.IsZero() {
		r.m.SetTimespec(name, message.TimespecOf(t))
	}
	return r
}

// Skip leaves a cell out: its value is not known.
func (r *Row) Skip() *Row {
	r.cell()
	return r
}
