package top

import (
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/internal/ui"
	"github.com/ed-toolbox/ed/transport/control"
)

// keys takes what was typed: over a slow connection several letters come at once.
func (m *model) keys(k tea.KeyMsg) tea.Cmd {
	if k.Type != tea.KeyRunes || len(k.Runes) < 2 || k.Paste {
		return m.press(k)
	}
	var all []tea.Cmd
	for _, r := range k.Runes {
		all = append(all, m.press(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}}))
	}
	return tea.Batch(all...)
}

// press gives a key to whoever has the keys now.
func (m *model) press(k tea.KeyMsg) tea.Cmd {
	if k.String() == "ctrl+c" {
		return tea.Quit
	}
	switch m.mode {
	case filtering:
		m.edit(k)
		return nil
	case asking:
		m.mode = browsing
		if k.String() == "y" || k.String() == "Y" {
			m.note = ""
			return m.ask.do
		}
		m.note = "not done"
		return nil
	case reading:
		m.read(k)
		return nil
	}
	m.note = ""
	do, _ := keys().Find(k.String())
	return m.do(do, k.String())
}

// do does what a key means.
func (m *model) do(do action, key string) tea.Cmd {
	switch do {
	case quit:
		return tea.Quit
	case toView:
		m.view = int(key[0] - '1')
		return m.enter()
	case nextView:
		m.view = (m.view + 1) % len(m.views)
		return m.enter()
	case nextTable:
		m.shown[m.views[m.view].name]++
		return m.enter()
	case pause:
		m.hold(!m.paused)
	case slower:
		m.interval = min(m.interval*2, time.Minute)
		return m.waitCmd()
	case faster:
		m.interval = max(m.interval/2, 100*time.Millisecond)
		return m.waitCmd()
	case help:
		m.open(keys().Help())
	case details:
		m.open(m.details())
	case filter:
		m.mode, m.before, m.typed = filtering, m.order(m.current()).filter, m.order(m.current()).filter
	case back:
		m.filter("")
	case stopIt, rotate, disconnect:
		m.question(do)
	case follow:
		m.follow = !m.follow
		m.settle()
	case sortNext, sortPrevious, reverse, rates:
		m.sort(do)
	default:
		m.move(do)
	}
	return nil
}

// move moves the cursor.
func (m *model) move(do action) {
	count, page := m.count(), m.table.Page(m.body())
	switch do {
	case up:
		m.table.Move(-1, count)
	case down:
		m.table.Move(1, count)
	case pageUp:
		m.table.Move(-page, count)
	case pageDown:
		m.table.Move(page, count)
	case first:
		m.table.Move(-count, count)
	case last:
		m.table.Move(count, count)
	case left:
		m.table.Left = max(0, m.table.Left-1)
	case right:
		m.table.Left++
	default:
		return
	}
	m.follow = m.follow && m.table.Cursor >= count-1
	if do == last {
		m.follow = true
	}
	m.remember()
}

// count is how many rows there are.
func (m *model) count() int {
	if m.messages() {
		return m.trace.Len()
	}
	return len(m.rows)
}

// hold stops the screen, or lets it go on with what is there by now.
func (m *model) hold(hold bool) {
	m.paused = hold
	m.trace.Hold(hold)
	if !hold {
		m.refresh()
		m.settle()
	}
}

// sort changes the order.
func (m *model) sort(do action) {
	o := m.order(m.current())
	places := arrangement(m.current(), m.frame.columns)
	at := -1
	for i, place := range places {
		if m.frame.columns[place].Name == o.column {
			at = i
		}
	}
	switch do {
	case reverse:
		o.reverse = !o.reverse
	case rates:
		o.rates = !o.rates
	case sortNext:
		m.sortBy(places, at+1)
	case sortPrevious:
		m.sortBy(places, at-1)
	}
	m.arrange()
}

// sortBy sorts by the column at a place on the screen; numbers begin with the largest.
func (m *model) sortBy(places []int, at int) {
	if len(places) == 0 {
		return
	}
	o := m.order(m.current())
	c := m.frame.columns[places[(at+len(places))%len(places)]]
	if o.column == c.Name {
		o.reverse = !o.reverse
		return
	}
	o.column, o.reverse = c.Name, c.Kind != inspect.Label
}

// filter takes a filter for the table or the trace.
func (m *model) filter(text string) {
	m.order(m.current()).filter = text
	if !m.messages() {
		m.arrange()
		return
	}
	want := words(text)
	m.trace.Filter(nil)
	if len(want) > 0 {
		m.trace.Filter(func(item *control.Followed) bool {
			if item.Record == nil {
				return true
			}
			r := item.Record
			return matches([]string{item.From.String(), r.Direction.String(), r.Peer, r.Outcome.String(), string(r.Text)}, want)
		})
	}
	m.settle()
}

// edit changes the filter letter by letter; what it does is seen at once.
func (m *model) edit(k tea.KeyMsg) {
	switch k.Type {
	case tea.KeyEnter:
		m.mode = browsing
		return
	case tea.KeyEsc:
		m.mode, m.typed = browsing, m.before
	case tea.KeyBackspace:
		if runes := []rune(m.typed); len(runes) > 0 {
			m.typed = string(runes[:len(runes)-1])
		}
	case tea.KeyCtrlU:
		m.typed = ""
	case tea.KeySpace:
		m.typed += " "
	case tea.KeyRunes:
		m.typed += string(k.Runes)
	}
	m.filter(m.typed)
}

// open shows a page of text.
func (m *model) open(page []string) {
	if len(page) > 0 {
		m.mode, m.page, m.pageTop = reading, page, 0
	}
}

// read scrolls the page, or closes it.
func (m *model) read(k tea.KeyMsg) {
	step := map[action]int{up: -1, down: 1, pageUp: -m.body(), pageDown: m.body(), first: -len(m.page), last: len(m.page)}
	do, _ := keys().Find(k.String())
	if n, ok := step[do]; ok {
		m.pageTop = max(0, min(m.pageTop+n, len(m.page)-m.body()))
		return
	}
	m.mode = browsing
}

// details are all cells of the row with the cursor.
func (m *model) details() []string {
	if m.messages() {
		if m.table.Cursor >= m.trace.Len() {
			return nil
		}
		return m.trace.Details(m.table.Cursor)
	}
	if m.table.Cursor >= len(m.rows) {
		return nil
	}
	r := &m.frame.rows[m.rows[m.table.Cursor]]
	return detailLines(&m.frame, r, m.now())
}

// question asks before something is done to a service.
func (m *model) question(do action) {
	to, link, ok := m.target()
	switch {
	case !ok:
		m.note = "no service is chosen"
	case do == disconnect && (m.current() != "connections" || link == ""):
		m.note = "no connection is chosen: they are in view 2"
	case do == disconnect:
		text := "end connection " + link + " of " + to.String()
		m.confirm(text, m.askCmd(to, text, message.New("DISCONNECT").Set("link", link), true))
	case do == stopIt:
		text := "send STOP to " + to.String()
		m.confirm(text, m.askCmd(to, text, message.New("STOP"), false))
	default:
		text := "send LOG_ROTATE to " + to.String()
		m.confirm(text, m.askCmd(to, text, message.New("LOG_ROTATE"), false))
	}
}

func (m *model) confirm(text string, do tea.Cmd) {
	m.mode, m.ask = asking, question{text, do}
}

// target is the process of the row with the cursor, and the connection where the row is one.
func (m *model) target() (to control.Socket, link string, ok bool) {
	at := m.table.Cursor
	if m.messages() {
		if at >= m.trace.Len() {
			return to, "", false
		}
		return m.trace.Item(at).From, "", true
	}
	if at >= len(m.rows) {
		return to, "", false
	}
	r := &m.frame.rows[m.rows[at]]
	for i, c := range m.frame.columns {
		if c.Name == "link" {
			link = r.cells[i]
		}
	}
	for _, one := range m.snapshot.processes {
		if one.socket.String() == r.cells[0] && one.gone.IsZero() {
			return one.socket, link, true
		}
	}
	return to, link, false
}

// mouse chooses rows, sorts by heads and scrolls.
func (m *model) mouse(e tea.MouseMsg) tea.Cmd {
	if m.mode != browsing || e.Action != tea.MouseActionPress {
		return nil
	}
	y := e.Y - headLines(m.height)
	switch {
	case e.Button == tea.MouseButtonWheelUp:
		m.move(up)
	case e.Button == tea.MouseButtonWheelDown:
		m.move(down)
	case e.Button != tea.MouseButtonLeft:
	case y == 0 && !m.messages():
		if c := m.table.ColumnAt(e.X); c >= 0 {
			places := arrangement(m.current(), m.frame.columns)
			if c < len(places) {
				m.sortBy(places, c)
				m.arrange()
			}
		}
	case y > 0:
		if row := m.table.RowAt(y, m.count()); row >= 0 {
			m.table.Cursor = row
			m.follow = false
			m.remember()
		}
	case e.Y == 0:
		if at := m.viewAt(e.X); at >= 0 {
			m.view = at
			return m.enter()
		}
	}
	return nil
}

// detailLines are the cells of a row, one on a line, with what their columns mean.
func detailLines(f *frame, r *row, now time.Time) []string {
	var lines []string
	for i, c := range f.columns {
		text := c.Name + strings.Repeat(" ", max(1, 16-len(c.Name))) + ui.Value(c, r.cells[i], now)
		if i < len(r.rates) && r.rates[i] != noRate {
			text += "   " + ui.Rate(c, r.rates[i])
		}
		if c.Help != "" {
			text += "   (" + c.Help + ")"
		}
		lines = append(lines, text)
	}
	return lines
}
