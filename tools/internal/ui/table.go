package ui

import (
	"cmp"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// Column is how a column is shown.
type Column struct {
	Title string
	Right bool // numbers stand at the right
	Most  int  // how wide it may be; 0 is 40
	End   bool // what is too wide keeps its end: of an address that tells most
}

// Rows are what a Table shows. Cell is asked only for rows that are on the screen, so that their number does not matter.
type Rows interface {
	Len() int
	Cell(row, column int) string
	Style(row int) lipgloss.Style
}

// Table draws rows under a head, with a cursor, in any space. It remembers how wide columns were, so that they do not jump from one
// refresh to the next, and where it was scrolled to.
type Table struct {
	Look   *Look
	Cursor int
	Sorted int // column; -1 none
	Down   bool
	Left   int // first column that is shown behind those that are Fixed
	Fixed  int // columns that always stay

	top    int
	wide   map[string]int // by their titles, how wide columns were: they may change places
	widths []int          // of those drawn last
	shown  []int          // columns on the screen, and where they begin, for the mouse
	starts []int
}

// widest is how wide a column may be that does not say.
const widest = 40

// Step moves the cursor, of count rows of which height lines with the head are shown, or the columns.
func (t *Table) Step(step Step, count, height int) {
	switch step {
	case ToLeft:
		t.Left = max(0, t.Left-1)
	case ToRight:
		t.Left++
	default:
		t.Cursor = max(0, min(t.Cursor+step.rows(max(1, height-2), count), count-1))
	}
}

// shift tells that so many of the first rows have gone: the others stay where they are on the screen.
func (t *Table) shift(gone int) {
	t.Cursor, t.top = max(0, t.Cursor-gone), max(0, t.top-gone)
}

// Reset forgets widths and position: other columns are to be shown.
func (t *Table) Reset() {
	t.Cursor, t.top, t.Left, t.wide, t.Sorted = 0, 0, 0, nil, -1
}

// Draw returns height lines of at most width columns: the head and the rows around the cursor.
func (t *Table) Draw(columns []Column, rows Rows, width, height int) []string {
	body := max(0, height-1)
	t.scroll(rows.Len(), body)
	end := min(rows.Len(), t.top+body)
	cells := make([][]string, 0, body)
	for row := t.top; row < end; row++ {
		line := make([]string, len(columns))
		for i := range columns {
			line[i] = clean(rows.Cell(row, i))
		}
		cells = append(cells, line)
	}
	t.measure(columns, cells)
	room := width
	if t.fit(columns, width); t.Hidden(columns) {
		room = max(0, width-2) // the mark that there are more stands beside them
		t.fit(columns, room)
	}
	lines := make([]string, 0, height)
	if height > 0 {
		lines = append(lines, t.Look.Header.Render(t.marked(columns, t.head(columns, room), width)))
	}
	for i, line := range cells {
		text := t.line(columns, line, room)
		if t.top+i == t.Cursor {
			text = t.Look.Selected.Render(pad(text, width))
		} else {
			text = rows.Style(t.top + i).Render(text)
		}
		lines = append(lines, text)
	}
	return lines
}

// scroll keeps the cursor on the screen.
func (t *Table) scroll(count, body int) {
	t.Cursor = max(0, min(t.Cursor, count-1))
	t.top = max(0, min(t.top, count-body))
	if t.Cursor < t.top {
		t.top = t.Cursor
	}
	if body > 0 && t.Cursor >= t.top+body {
		t.top = t.Cursor - body + 1
	}
}

// measure widens columns for what they show; they shrink only when the table is Reset.
func (t *Table) measure(columns []Column, cells [][]string) {
	if t.wide == nil {
		t.wide = map[string]int{}
	}
	t.widths = t.widths[:0]
	for i, c := range columns {
		w := max(t.wide[c.Title], ansi.StringWidth(c.Title)+1) // with the mark of the order
		for _, line := range cells {
			w = max(w, ansi.StringWidth(line[i]))
		}
		t.wide[c.Title] = min(w, cmp.Or(c.Most, widest))
		t.widths = append(t.widths, t.wide[c.Title])
	}
}

// fit chooses the columns that there is room for: the fixed ones, then from Left on.
func (t *Table) fit(columns []Column, width int) {
	t.shown, t.starts = t.shown[:0], t.starts[:0]
	t.Left = max(0, min(t.Left, len(columns)-1-t.Fixed))
	t.squeeze(len(columns), width)
	at := 0
	for i := range columns {
		if i >= t.Fixed && i < t.Fixed+t.Left {
			continue
		}
		if at > 0 && at+min(t.widths[i], 6) > width {
			break
		}
		t.shown, t.starts = append(t.shown, i), append(t.starts, at)
		at += t.widths[i] + 2
	}
}

// squeeze makes the last of the fixed columns so narrow that something else is seen beside it on a small screen, too.
func (t *Table) squeeze(count, width int) {
	next := t.Fixed + t.Left
	if t.Fixed == 0 || next >= count {
		return
	}
	taken := 0
	for _, w := range t.widths[:t.Fixed] {
		taken += w + 2
	}
	if missing := taken + min(t.widths[next], width/2) - width; missing > 0 {
		t.widths[t.Fixed-1] = max(1, t.widths[t.Fixed-1]-missing)
	}
}

// Hidden says whether there are columns to the right of those shown.
func (t *Table) Hidden(columns []Column) bool {
	return len(t.shown) > 0 && t.shown[len(t.shown)-1] < len(columns)-1
}

// ColumnAt is the column at a place on a line, -1 when there is none.
func (t *Table) ColumnAt(x int) int {
	for i := len(t.shown) - 1; i >= 0; i-- {
		if x >= t.starts[i] {
			return t.shown[i]
		}
	}
	return -1
}

// RowAt is the row on a line of what Draw returned, -1 when there is none.
func (t *Table) RowAt(y, count int) int {
	if row := t.top + y - 1; y >= 1 && row < count {
		return row
	}
	return -1
}

func (t *Table) head(columns []Column, width int) string {
	titles := make([]string, len(columns))
	for i, c := range columns {
		titles[i] = c.Title
		if i == t.Sorted {
			titles[i] += t.Look.arrow(t.Down)
		}
	}
	return t.line(columns, titles, width)
}

// marked is a head that says with < and > on which sides there are more columns.
func (t *Table) marked(columns []Column, head string, width int) string {
	if t.Left > 0 && t.Fixed > 0 && len(t.shown) > t.Fixed {
		at := t.starts[t.Fixed] - 1
		head = ansi.Truncate(head, at, "") + "<" + ansi.TruncateLeft(head, at+1, "")
	}
	if t.Hidden(columns) && width > 0 {
		head = pad(ansi.Truncate(head, width-1, ""), width-1) + ">"
	}
	return head
}

// line is one row of the columns that are shown.
func (t *Table) line(columns []Column, cells []string, width int) string {
	var b strings.Builder
	for n, i := range t.shown {
		w := t.widths[i]
		if n == len(t.shown)-1 {
			w = max(0, width-t.starts[n]) // the last one has what is left
		}
		text := t.cut(cells[i], w, columns[i].End)
		gap := strings.Repeat(" ", max(0, min(t.widths[i], w)-ansi.StringWidth(text)))
		switch {
		case columns[i].Right:
			b.WriteString(gap + text)
		case n == len(t.shown)-1:
			b.WriteString(text)
		default:
			b.WriteString(text + gap)
		}
		if n < len(t.shown)-1 {
			b.WriteString("  ")
		}
	}
	return strings.TrimRight(b.String(), " ")
}

func (t *Table) cut(s string, width int, end bool) string {
	mark := "…"
	if !t.Look.Unicode {
		mark = "~"
	}
	if over := ansi.StringWidth(s) - width; end && over > 0 && width > 0 {
		return ansi.TruncateLeft(s, over+1, mark)
	}
	return ansi.Truncate(s, width, mark)
}

// arrow is the mark of a sorted column.
func (l *Look) arrow(down bool) string {
	switch {
	case l.Unicode && down:
		return "▼"
	case l.Unicode:
		return "▲"
	case down:
		return "v"
	}
	return "^"
}

// clean is a text as it may be shown: nothing in it steers the terminal, and a tab is no jump.
func clean(s string) string { return strings.ReplaceAll(toolkit.Escape(s), "\t", `\t`) }

// pad makes s as wide as width.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-ansi.StringWidth(s)))
}

// Plain returns the head and all rows as text without colours: those of the columns that fit into room, or all for 0.
func (t *Table) Plain(columns []Column, rows Rows, room int) []string {
	all := make([][]string, rows.Len())
	for row := range all {
		for i := range columns {
			all[row] = append(all[row], clean(rows.Cell(row, i)))
		}
	}
	t.measure(columns, all)
	width := 0
	for _, w := range t.widths {
		width += w + 2
	}
	if room > 0 {
		width = min(width, room)
	}
	t.fit(columns, width)
	titles := make([]string, len(columns))
	for i, c := range columns {
		titles[i] = strings.ToUpper(c.Title)
	}
	lines := []string{t.line(columns, titles, width)}
	for _, cells := range all {
		lines = append(lines, t.line(columns, cells, width))
	}
	return lines
}
