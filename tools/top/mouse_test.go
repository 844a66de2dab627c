package top

import (
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/require"
)

// click presses the left button where the text is on the screen.
func click(t *testing.T, m *model, text string) {
	t.Helper()
	for y, line := range strings.Split(ansi.Strip(m.View()), "\n") {
		if before, _, found := strings.Cut(line, text); found {
			clickAt(m, ansi.StringWidth(before), y)
			return
		}
	}
	require.Fail(t, "nowhere to click", "%q is not on\n%s", text, m.View())
}

func clickAt(m *model, x, y int) {
	m.Update(tea.MouseMsg{X: x, Y: y, Button: tea.MouseButtonLeft, Action: tea.MouseActionPress})
}

func lineOf(m *model, at int) string { return strings.Split(ansi.Strip(m.View()), "\n")[at] }

// Rows, heads and names of views are chosen by clicks, on the screen of any size; what is beside them does nothing.
func TestClicks(t *testing.T) {
	m := shown(t, colorful, 100, 24)
	look(m, 1, "echo", "clock")
	look(m, 2, "echo", "clock")
	click(t, m, "echo.100")
	require.Equal(t, "send STOP to echo.100", stopQuestion(m))
	head := lineOf(m, 2)
	x := strings.Index(head, "rss")
	clickAt(m, x, 2)
	require.Contains(t, lineOf(m, 2), "rss▼")
	require.Less(t, ansi.StringWidth(lineOf(m, 2)[:strings.Index(lineOf(m, 2), "rss")]), 25, "columns are as wide as they have to be where the chart was: %s", lineOf(m, 2))
	click(t, m, "its trend")
	require.Contains(t, lineOf(m, 2), "rss▲", "the chart belongs to its column")
	click(t, m, "5 Commands")
	require.Equal(t, "commands", m.views[m.view].name)
	before := m.View()
	clickAt(m, 99, 23)
	clickAt(m, 99, 0)
	clickAt(m, 3, 20)
	require.Equal(t, before, m.View())

	m.Update(tea.WindowSizeMsg{Width: 20, Height: 5})
	clickAt(m, 3, 0)
	require.Contains(t, lineOf(m, 0), "6 Loop", "where there is no room for names, the next one comes")
}

func stopQuestion(m *model) string {
	press(m, "S")
	text := m.ask.text
	press(m, "n", "esc")
	return text
}

// A table without rows says so, and whose fault it is.
func TestNoRows(t *testing.T) {
	m := shown(t, colorful, 80, 24)
	look(m, 1, "echo")
	press(m, "/", "x", "x", "enter")
	require.Contains(t, m.View(), "no row has what the filter wants; Esc takes it off")
	press(m, "esc")
	require.NotContains(t, m.View(), "no row")
	press(m, "7")
	require.NotContains(t, lineOf(m, 1), "0 rows")
}
