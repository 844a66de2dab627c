package top

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/tools/internal/ui"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// headLines is how many lines stand over the table: small screens have one less.
func headLines(height int) int {
	if height < 10 {
		return 1
	}
	return 2
}

// body is how many lines the table has, its head included.
func (m *model) body() int {
	return max(1, m.height-headLines(m.height)-max(1, len(m.said())))
}

// View draws the screen: exactly its lines, none wider than it is.
func (m *model) View() string {
	lines := []string{m.tabs()}
	if headLines(m.height) > 1 {
		lines = append(lines, m.look.Dim.Render(ansi.Truncate(m.summary(), m.width, "")))
	}
	var body []string
	room := m.body()
	switch {
	case m.mode == reading:
		body = m.page.Draw(m.width, room)
	case m.tracing():
		body = m.messages.Draw(m.width, room)
	default:
		body = m.drawTable(room)
	}
	body = body[:min(len(body), room)]
	for len(body) < room {
		body = append(body, "")
	}
	lines = append(append(lines, body...), m.footer()...)
	if len(lines) > m.height {
		lines = lines[:m.height]
	}
	return strings.Join(lines, "\n")
}

// drawTable draws the frame in so many lines, or says why there is none.
func (m *model) drawTable(room int) []string {
	if len(m.frame.columns) == 0 {
		return ui.Say(m.empty(), m.look.Plain, m.width, m.height)
	}
	table := m.current()
	o := m.order(table)
	places := arrangement(table, &m.frame)
	heads := headings(m.frame.columns, places)
	rows := &cells{f: &m.frame, shown: m.rows, places: places, rates: o.rates, now: m.now(), look: m.look}
	m.table.Sorted, m.table.Down = m.sortedAt(places), o.reverse
	if at := m.table.Sorted; at >= 0 && m.frame.columns[places[at]].Kind != inspect.Label && m.width >= 80 {
		rows.chart, rows.trend = at+1, func(r *row) string { return m.chart.draw(m.look, r) }
		heads = slices.Insert(heads, at+1, ui.Column{Title: "its trend"})
	}
	m.drawn = rows
	lines := m.table.Draw(heads, rows, m.width, room)
	if len(m.rows) == 0 && len(lines) < room {
		why := "no rows"
		if len(m.frame.rows) > 0 {
			why = "no row has what the filter wants; Esc takes it off"
		}
		lines = append(lines, ui.Say(why, m.look.Dim, m.width, m.height)...)
	}
	return lines
}

// empty says why nothing is shown.
func (m *model) empty() string {
	switch {
	case len(m.snapshot.processes) == 0 && m.snapshot.at.IsZero():
		return "looking for services ..."
	case len(m.snapshot.processes) == 0 && len(m.snapshot.missing) > 0:
		return noneCalled(m.snapshot.missing...) + "; waiting for one"
	case len(m.snapshot.processes) == 0:
		return "no service that you may look into is running; waiting for one"
	case m.current() == "":
		return "none of these services is a router"
	}
	return "nothing yet"
}

// tabs is the first line: the views, the shown one marked.
func (m *model) tabs() string {
	var b strings.Builder
	at := 0
	for i := range m.views {
		text := m.tab(i)
		if at+len(text) > m.width {
			break
		}
		at += len(text)
		if i == m.view {
			text = m.look.Active.Render(text)
		}
		b.WriteString(text)
	}
	if at == 0 || !m.named() {
		return m.look.Active.Render(ansi.Truncate(fmt.Sprintf("%d %s", m.view+1, m.views[m.view].title), m.width, ""))
	}
	return b.String()
}

// tab is the name of a view: in full, or its number alone where there is no room.
func (m *model) tab(i int) string {
	full := 0
	for _, v := range m.views {
		full += len(v.title) + 3
	}
	if full > m.width && i != m.view {
		return fmt.Sprintf(" %d ", i+1)
	}
	return fmt.Sprintf("%d %s ", i+1, m.views[i].title)
}

// named says whether there is room for all views, if only by their numbers. Else the one that is shown stands alone.
func (m *model) named() bool { return m.width >= 3*len(m.views)+len(m.views[m.view].title) }

// viewAt is the view whose name is at a place of the first line, -1 when none is.
func (m *model) viewAt(x int) int {
	if !m.named() {
		return -1
	}
	for i := range m.views {
		if x -= len(m.tab(i)); x < 0 {
			return i
		}
	}
	return -1
}

// summary is the second line.
func (m *model) summary() string {
	alive := 0
	for _, one := range m.snapshot.processes {
		if one.gone.IsZero() && one.sheets != nil {
			alive++
		}
	}
	clock := m.now().Format("15:04:05")
	if m.tracing() {
		return fmt.Sprintf("%s  %s, %s", clock, toolkit.Plural(alive, "service"), m.messages.Summary())
	}
	text := fmt.Sprintf("%s  every %s  %s", clock, ui.Seconds(m.rest().Seconds()), toolkit.Plural(alive, "service"))
	if m.current() == "" {
		return text
	}
	text += ", " + m.current()
	v := m.views[m.view]
	if tables := tablesOf(v, m.snapshot); len(tables) > 1 {
		text += fmt.Sprintf(" (%d of %d)", m.shown[v.name]%len(tables)+1, len(tables))
	}
	text += ": " + toolkit.Plural(len(m.rows), "row")
	if n := len(m.frame.rows) - len(m.rows); n > 0 {
		text += fmt.Sprintf(" (%d filtered)", n)
	}
	if m.frame.more {
		text += ", and more that were not sent"
	}
	return text
}

// said is what the last lines say in place of keys: what is asked, or what went wrong; nil where there is nothing to say.
func (m *model) said() []string {
	room := m.height - headLines(m.height)
	switch trouble := m.trouble(); {
	case m.mode == filtering, m.mode == reading:
		return nil
	case m.mode == asking:
		return ui.Say(m.ask.text+"? y/n", m.look.Bad, m.width, room)
	case m.note != "":
		return ui.Say(m.note, m.look.Changed, m.width, room)
	case m.tracing():
		return m.messages.Said(m.width, room, trouble)
	case trouble != "":
		return ui.Say(trouble, m.look.Bad, m.width, room)
	}
	return nil
}

// footer is the last lines: what is said, what is typed, or keys.
func (m *model) footer() []string {
	if lines := m.said(); lines != nil {
		return lines
	}
	text := ""
	switch {
	case m.mode == filtering:
		return []string{m.typed.Draw(m.width)}
	case m.mode == reading:
		text = m.page.Hint(m.body())
	case m.tracing():
		return []string{m.messages.Footer(m.width, "q quit  ? help")}
	default:
		if m.paused {
			text = "HELD  "
		}
		if f := m.order(m.current()).filter; f != "" {
			text += "filter " + toolkit.Escape(f) + "  "
		}
		text += keys().Footer(max(0, m.width-len(text)))
	}
	return []string{m.look.Bar.Render(ansi.Truncate(text+strings.Repeat(" ", max(0, m.width-ansi.StringWidth(text))), m.width, ""))}
}

// trouble is why nobody can be asked, the first error of a process, or who is missing where others are there.
func (m *model) trouble() string {
	if m.snapshot.err != nil {
		return m.snapshot.err.Error()
	}
	for _, one := range m.snapshot.processes {
		if one.err != nil {
			return one.err.Error()
		}
	}
	if len(m.snapshot.processes) > 0 && len(m.snapshot.missing) > 0 {
		return noneCalled(m.snapshot.missing...) + "; waiting for one"
	}
	return ""
}
