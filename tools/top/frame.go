package top

import (
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/inspect"
)

// frame is one table over all processes that have it, with a first column that names the process, ready to be sorted, filtered and drawn. Nothing in
// it is changed once it is made.
type frame struct {
	at      time.Time
	columns []inspect.Column
	rows    []row
	more    bool // there were more rows than a process sends
}

// row is one row of a frame.
type row struct {
	key    string
	socket int      // index in the snapshot
	cells  []string // as they came; "" is not known
	rates  []float64
	state  state
}

// state says what a row is drawn like.
type state uint8

const (
	same    state = iota
	fresh         // was not there before
	changed       // a number that is no counter, or a label, is another one
	dead          // it has gone
)

// noRate is the rate of what is no counter, or was not there before.
const noRate = -1

// processColumn is the first column of each frame.
var processColumn = inspect.Column{Name: "process", Key: true, Help: "service and process"}

// framer makes frames of one table, and compares each with the one before.
type framer struct {
	table  string
	before map[string]past
	last   frame
}

// past is what a row was like.
type past struct {
	cells []string
	at    time.Time // when its process took the snapshot
	row   row
	gone  time.Time
}

// frame makes the frame of a snapshot.
func (f *framer) frame(s snapshot) frame {
	next := frame{at: s.at, columns: f.columns(s)}
	seen := make(map[string]past, len(f.before))
	for i, one := range s.processes {
		sheet := one.sheets[f.table]
		if sheet == nil {
			continue
		}
		next.more = next.more || sheet.More
		f.add(&next, seen, i, one, sheet)
	}
	f.fade(&next, seen, s.at)
	f.before, f.last = seen, next
	return next
}

// columns are those of the first process that has the table; other versions may have others.
func (f *framer) columns(s snapshot) []inspect.Column {
	for _, one := range s.processes {
		if sheet := one.sheets[f.table]; sheet != nil {
			return append([]inspect.Column{processColumn}, sheet.Columns...)
		}
	}
	return f.last.columns
}

// add appends the rows of one process.
func (f *framer) add(next *frame, seen map[string]past, socket int, one sight, sheet *inspect.Sheet) {
	place := make([]int, len(next.columns)) // of each column in this sheet
	for i, c := range next.columns {
		place[i] = sheet.Column(c.Name)
	}
	name := one.socket.String()
	for at := range sheet.Rows {
		r := row{socket: socket, cells: make([]string, len(next.columns))}
		r.cells[0] = name
		for i := 1; i < len(next.columns); i++ {
			if place[i] >= 0 {
				r.cells[i] = sheet.Rows[at][place[i]]
			}
		}
		r.key = unique(seen, key(next.columns, r.cells))
		old, known := f.before[r.key]
		r.rates = ratesOf(next.columns, r.cells, old, sheet.Time)
		switch {
		case !one.gone.IsZero():
			r.state = dead
		case !known && f.before != nil:
			r.state = fresh
		case known && differs(next.columns, r.cells, old.cells):
			r.state = changed
		}
		p := past{cells: r.cells, at: sheet.Time, row: r}
		if known && old.at.Equal(sheet.Time) {
			r.rates, p.row.rates = old.row.rates, old.row.rates // nothing came since
		}
		seen[r.key] = p
		next.rows = append(next.rows, r)
	}
}

// fade keeps rows that have gone for a while.
func (f *framer) fade(next *frame, seen map[string]past, now time.Time) {
	for _, r := range f.last.rows {
		if _, still := seen[r.key]; still {
			continue
		}
		p := f.before[r.key]
		if p.gone.IsZero() && r.state == dead {
			continue // its process was gone, and has been shown so for long enough
		}
		if p.gone.IsZero() {
			p.gone = now
		}
		if now.Sub(p.gone) > fadeFor/2 || len(r.cells) != len(next.columns) {
			continue
		}
		r.state, r.socket, p.row = dead, -1, r
		seen[r.key] = p
		next.rows = append(next.rows, r)
	}
}

// key is what tells a row apart.
func key(columns []inspect.Column, cells []string) string {
	var b strings.Builder
	for i, c := range columns {
		if c.Key {
			b.WriteString(cells[i])
			b.WriteByte(0)
		}
	}
	return b.String()
}

// unique makes a key that was met already another one: timers of one name are many.
func unique(seen map[string]past, key string) string {
	for {
		if _, taken := seen[key]; !taken {
			return key
		}
		key += "\x01"
	}
}

// ratesOf are those of the counters, per second; of time, it is a share of it.
func ratesOf(columns []inspect.Column, cells []string, old past, at time.Time) []float64 {
	out := make([]float64, len(columns))
	seconds := at.Sub(old.at).Seconds()
	for i, c := range columns {
		out[i] = noRate
		if c.Kind != inspect.Counter || len(old.cells) != len(cells) || seconds <= 0 {
			continue
		}
		now, ok := c.Number(cells[i])
		before, had := c.Number(old.cells[i])
		if ok && had && now >= before {
			out[i] = (now - before) / seconds
		}
	}
	return out
}

// differs says whether something changed that does not change all the time.
func differs(columns []inspect.Column, now, before []string) bool {
	for i, c := range columns {
		if c.Kind == inspect.Label && i < len(before) && now[i] != before[i] {
			return true
		}
		if c.Kind == inspect.Gauge && c.Unit == inspect.None && i < len(before) && now[i] != before[i] {
			return true
		}
	}
	return false
}
