package top

import (
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/ed-toolbox/ed/tools/internal/ui"
)

// mouse chooses rows and views, sorts by heads and scrolls.
func (m *model) mouse(e tea.MouseMsg) tea.Cmd {
	y := e.Y - headLines(m.height)
	wheel := map[tea.MouseButton]ui.Step{tea.MouseButtonWheelUp: ui.Up, tea.MouseButtonWheelDown: ui.Down}[e.Button]
	switch {
	case e.Action != tea.MouseActionPress:
	case m.mode == reading:
		m.page.Step(wheel, m.body())
	case m.mode != browsing:
	case e.Button == tea.MouseButtonLeft && e.Y == 0 && !m.messages.Busy():
		if at := m.viewAt(e.X); at >= 0 {
			m.view = at
			return m.enter()
		}
		if !m.named() {
			return m.do(nextView, "")
		}
	case m.tracing():
		m.messages.Mouse(y, e)
	case wheel != 0:
		m.step(wheel)
	case e.Button != tea.MouseButtonLeft:
	case y == 0:
		m.clickHead(m.table.ColumnAt(e.X))
	default:
		if row := m.table.RowAt(y, len(m.rows)); row >= 0 {
			m.table.Cursor = row
			m.remember()
		}
	}
	return nil
}

// clickHead sorts by a column of the screen. The chart stands for its column, which was in this place before somebody clicked on it.
func (m *model) clickHead(column int) {
	if m.drawn == nil || column < 0 {
		return
	}
	place := m.drawn.place(column)
	if place < 0 {
		place = m.drawn.places[column-1]
	}
	if place < len(m.frame.columns) {
		m.sortBy(m.drawn.places, slices.Index(m.drawn.places, place))
		m.arrange()
	}
}
