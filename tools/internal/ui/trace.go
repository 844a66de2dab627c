package ui

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/charmbracelet/lipgloss"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport/control"
)

// TraceLength is how many items a Trace keeps.
const TraceLength = 10_000

// Trace is the last of what services did, as rows. Items are added also while the rows on the screen are held.
type Trace struct {
	Look  *Look
	Limit int // items; 0 is TraceLength

	items   []control.Followed // all that is kept
	dropped uint64             // by the services, because we were slow or they were told to
	seen    uint64
	shown   []int // indices of items that match; nil: all
	match   func(*control.Followed) bool
	held    int   // items that are shown; -1: all
	places  []int // which of the columns are on the screen
}

// NewTrace returns an empty one.
func NewTrace(look *Look) *Trace { return &Trace{Look: look, held: -1} }

// Add takes items in the order of their times.
func (t *Trace) Add(items []control.Followed) {
	limit := t.Limit
	if limit <= 0 {
		limit = TraceLength
	}
	for _, item := range items {
		switch {
		case item.Record != nil:
			t.seen++
		case item.Lost != nil:
			t.dropped += item.Lost.Slow + item.Lost.Rate
		}
	}
	t.items = append(t.items, items...)
	if over := len(t.items) - limit; over > limit/4 || over > 0 && t.held < 0 {
		t.items = append(t.items[:0:0], t.items[over:]...)
		if t.held >= 0 {
			t.held = max(0, t.held-over)
		}
	}
	t.arrange()
}

// Hold keeps the rows as they are, or lets them go on.
func (t *Trace) Hold(hold bool) {
	t.held = -1
	if hold {
		t.held = len(t.items)
	}
	t.arrange()
}

// Waiting is how many items came since the rows are held.
func (t *Trace) Waiting() int {
	if t.held < 0 {
		return 0
	}
	return len(t.items) - t.held
}

// Filter shows only what matches; nil shows all.
func (t *Trace) Filter(match func(*control.Followed) bool) {
	t.match = match
	t.arrange()
}

func (t *Trace) arrange() {
	end := len(t.items)
	if t.held >= 0 {
		end = t.held
	}
	t.shown = t.shown[:0]
	for i := range t.items[:end] {
		if t.match == nil || t.match(&t.items[i]) {
			t.shown = append(t.shown, i)
		}
	}
}

// Seen and Dropped are how many messages came, and how many the services could not send us.
func (t *Trace) Seen() uint64    { return t.seen }
func (t *Trace) Dropped() uint64 { return t.dropped }

// Len is how many rows there are.
func (t *Trace) Len() int { return len(t.shown) }

// Item is what a row is about.
func (t *Trace) Item(row int) *control.Followed { return &t.items[t.shown[row]] }

// traceColumns are all of them; the message is last and has the rest of the line.
func traceColumns() []Column {
	return []Column{{Title: "time"}, {Title: "process", Most: 20}, {Title: "dir"}, {Title: "peer", Most: 24}, {Title: "outcome"},
		{Title: "took", Right: true}, {Title: "latency", Right: true}, {Title: "message"}}
}

// Columns are those that there is room for. What they are called by Cell depends on it, so it is to be called before a Draw.
func (t *Trace) Columns(width int) []Column {
	switch {
	case width >= 110:
		t.places = []int{0, 1, 2, 3, 4, 5, 6, 7}
	case width >= 70:
		t.places = []int{0, 1, 2, 4, 7}
	case width >= 40:
		t.places = []int{0, 2, 7}
	default:
		t.places = []int{2, 7}
	}
	all, columns := traceColumns(), []Column(nil)
	for _, at := range t.places {
		columns = append(columns, all[at])
	}
	return columns
}

// Cell is what a cell of the Columns looks like.
func (t *Trace) Cell(row, column int) string { return t.cell(row, t.places[column]) }

func (t *Trace) cell(row, column int) string {
	item := t.Item(row)
	r := item.Record
	if r == nil {
		return t.notice(item, column)
	}
	switch column {
	case 0:
		return r.Time.Local().Format("15:04:05.000000")
	case 1:
		return item.From.String()
	case 2:
		return r.Direction.String()
	case 3:
		return r.Peer
	case 4:
		return r.Outcome.String()
	case 5:
		if r.Direction == dispatch.Out {
			return ""
		}
		return Seconds(r.Took.Seconds())
	case 6:
		if r.Latency == 0 {
			return ""
		}
		return Seconds(r.Latency.Seconds())
	}
	if r.Error != "" {
		return string(r.Text) + "  (" + r.Error + ")"
	}
	return string(r.Text)
}

// notice is a row that is no message.
func (t *Trace) notice(item *control.Followed, column int) string {
	switch column {
	case 0:
		return item.At.Local().Format("15:04:05.000000")
	case 1:
		return item.From.String()
	case 4:
		if item.Lost != nil {
			return "lost"
		}
		return item.State.String()
	case 7:
		return Notice(item)
	}
	return ""
}

// Notice says what an item means that is no message.
func Notice(item *control.Followed) string {
	switch {
	case item.Lost != nil:
		return fmt.Sprintf("%d messages are missing here: %d because we were slow, %d over the rate", item.Lost.Slow+item.Lost.Rate, item.Lost.Slow, item.Lost.Rate)
	case item.State == control.Attached && item.Gap > 0:
		return "watched again; not seen for " + Seconds(item.Gap.Seconds())
	case item.Err != nil:
		return item.Err.Error()
	}
	return ""
}

// Style shows what went wrong.
func (t *Trace) Style(row int) lipgloss.Style {
	item := t.Item(row)
	switch {
	case item.Record == nil:
		return t.Look.Dim
	case item.Record.Outcome == dispatch.Handled, item.Record.Outcome == dispatch.Sent:
		return lipgloss.Style{}
	}
	return t.Look.Bad
}

// Details are lines about a row: each parameter, and the bytes.
func (t *Trace) Details(row int) []string {
	item := t.Item(row)
	r := item.Record
	if r == nil {
		return []string{item.From.String(), Notice(item)}
	}
	lines := []string{
		"time      " + r.Time.Local().Format("2006-01-02 15:04:05.000000000"),
		"process   " + item.From.String(),
		"link      " + strconv.FormatUint(r.Link, 10) + "  " + r.Name + " - " + r.Peer,
		"direction " + r.Direction.String() + ", " + r.Outcome.String(),
	}
	if r.Handler != "" {
		lines = append(lines, "handler   "+r.Handler+", "+Seconds(r.Took.Seconds()))
	}
	if r.Error != "" {
		lines = append(lines, "error     "+r.Error)
	}
	if r.Pair != 0 {
		what := "answered in "
		if r.Answer {
			what = "answers after "
		}
		lines = append(lines, "pair      "+what+Seconds(r.Latency.Seconds()))
	}
	lines = append(lines, parameters(r)...)
	lines = append(lines, "", strconv.Itoa(r.Size)+" bytes"+cutNote(r))
	lines = append(lines, hexLines(r.Text)...)
	for i := range lines {
		lines[i] = toolkit.Escape(lines[i])
	}
	return lines
}

func cutNote(r *inspect.Record) string {
	switch {
	case r.Hidden > 0 && r.Cut:
		return ", some hidden, some cut"
	case r.Hidden > 0:
		return ", " + strconv.Itoa(r.Hidden) + " values hidden"
	case r.Cut:
		return ", cut"
	}
	return ""
}

// parameters are the parts of the message.
func parameters(r *inspect.Record) []string {
	m, err := r.Message()
	if err != nil {
		return nil
	}
	lines := []string{"", "command   " + m.Command()}
	if to := m.Service(); to != "" {
		lines = append(lines, "to        "+strings.TrimPrefix(m.Server()+":"+to, ":"))
	}
	if from := m.SentFromServer() + ":" + m.SentFromService(); from != ":" {
		lines = append(lines, "from      "+from)
	}
	for name, value := range m.Params() {
		lines = append(lines, "  "+name+" = "+value)
	}
	return lines
}

// hexLines are bytes as hexdump -C shows them, up to 4096 of them.
func hexLines(p []byte) []string {
	var lines []string
	for at := 0; at < min(len(p), 4096); at += 16 {
		part := p[at:min(at+16, len(p))]
		text := make([]byte, len(part))
		for i, c := range part {
			if text[i] = c; c < ' ' || c > '~' {
				text[i] = '.'
			}
		}
		lines = append(lines, fmt.Sprintf("%04x  %-48x  %s", at, spaced(part), text))
	}
	return lines
}

// spaced is a slice that %x prints with spaces.
type spaced []byte

// Format implements fmt.Formatter.
func (s spaced) Format(f fmt.State, _ rune) {
	text := fmt.Sprintf("% x", []byte(s))
	width, _ := f.Width()
	_, _ = fmt.Fprint(f, text, strings.Repeat(" ", max(0, width-len(text))))
}
