package inspect

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/message"
)

// Catalog holds the tables of a process. The zero value is ready, and has the table "tables", which lists the others. It
// belongs to one goroutine.
type Catalog struct {
	tables []*Table // by name
}

// Add adds a table until remove is called; t must not be changed after. It returns an error for a name that is taken or
// no name, and for columns that make no sense.
func (c *Catalog) Add(t Table) (remove func(), err error) {
	if err := t.check(); err != nil {
		return nil, fmt.Errorf("add table %q: %w", t.Name, err)
	}
	at, found := c.find(t.Name)
	if found || t.Name == "tables" {
		return nil, fmt.Errorf("add table %q: the name is taken", t.Name)
	}
	c.tables = slices.Insert(c.tables, at, &t)
	return func() {
		if at, found := c.find(t.Name); found && c.tables[at] == &t {
			c.tables = slices.Delete(c.tables, at, at+1)
		}
	}, nil
}

func (t *Table) check() error {
	if err := (Column{Name: t.Name}).check(); err != nil {
		return err
	}
	if (t.Fill == nil) == (t.Open == nil) {
		return fmt.Errorf("give one of Fill and Open")
	}
	for i, col := range t.Columns {
		if err := col.check(); err != nil {
			return err
		}
		if slices.ContainsFunc(t.Columns[:i], func(o Column) bool { return o.Name == col.Name }) {
			return fmt.Errorf("the column %s is there twice", col.Name)
		}
	}
	return nil
}

func (c *Catalog) find(name string) (int, bool) {
	return slices.BinarySearchFunc(c.tables, name, func(t *Table, name string) int { return strings.Compare(t.Name, name) })
}

// Names lists the tables, sorted, without "tables".
func (c *Catalog) Names() []string {
	names := make([]string, 0, len(c.tables))
	for _, t := range c.tables {
		names = append(names, t.Name)
	}
	return names
}

// table returns a table of that name, nil if there is none.
func (c *Catalog) table(name string) *Table {
	if name == "tables" {
		return c.list()
	}
	if at, found := c.find(name); found {
		return c.tables[at]
	}
	return nil
}

// list is the table of tables.
func (c *Catalog) list() *Table {
	return &Table{
		Name: "tables", Title: "what can be looked at",
		Columns: []Column{
			{Name: "name", Key: true}, {Name: "title"}, {Name: "keys"},
			{Name: "columns", Kind: Gauge},
		},
		Fill: func(w *Writer) {
			for _, t := range c.tables {
				var keys []string
				for _, col := range t.Columns {
					if col.Key {
						keys = append(keys, col.Name)
					}
				}
				w.Row().Text(t.Name).Text(t.Title).Text(strings.Join(keys, ",")).Int(int64(len(t.Columns)))
			}
		},
	}
}

// maxTables is how many tables one INSPECT may ask for.
const maxTables = 64

// Snapshot sends tables in pieces: for each a TABLE, a ROW for each row, and a TABLE_END.
type Snapshot struct {
	catalog *Catalog
	names   []string
	serial  string
	limit   int
	now     func() time.Time
	writer  Writer
	table   *Table
	piece   func(w *Writer) (more bool)
	m       message.Message
}

// Snapshot begins to answer an INSPECT: m says which tables. Nothing is sent yet; send must not keep the message. The
// error is for the sender of m. now is the clock; nil is time.Now.
func (c *Catalog) Snapshot(m *message.Message, now func() time.Time, send func(m *message.Message) error) (*Snapshot, error) {
	s := &Snapshot{catalog: c, limit: 1 << 30, now: now}
	if now == nil {
		s.now = time.Now
	}
	s.serial, _ = m.Get("serial")
	if m.Has("limit") {
		n, err := m.Uint("limit")
		if err != nil {
			return nil, err
		}
		s.limit = int(min(n, uint64(s.limit)))
	}
	names, ok := m.Get("table")
	if !ok {
		names = "tables"
	}
	for name := range strings.SplitSeq(names, ",") {
		if c.table(name) == nil {
			return nil, &message.ParamError{Command: m.Command(), Name: "table", Value: name,
				Reason: "there is no such table; INSPECT without one lists them"}
		}
		s.names = append(s.names, name)
	}
	if len(s.names) > maxTables {
		return nil, &message.ParamError{Command: m.Command(), Name: "table", Value: names, Reason: fmt.Sprintf("at most %d tables", maxTables)}
	}
	s.writer = Writer{send: send, since: s.serial}
	return s, nil
}

// Step sends the next piece. It returns true when all has been sent, and the first error of send, which ends it.
func (s *Snapshot) Step() (done bool, err error) {
	w := &s.writer
	if s.piece == nil {
		if len(s.names) == 0 {
			return true, nil
		}
		s.begin()
	}
	more := s.piece(w)
	cut := w.Full() && more
	w.flush()
	if w.err != nil {
		return true, w.err
	}
	if more && !cut {
		return false, nil
	}
	s.piece = nil
	s.head("TABLE_END").SetInt("rows", int64(w.rows))
	if cut || w.over {
		s.m.SetBool("more", true)
	}
	w.err = w.send(&s.m)
	return len(s.names) == 0 || w.err != nil, w.err
}

// begin sends the head of the next table.
func (s *Snapshot) begin() {
	w := &s.writer
	s.table = s.catalog.table(s.names[0])
	if s.table == nil { // it went since
		s.table = &Table{Name: s.names[0], Fill: func(*Writer) {}}
	}
	s.names = s.names[1:]
	t := s.table
	w.table, w.rows, w.limit, w.over = t.Name, 0, s.limit, false
	w.row.columns = t.Columns
	m := s.head("TABLE").Set("columns", formatColumns(t.Columns)).Set("title", clean(t.Title))
	m.SetTimespec("time", message.TimespecOf(s.now()))
	for _, c := range t.Columns {
		if c.Help != "" {
			m.Set("help_"+c.Name, clean(c.Help))
		}
	}
	w.err = w.send(m)
	if t.Open != nil {
		s.piece = t.Open()
		return
	}
	s.piece = func(w *Writer) bool {
		t.Fill(w)
		return false
	}
}

func (s *Snapshot) head(command string) *message.Message {
	s.m.Reset()
	s.m.SetCommand(command)
	s.m.Set("table", s.table.Name)
	if s.serial != "" {
		s.m.Set("serial", s.serial)
	}
	return &s.m
}

// clean replaces what no message can carry.
func clean(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		return strings.ReplaceAll(s, "\x00", "?")
	}
	return s
}
