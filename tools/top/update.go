package top

import (
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/internal/ui"
	"github.com/ed-toolbox/ed/transport/control"
)

// keys takes what was typed.
func (m *model) keys(k tea.KeyMsg) tea.Cmd {
	var all []tea.Cmd
	for _, one := range ui.SplitKeys(k) {
		all = append(all, m.press(one))
	}
	return tea.Batch(all...)
}

// press gives a key to whoever has the keys now.
func (m *model) press(k tea.KeyMsg) tea.Cmd {
	switch k.String() {
	case "ctrl+c":
		return tea.Quit
	case ui.SuspendKey:
		return m.suspend
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
		if step, ok := ui.MoveKeys().Find(k.String()); ok {
			m.page.Step(step, m.body())
		} else {
			m.mode = browsing
		}
		return nil
	}
	m.note = ""
	if m.tracing() {
		if cmd, taken := m.messages.Press(k); taken {
			return cmd
		}
	}
	if step, ok := ui.MoveKeys().Find(k.String()); ok {
		m.step(step)
		return nil
	}
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
		m.interval, m.options.exact = min(m.rest()*2, time.Minute), true
		return m.waitCmd()
	case faster:
		m.interval, m.options.exact = max(m.rest()/2, 100*time.Millisecond), true
		return m.waitCmd()
	case help:
		m.open(helpPage())
	case details:
		m.open(m.details())
	case filter:
		m.mode, m.before = filtering, m.order(m.current()).filter
		m.typed = ui.Prompt{Label: "filter", Text: m.before}
	case redraw:
		return tea.ClearScreen
	case back:
		m.filter("")
	case stopIt, rotate, disconnect:
		m.question(do)
	case sortNext, sortPrevious, reverse, rates:
		m.sort(do)
	}
	return nil
}

// step moves the cursor.
func (m *model) step(step ui.Step) {
	m.table.Step(step, len(m.rows), m.body())
	m.remember()
}

// hold stops the screen, or lets it go on with what is there by now.
func (m *model) hold(hold bool) {
	m.paused = hold
	if !hold {
		m.refresh()
	}
}

// sort changes the order.
func (m *model) sort(do action) {
	o := m.order(m.current())
	places := arrangement(m.current(), &m.frame)
	at := m.sortedAt(places)
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

// sortedAt is where on the screen the column stands that the table is sorted by; -1 nowhere.
func (m *model) sortedAt(places []int) int {
	column := m.order(m.current()).column
	return slices.IndexFunc(places, func(at int) bool { return m.frame.columns[at].Name == column })
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

// filter takes a filter for the table.
func (m *model) filter(text string) {
	m.order(m.current()).filter = text
	m.arrange()
}

// edit changes the filter letter by letter; what it does is seen at once.
func (m *model) edit(k tea.KeyMsg) {
	switch m.typed.Edit(k) {
	case ui.Entered:
		m.mode = browsing
		return
	case ui.Left:
		m.mode, m.typed.Text = browsing, m.before
	case ui.Typing:
	}
	m.filter(m.typed.Text)
}

// open shows a page of text.
func (m *model) open(page []string) {
	if len(page) > 0 {
		m.mode, m.page = reading, ui.Page{Lines: page}
	}
}

// details are all cells of the row with the cursor.
func (m *model) details() []string {
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
	if m.tracing() {
		item := m.messages.Current()
		if item == nil || item.From.Addr.IsZero() {
			return to, "", false
		}
		return item.From, "", true
	}
	if at >= len(m.rows) {
		return to, "", false
	}
	r := &m.frame.rows[m.rows[at]]
	for i, c := range m.frame.columns {
		if c.Name == "link" {
			link = r.cell(i)
		}
	}
	for _, one := range m.snapshot.processes {
		if one.socket.String() == r.process && one.gone.IsZero() {
			return one.socket, link, true
		}
	}
	return to, link, false
}

// detailLines are the cells of a row, one on a line, with what their columns mean.
func detailLines(f *frame, r *row, now time.Time) []string {
	var lines []string
	for i, c := range f.columns {
		text := c.Name + strings.Repeat(" ", max(1, 16-len(c.Name))) + ui.Value(c, r.cell(i), now)
		if rate := f.rate(r, i); rate != noRate {
			text += "   " + ui.Rate(c, rate)
		}
		if c.Help != "" {
			text += "   (" + c.Help + ")"
		}
		lines = append(lines, text)
	}
	return lines
}
