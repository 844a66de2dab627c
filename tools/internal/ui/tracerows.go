package ui

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/charmbracelet/lipgloss"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport/control"
)

// traceColumns are all of them; the message is last and has the rest of the line.
func traceColumns() []Column {
	return []Column{{Title: "time"}, {Title: "process", Most: 20}, {Title: "dir"}, {Title: "peer", Most: 24, End: true}, {Title: "outcome"},
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
		return r.Time.In(t.zone()).Format("15:04:05.000000")
	case 1:
		return item.From.String()
	case 2:
		return r.Direction.String()
	case 3:
		return r.Peer
	case 4:
		return r.Outcome.String()
	case 5:
		if !WasHandled(r) {
			return ""
		}
		return Seconds(r.Took.Seconds())
	case 6:
		if r.Latency == 0 {
			return ""
		}
		return Seconds(r.Latency.Seconds())
	}
	text := string(r.Text[:min(len(r.Text), widestCell)])
	if r.Error != "" {
		text += "  (" + r.Error + ")"
	}
	return text
}

// widestCell is how many bytes of a message a row has: more do not fit any screen.
const widestCell = 2000

// notice is a row that is no message.
func (t *Trace) notice(item *control.Followed, column int) string {
	switch column {
	case 0:
		return item.At.In(t.zone()).Format("15:04:05.000000")
	case 1:
		return processOf(item)
	case 4:
		return eventOf(item)
	case 7:
		return cmp.Or(notice(item), eventOf(item)) // small screens have no other column to tell it
	}
	return ""
}

// processOf names the process, which not every item has.
func processOf(item *control.Followed) string {
	if item.From.Name == "" && item.From.PID == 0 {
		return ""
	}
	return item.From.String()
}

// notice says what an item means that is no message.
func notice(item *control.Followed) string {
	switch {
	case item.Lost != nil:
		return fmt.Sprintf("%d messages are missing here: %d because we were slow, %d over the rate", item.Lost.Slow+item.Lost.Rate, item.Lost.Slow, item.Lost.Rate)
	case item.State == control.Attached && item.Gap > 0:
		return "watched again; not seen for " + Seconds(item.Gap.Seconds())
	case item.Err != nil:
		return item.Err.Error()
	case item.State == control.Detached:
		return "it has gone"
	case item.State == control.Attached:
		return "it is watched from here on"
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

// details are lines about a row: each parameter, and the bytes.
func (t *Trace) details(row int) []string {
	item := t.Item(row)
	r := item.Record
	if r == nil {
		return []string{item.At.In(t.zone()).Format("2006-01-02 15:04:05.000000000") + "  " + processOf(item), eventOf(item) + ": " + notice(item)}
	}
	lines := []string{
		"time      " + r.Time.In(t.zone()).Format("2006-01-02 15:04:05.000000000"),
		"process   " + item.From.String(),
		"link      " + strconv.FormatUint(r.Link, 10) + ", " + cmp.Or(r.Name, "unnamed") + " to " + cmp.Or(r.Peer, "unnamed"),
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
	lines = append(lines, "", toolkit.Plural(r.Size, "byte")+cutNote(r))
	lines = append(lines, hexLines(r.Text)...)
	return lines
}

func cutNote(r *inspect.Record) string {
	switch {
	case r.Hidden > 0 && r.Cut:
		return ", some hidden, some cut"
	case r.Hidden > 0:
		return ", " + toolkit.Plural(r.Hidden, "value") + " hidden"
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
		lines = append(lines, fmt.Sprintf("%04x  %-48s  %s", at, fmt.Sprintf("% x", part), text))
	}
	return lines
}
