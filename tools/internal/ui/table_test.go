package ui_test

import (
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/tools/internal/ui"
)

// grid is rows of texts.
type grid [][]string

func (g grid) Len() int                    { return len(g) }
func (g grid) Cell(row, column int) string { return g[row][column] }
func (g grid) Style(int) lipgloss.Style    { return lipgloss.Style{} }

func columns() []ui.Column {
	return []ui.Column{{Title: "name"}, {Title: "n", Right: true}, {Title: "text"}}
}

func draw(t *ui.Table, g grid, width, height int) []string {
	lines := t.Draw(columns(), g, width, height)
	for i := range lines {
		lines[i] = strings.TrimRight(ansi.Strip(lines[i]), " ")
	}
	return lines
}

func TestTable(t *testing.T) {
	table := ui.Table{Look: mono(), Sorted: 1, Down: true, Fixed: 1}
	g := grid{{"a", "1", "first"}, {"bcd", "1000", "second\tof\x1b[2J them"}, {"e", "", "日本語 third"}}
	require.Equal(t, []string{"name     nv  text", "a         1  first", `bcd    1000  second\tof\x1B[2J them`, "e            日本語 third"}, draw(&table, g, 40, 10))
	require.Equal(t, []string{"name     nv  text", "a         1  first", `bcd    1000  secon~`, "e            日本~"}, draw(&table, g, 19, 10), "a wide letter is not cut in two")
	require.Equal(t, 2, table.ColumnAt(15))
	require.Equal(t, 1, table.ColumnAt(8))
	require.Equal(t, 1, table.RowAt(2, 3))
	require.Equal(t, -1, table.RowAt(0, 3))
	require.Equal(t, -1, table.RowAt(9, 3))
	require.True(t, strings.HasPrefix(draw(&table, g[:1], 40, 10)[0], "name     nv"), "it does not get narrower")
	table.Step(ui.ToRight, 3, 10)
	require.Equal(t, "name  <text", draw(&table, g, 40, 10)[0], "the first column stays")
	require.False(t, table.Hidden(columns()))
}

// Numbers stand at the right of a column that is cut, too.
func TestTableCutsANumber(t *testing.T) {
	table := ui.Table{Look: mono(), Sorted: -1}
	long := []ui.Column{{Title: "name"}, {Title: "goroutines", Right: true}}
	lines := table.Draw(long, grid{{"a", "3"}}, 13, 5)
	require.Equal(t, "a           3", strings.TrimRight(ansi.Strip(lines[1]), " "))
}

// What is pasted is one line.
func TestPromptPaste(t *testing.T) {
	p := ui.Prompt{Label: "filter"}
	p.Edit(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("one\r\ntwo\t三\x1b"), Paste: true})
	require.Equal(t, "one  two 三 ", p.Text)
}

// On a screen on which the first column would have all the room another stands beside it, and the head says that there are more.
func TestTableOnASmallScreen(t *testing.T) {
	table := ui.Table{Look: mono(), Sorted: -1, Fixed: 1}
	g := grid{{"a-long-name.4711", "1000", "first"}}
	require.Equal(t, []string{"name             n >", "a-long-name~  1000"}, draw(&table, g, 20, 5))
	require.True(t, table.Hidden(columns()))
	table.Step(ui.ToRight, 1, 5)
	require.Equal(t, []string{"name          <text", "a-long-name.~  first"}, draw(&table, g, 20, 5))
	require.False(t, table.Hidden(columns()))
	for width := range 60 { // whatever fits
		for _, line := range draw(&table, g, width, 5) {
			require.LessOrEqual(t, ansi.StringWidth(line), width)
		}
	}
}

func TestTableScrolls(t *testing.T) {
	table := ui.Table{Look: mono(), Sorted: -1}
	var g grid
	for i := range 100 {
		g = append(g, []string{fmt.Sprintf("row%d", i), "", ""})
	}
	for _, c := range []struct {
		step        ui.Step
		cursor, top string
	}{
		{ui.Up, "row0", "row0"}, {ui.Down, "row1", "row0"}, {ui.PageDown, "row4", "row1"}, {ui.Last, "row99", "row96"}, {ui.Down, "row99", "row96"},
		{ui.PageUp, "row96", "row96"}, {ui.Up, "row95", "row95"}, {ui.First, "row0", "row0"},
	} {
		table.Step(c.step, 100, 5)
		lines := draw(&table, g, 20, 5)
		require.Equal(t, c.cursor, g[table.Cursor][0])
		require.Equal(t, c.top, lines[1])
	}
	table.Step(ui.Last, 100, 5)
	require.Equal(t, []string{"name    n  text", "row0"}, draw(&table, g[:1], 20, 5), "rows have gone")
	require.Equal(t, []string{"name    n  text"}, draw(&table, nil, 20, 5))
	require.Empty(t, draw(&table, g, 20, 0))
}

func TestSpark(t *testing.T) {
	plain, full := mono(), ui.NewLook(io.Discard, env(map[string]string{"TERM": "xterm", "LANG": "en_US.utf8"}))
	for _, c := range []struct {
		values []float64
		width  int
		full   string
		plain  string
	}{
		{nil, 3, "   ", "   "},
		{[]float64{0, 1, 2, 4, 8}, 5, " ▂▃▅█", " .-=@"},
		{[]float64{5, 5}, 4, "  ██", "  @@"},
		{[]float64{-1, 0, 1}, 3, "  █", "  @"},
		{[]float64{9, 9, 1, 2}, 2, "▅█", "=@"},
		{[]float64{1}, 0, "", ""},
		{[]float64{1e-9, 1e9}, 2, "▁█", ".@"},
		{[]float64{1, math.Inf(1), math.NaN()}, 3, "▁▁ ", ".. "},
	} {
		require.Equal(t, c.full, full.Spark(c.values, c.width), c.values)
		require.Equal(t, len([]rune(c.plain)), len([]rune(plain.Spark(c.values, c.width))), c.values)
		require.Empty(t, strings.Trim(plain.Spark(c.values, c.width), " .:-=+*#@"))
	}
}

func TestFormats(t *testing.T) {
	for in, want := range map[float64]string{0: "0", 7: "7", 99999: "99999", 123456: "123k", 1.5: "1.50", 15.25: "15.2", 1234567: "1.2M", 5e18: "5.0E", 1 << 64: "18E", 1e300: "1e+282E", -3: "-3"} {
		require.Equal(t, want, ui.Number(in))
	}
	for in, want := range map[float64]string{0: "0B", 512: "512B", 4096: "4.0K", 20480: "20K", 1 << 30: "1.0G", 1 << 63: "8.0E", -1e300: "-9e+281E"} {
		require.Equal(t, want, ui.Size(in))
	}
	for in, want := range map[float64]string{0: "0", 5e-9: "5ns", 12.3e-6: "12.3µs", 0.5: "500ms", 2: "2.00s", 65: "1m05s", 3600 * 3.5: "3h30m", 86400 * 12: "12d00h", -2: "-2.00s", 9e9: "104k" + "d", -9e300: "-1e+278Ed"} {
		require.Equal(t, want, ui.Seconds(in))
	}
	for _, c := range []struct {
		column inspect.Column
		value  string
		want   string
	}{
		{inspect.Column{}, "x", "x"}, {inspect.Column{}, "123456", "123456"}, {inspect.Column{}, "", ui.Unknown},
		{inspect.Column{Kind: inspect.Gauge}, "123456", "123k"}, {inspect.Column{Kind: inspect.Gauge}, "many", "many"},
		{inspect.Column{Unit: inspect.Flag}, "true", "yes"}, {inspect.Column{Unit: inspect.Flag}, "maybe", "maybe"},
		{inspect.Column{Kind: inspect.Gauge, Unit: inspect.Percent}, "12.5", "12.5%"},
		{inspect.Column{Kind: inspect.Gauge, Unit: inspect.Seconds}, "0.000123", "123µs"},
		{inspect.Column{Unit: inspect.Time}, fmt.Sprint(noon.Unix() - 5), "11:59:55"},
		{inspect.Column{Unit: inspect.Time}, fmt.Sprint(noon.Add(-72 * time.Hour).Unix()), "2026-02-26"},
		{inspect.Column{Unit: inspect.Time}, "-1e308", "-1e+290E"},
		{inspect.Column{Kind: inspect.Gauge, Unit: inspect.Percent}, "inf", "inf"},
	} {
		require.Equal(t, c.want, ui.Value(c.column, c.value, noon), c)
	}
	counter := func(u inspect.Unit) inspect.Column { return inspect.Column{Kind: inspect.Counter, Unit: u} }
	require.Equal(t, "12.5%", ui.Rate(counter(inspect.Seconds), 0.125))
	require.Equal(t, "2.0K/s", ui.Rate(counter(inspect.Bytes), 2048))
	require.Equal(t, "0.50/s", ui.Rate(counter(inspect.None), 0.5))
	require.Equal(t, ui.Unknown, ui.Rate(counter(inspect.None), -1))
}

func TestLook(t *testing.T) {
	for name, c := range map[string]struct {
		env             map[string]string
		colors, unicode bool
	}{
		"all":       {map[string]string{"TERM": "xterm", "LANG": "C.UTF-8"}, true, true},
		"no color":  {map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, false, false},
		"dumb":      {map[string]string{"TERM": "dumb", "LANG": "de_DE.utf8"}, false, true},
		"none":      {nil, false, false},
		"vt100":     {map[string]string{"TERM": "vt100"}, false, false},
		"LC_ALL":    {map[string]string{"TERM": "xterm", "LC_ALL": "C", "LANG": "C.UTF-8"}, true, false},
		"LC_CTYPE":  {map[string]string{"TERM": "xterm", "LC_CTYPE": "C.UTF-8", "LANG": "C"}, true, true},
		"no latin1": {map[string]string{"TERM": "xterm", "LANG": "de_DE.ISO-8859-1"}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			look := ui.NewLook(io.Discard, env(c.env))
			require.Equal(t, c.colors, look.Colors)
			require.Equal(t, c.unicode, look.Unicode)
			require.Equal(t, c.colors, strings.Contains(look.Bad.Render("x"), "[1;31m"))
			able := c.env["TERM"] != "" && c.env["TERM"] != "dumb"
			require.Equal(t, able, strings.Contains(look.Selected.Render("x"), "\x1b[7m"), "the cursor is seen without colours")
			require.Equal(t, c.colors, strings.Contains(look.Dim.Render("x")+look.Bar.Render("x")+look.Fresh.Render("x"), ";3") ||
				strings.Contains(look.Fresh.Render("x"), "[32m"))
		})
	}
}

func TestPage(t *testing.T) {
	page := ui.Page{Lines: []string{"short", strings.Repeat("long ", 10), "bad \x1b[2J", "end"}}
	require.Equal(t, []string{"short", "long long long long", "long long long long"}, page.Draw(20, 3))
	page.Step(ui.Last, 3)
	require.Equal(t, []string{"long long ", `bad \x1B[2J`, "end"}, page.Draw(20, 3))
	page.Step(ui.Up, 3)
	require.Len(t, page.Draw(20, 3), 3)
	require.Equal(t, "short", page.Draw(80, 10)[0], "wider, all of it fits")
	require.Empty(t, page.Draw(80, 0))
}

// oneCell is a table of one value.
type oneCell string

func (oneCell) Len() int                 { return 1 }
func (c oneCell) Cell(int, int) string   { return string(c) }
func (oneCell) Style(int) lipgloss.Style { return lipgloss.Style{} }

// An address that is too long keeps its end, in characters of any width.
func TestCellKeepsItsEnd(t *testing.T) {
	for value, want := range map[string]string{
		"unix:/run/service.sock#4711": "…sock#4711", "unix:/run/日本#4711": "…日本#4711", "short": "short", "tcp://[::1]:80": "//[::1]:80",
	} {
		table := ui.Table{Look: ui.NewLook(io.Discard, env(map[string]string{"TERM": "xterm", "LANG": "C.UTF-8"})), Cursor: -1, Sorted: -1}
		lines := table.Draw([]ui.Column{{Title: "peer", End: true, Most: 10}}, oneCell(value), 10, 2)
		require.LessOrEqual(t, ansi.StringWidth(ansi.Strip(lines[1])), 10)
		require.Equal(t, strings.TrimPrefix(want, "//"), strings.TrimPrefix(strings.TrimSpace(ansi.Strip(lines[1])), "…/"), value)
	}
}
