package inspect

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/message"
)

// Sheet is a snapshot of a table as who asked has it.
type Sheet struct {
	Name, Title string
	Serial      string
	Time        time.Time  // when it was begun, by the clock of the process
	Columns     []Column   // shared with other sheets of the same process: not to be changed
	Rows        [][]string // one value for each column; "" where it is not known
	More        bool       // there were more rows than asked for
}

// Column finds a column by its name; -1 when there is none.
func (s *Sheet) Column(name string) int {
	return slices.IndexFunc(s.Columns, func(c Column) bool { return c.Name == name })
}

// Value is the value in a row by the name of its column, "" when there is none.
func (s *Sheet) Value(row int, column string) string {
	if i := s.Column(column); i >= 0 {
		return s.Rows[row][i]
	}
	return ""
}

// SheetReader puts sheets together from the messages of a snapshot. Sheets that come at the same time are told apart by
// name and serial. It belongs to one goroutine, and is for one process: it knows the columns of the tables that it has read.
type SheetReader struct {
	// MaxRows is how many rows a sheet may have before it is an error; 0 is 1,000,000.
	MaxRows int

	open  map[[2]string]*Sheet
	known map[string]heads // of each table as it came last: they do not change while a process lives
	last  *Sheet           // the one that the last row belongs to: most rows are of the same one
	text  strings.Builder  // the values of many rows are pieces of one string
	cells []string         // and their slices pieces of one array
	ends  []int
}

// What rows share is made in pieces of at most so many bytes and cells; short tables have small ones.
const (
	textPiece = 32 << 10
	cellPiece = 2 << 10
)

// heads are the columns of a table.
type heads struct {
	text    string // as they came
	columns []Column
}

// Add takes a message. It returns a sheet when m was its end, and nil for messages in between and those that are not of
// a snapshot. m is not kept.
func (r *SheetReader) Add(m *message.Message) (*Sheet, error) {
	switch string(m.CommandBytes()) {
	case "TABLE":
		return nil, r.begin(m)
	case "ROW":
		return nil, r.row(m)
	case "TABLE_END":
		s := r.find(m)
		if s == nil {
			return nil, fmt.Errorf("read table: the end of one that did not begin")
		}
		delete(r.open, [2]string{s.Name, s.Serial})
		r.last = nil
		s.More, _ = m.Bool("more") // without the parameter: false
		return s, nil
	}
	return nil, nil
}

func (r *SheetReader) begin(m *message.Message) error {
	s := &Sheet{}
	s.Name, _ = m.Get("table")
	s.Serial, _ = m.Get("serial")
	s.Title, _ = m.Get("title")
	if t, err := m.Timespec("time"); err == nil {
		s.Time = t.Time()
	}
	text, err := m.Text("columns")
	if err != nil {
		return fmt.Errorf("read table: %w", err)
	}
	if s.Columns, err = r.columns(s.Name, text, m); err != nil {
		return err
	}
	if r.open == nil {
		r.open = map[[2]string]*Sheet{}
	}
	if len(r.open) >= maxTables {
		return fmt.Errorf("read table: more than %d at the same time", maxTables)
	}
	r.open[[2]string{s.Name, s.Serial}], r.last = s, s
	return nil
}

// columns reads the columns of a table, or knows them from the time before.
func (r *SheetReader) columns(table, text string, m *message.Message) ([]Column, error) {
	if k, ok := r.known[table]; ok && k.text == text {
		return k.columns, nil
	}
	all, err := parseColumns(text)
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].Help, _ = m.Get("help_" + all[i].Name)
	}
	if r.known == nil {
		r.known = map[string]heads{}
	}
	if len(r.known) < maxTables {
		r.known[table] = heads{text, all}
	}
	return all, nil
}

func (r *SheetReader) find(m *message.Message) *Sheet {
	name, _ := m.Lookup("table")
	serial, _ := m.Lookup("serial")
	if r.last == nil || r.last.Name != string(name) || r.last.Serial != string(serial) {
		r.last = r.open[[2]string{string(name), string(serial)}]
	}
	return r.last
}

func (r *SheetReader) row(m *message.Message) error {
	s := r.find(m)
	if s == nil {
		return fmt.Errorf("read table: a row of one that did not begin")
	}
	most := r.MaxRows
	if most <= 0 {
		most = 1_000_000
	}
	if len(s.Rows) >= most {
		return fmt.Errorf("read table %s: more than %d rows", s.Name, most)
	}
	r.ends = r.ends[:0]
	if n := m.TextBound(); r.text.Cap()-r.text.Len() < n { // what is written never moves: the rows so far are pieces of it
		r.text = strings.Builder{}
		r.text.Grow(max(n, min(n*len(s.Rows), textPiece)))
	}
	begin := r.text.Len()
	for i := range s.Columns {
		value, _ := m.Lookup(s.Columns[i].Name)
		r.text.Write(value)
		r.ends = append(r.ends, r.text.Len())
	}
	if cap(r.cells)-len(r.cells) < len(r.ends) {
		r.cells = make([]string, 0, max(len(r.ends), min(len(r.ends)*len(s.Rows), cellPiece)))
	}
	all, first := r.text.String(), len(r.cells)
	for _, end := range r.ends {
		r.cells = append(r.cells, all[begin:end])
		begin = end
	}
	s.Rows = append(s.Rows, r.cells[first:len(r.cells):len(r.cells)])
	return nil
}
