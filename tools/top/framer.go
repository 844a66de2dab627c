package top

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport/control"
)

// framer makes frames of one table, and compares each with the one before. With 10,000 rows it is most of what a refresh
// costs: for a row that was there before nothing is allocated, and cells are not copied.
type framer struct {
	table string
	last  frame
	round int
	slots map[string]int32 // of the keys
	marks []mark           // of the slots
	free  []int32          // slots that are not used
	keys  []int            // columns that make the key
	text  []byte           // scratch: the key of a row
}

// mark is what is known of a row that was there before.
type mark struct {
	row   row
	at    time.Time // when its process took the snapshot
	gone  time.Time
	round int // in which it was seen last
}

// frame makes the frame of a snapshot.
func (f *framer) frame(s snapshot) frame {
	f.round++
	next := frame{at: s.at, columns: f.columns(s), rows: make([]row, 0, len(f.last.rows)+16)}
	f.keys = f.keys[:0]
	for i, c := range next.columns {
		if c.Key {
			f.keys = append(f.keys, i)
		}
	}
	for i, one := range s.processes {
		sheet := one.sheets[f.table]
		if sheet == nil && f.table == processTable && one.err != nil && one.gone.IsZero() {
			sheet = unseen(one, s.at)
		}
		if sheet == nil {
			continue
		}
		next.more = next.more || sheet.More
		f.add(&next, i, one, sheet)
	}
	f.fade(&next, s.at)
	f.last = next
	return next
}

// columns are those of the first process that has the table; other versions may have others.
func (f *framer) columns(s snapshot) []inspect.Column {
	for _, one := range s.processes {
		if sheet := one.sheets[f.table]; sheet != nil {
			all := append([]inspect.Column{processColumn}, sheet.Columns...)
			if f.table == processTable {
				all = append(all, stateColumn)
			}
			return all
		}
	}
	if len(f.last.columns) == 0 && f.table == processTable && slices.ContainsFunc(s.processes, func(one sight) bool { return one.err != nil }) {
		return []inspect.Column{processColumn, stateColumn}
	}
	return f.last.columns
}

// add appends the rows of one process.
func (f *framer) add(next *frame, socket int, one sight, sheet *inspect.Sheet) {
	name, order := one.socket.String(), arranged(next.columns, sheet)
	for _, cells := range sheet.Rows {
		if order != nil {
			cells = pick(cells, order)
		}
		r := row{socket: socket, process: name, cells: cells}
		if f.table == processTable && one.err != nil && one.gone.IsZero() {
			cells[len(cells)-1], next.trouble = brief(one.err), true
		}
		m := f.find(&r, len(next.rows))
		known := m.round > 0
		switch {
		case !one.gone.IsZero():
			r.state = dead
		case sheet.Name == "":
			r.state = shut
		case !known && f.round > 1:
			r.state = fresh
		case known && differs(next.columns, cells, m.row.cells):
			r.state = changed
		}
		switch {
		case !known:
		case m.at.Equal(sheet.Time):
			r.before, r.seconds = m.row.before, m.row.seconds // nothing came since
		default:
			r.before, r.seconds = m.row.cells, sheet.Time.Sub(m.at).Seconds()
		}
		*m = mark{row: r, at: sheet.Time, round: f.round}
		next.rows = append(next.rows, r)
	}
}

// unseen is all that is known of a process that cannot be looked into.
func unseen(one sight, at time.Time) *inspect.Sheet {
	row := []string{one.socket.Name, strconv.Itoa(one.socket.PID)}
	return &inspect.Sheet{Time: at, Columns: []inspect.Column{{Name: "name", Key: true}, {Name: "pid", Key: true}}, Rows: [][]string{row}}
}

// brief is what is wrong with a process, in a few words.
func brief(err error) string {
	if busy, ok := errors.AsType[*control.BusyError](err); ok {
		return busy.Error()
	}
	return toolkit.Cause(err)
}

// find gives a row its key and its slot, and returns what is known of it. Most rows stand where they stood before.
func (f *framer) find(r *row, at int) *mark {
	f.text = f.text[:0]
	for _, i := range f.keys {
		f.text = append(append(f.text, r.cell(i)...), 0)
	}
	if at < len(f.last.rows) {
		old := &f.last.rows[at]
		if m := &f.marks[old.slot]; old.key == string(f.text) && m.round < f.round && m.row.key == old.key {
			r.key, r.slot, r.born = old.key, old.slot, old.born
			return m
		}
	}
	for {
		slot, known := f.slots[string(f.text)]
		if !known {
			r.key, r.born = string(f.text), f.round
			r.slot = f.take(r.key)
			return &f.marks[r.slot]
		}
		if m := &f.marks[slot]; m.round < f.round {
			r.key, r.slot, r.born = m.row.key, slot, m.row.born
			return m
		}
		f.text = append(f.text, 1) // met already in this round: timers of one name are many
	}
}

// take gives a key a slot.
func (f *framer) take(key string) int32 {
	if f.slots == nil {
		f.slots = map[string]int32{}
	}
	slot := int32(len(f.marks))
	if n := len(f.free); n > 0 {
		slot, f.free = f.free[n-1], f.free[:n-1]
	} else {
		f.marks = append(f.marks, mark{})
	}
	f.slots[key] = slot
	return slot
}

// fade keeps rows that have gone for a while.
func (f *framer) fade(next *frame, now time.Time) {
	for i := range f.last.rows {
		r := f.last.rows[i]
		m := &f.marks[r.slot]
		if m.round == f.round || m.row.key != r.key {
			continue
		}
		was := m.gone
		if was.IsZero() {
			m.gone = now
		}
		// A row whose process was gone has been shown so for long enough.
		if was.IsZero() && r.state == dead || now.Sub(m.gone) > fadeFor/2 || len(r.cells) != len(next.columns)-1 {
			delete(f.slots, r.key)
			f.free = append(f.free, r.slot)
			*m = mark{}
			continue
		}
		r.state, r.socket, r.before = dead, -1, nil
		m.row, m.round = r, f.round
		next.rows = append(next.rows, r)
	}
}

// arranged says which column of a sheet each of the columns behind the first is; nil where they are the same.
func arranged(columns []inspect.Column, sheet *inspect.Sheet) []int {
	alike := len(sheet.Columns) == len(columns)-1
	order := make([]int, len(columns)-1)
	for i, c := range columns[1:] {
		order[i] = sheet.Column(c.Name)
		alike = alike && order[i] == i
	}
	if alike {
		return nil
	}
	return order
}

// pick arranges the cells of a row.
func pick(cells []string, order []int) []string {
	out := make([]string, len(order))
	for i, at := range order {
		if at >= 0 {
			out[i] = cells[at]
		}
	}
	return out
}

// differs says whether something changed that does not change all the time.
func differs(columns []inspect.Column, now, before []string) bool {
	for i := range now {
		if i >= len(before) || now[i] == before[i] {
			continue
		}
		c := &columns[i+1]
		if c.Kind == inspect.Label || c.Kind == inspect.Gauge && c.Unit == inspect.None {
			return true
		}
	}
	return false
}
