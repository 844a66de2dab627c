package top

import (
	"math"
	"time"

	"github.com/ed-toolbox/ed/core/inspect"
)

// frame is one table over all processes that have it, with a first column that names the process, ready to be sorted, filtered and
// drawn. Nothing in it is changed once it is made.
type frame struct {
	at      time.Time
	columns []inspect.Column
	rows    []row
	more    bool // there were more rows than a process sends
	trouble bool // there is something in the column state
}

// row is one row of a frame.
type row struct {
	key     string
	slot    int32 // of its key: the same as long as there is such a row
	born    int   // round in which it was first seen
	socket  int   // index in the snapshot
	state   state
	process string
	cells   []string // of the columns behind the first, as they came; "" is not known
	before  []string // the same in the snapshot before; nil where there is none
	seconds float64  // between the two
}

// cell is the value in a column.
func (r *row) cell(column int) string {
	if column == 0 {
		return r.process
	}
	return r.cells[column-1]
}

// all are the values of all columns; they are good until into is used again.
func (r *row) all(into []string) []string { return append(append(into[:0], r.process), r.cells...) }

// rate is that of a counter, in a second; of time, it is a share of it. It is made when somebody wants it: most are never shown.
func (f *frame) rate(r *row, column int) float64 {
	c := f.columns[column]
	if c.Kind != inspect.Counter || len(r.before) != len(r.cells) || r.seconds <= 0 {
		return noRate
	}
	now, ok := c.Number(r.cells[column-1])
	before, had := c.Number(r.before[column-1])
	rate := (now - before) / r.seconds
	if !ok || !had || now < before || math.IsInf(rate, 0) {
		return noRate
	}
	return rate
}

// state says what a row is drawn like.
type state uint8

const (
	same    state = iota
	fresh         // was not there before
	changed       // a number that is no counter, or a label, is another one
	dead          // it has gone
	shut          // it is there and cannot be looked into
)

// noRate is the rate of what is no counter, or was not there before.
const noRate = -1

// processColumn is the first column of each frame.
var processColumn = inspect.Column{Name: "process", Key: true, Help: "service and process"}

// processTable has a row for each process, whether it lets us look or not, and stateColumn says why not.
const processTable = "process"

var stateColumn = inspect.Column{Name: "state", Help: "why it cannot be looked into"}
