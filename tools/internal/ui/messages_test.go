package ui_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/tools/internal/ui"
	"github.com/ed-toolbox/ed/transport/control"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func env(pairs map[string]string) func(string) string {
	return func(name string) string { return pairs[name] }
}

func mono() *ui.Look { return ui.NewLook(io.Discard, env(map[string]string{"TERM": "dumb"})) }

// received is a message that a service received.
func received(text string) control.Followed {
	return control.Followed{From: control.Socket{Name: "echo", PID: 7}, At: noon, Record: &inspect.Record{
		Time: noon, Seq: 1, Text: []byte(text), Size: len(text), Direction: dispatch.In, Outcome: dispatch.Handled, Handler: "h", Took: 2 * time.Millisecond, Peer: "unix:/x",
	}}
}

func numbered(from, to int) []control.Followed {
	var all []control.Followed
	for n := from; n < to; n++ {
		all = append(all, received(fmt.Sprintf("M n=%d", n)))
	}
	return all
}

// view is Messages with what it shows.
func view() *ui.Messages {
	m := ui.NewMessages(mono())
	m.Trace.Zone = time.UTC
	m.Now = func() time.Time { return noon }
	return m
}

func drawn(m *ui.Messages) string {
	last := m.Said(80, 10, "")
	if last == nil {
		last = []string{m.Footer(80, "")}
	}
	return strings.Join(append(m.Draw(80, 10), last...), "\n")
}

// press types; commands are run at once.
func press(m *ui.Messages, keys ...string) {
	special := map[string]tea.KeyType{"enter": tea.KeyEnter, "esc": tea.KeyEsc, "up": tea.KeyUp, "end": tea.KeyEnd, "home": tea.KeyHome, "clear": tea.KeyCtrlU, "pgdown": tea.KeyPgDown}
	for _, k := range keys {
		msg := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k)}
		if typ, ok := special[k]; ok {
			msg = tea.KeyMsg{Type: typ}
		}
		if cmd, _ := m.Press(msg); cmd != nil {
			m.Update(cmd())
		}
	}
}

func TestMessagesFollow(t *testing.T) {
	m := view()
	m.Add(numbered(0, 50))
	require.Contains(t, drawn(m), "M n=49")
	press(m, "up", "up")
	m.Add(numbered(50, 60))
	require.Contains(t, drawn(m), "M n=47")
	require.NotContains(t, drawn(m), "M n=59")
	press(m, "end")
	m.Add(numbered(60, 61))
	require.Contains(t, drawn(m), "M n=60")
	press(m, "F")
	m.Add(numbered(61, 90))
	require.NotContains(t, drawn(m), "M n=89")
	press(m, "F")
	require.Contains(t, drawn(m), "M n=89")
}

// What is read does not move when older messages are forgotten.
func TestMessagesStayWhereTheyAre(t *testing.T) {
	m := view()
	m.Trace.Limit = 100
	m.Add(numbered(0, 100))
	press(m, "up", "up", "up")
	m.Draw(80, 10)
	before := m.Draw(80, 10)
	m.Add(numbered(100, 150))
	require.Equal(t, before, m.Draw(80, 10))
	require.Equal(t, 100, m.Trace.Len())
	m.Add(numbered(150, 1000))
	require.Contains(t, drawn(m), "M n=900", "it is gone: the oldest is shown")
}

// Held, the rows stay, whatever comes; what does not fit is told.
func TestMessagesHeld(t *testing.T) {
	m := view()
	m.Trace.Limit = 100
	m.Add(numbered(0, 100))
	press(m, "p")
	before := m.Draw(80, 10)
	m.Add(numbered(100, 400))
	require.Equal(t, before, m.Draw(80, 10))
	require.Contains(t, m.Summary(), "400 messages, 300 came since the screen is held")
	require.Contains(t, drawn(m), "HELD")
	press(m, "home")
	require.Contains(t, drawn(m), "M n=0")
	press(m, "p", "end")
	require.Contains(t, drawn(m), "M n=399")
	m.Trace.Limit = 1000
	press(m, "p")
	m.Add(numbered(400, 1500))
	press(m, "p", "/", "h", "e", "l", "d", "enter")
	require.Contains(t, drawn(m), "101 that came while the screen was h")
}

func TestMessagesMemory(t *testing.T) {
	trace := ui.NewTrace(mono())
	large := strings.Repeat("x", 1<<20)
	for range 100 {
		trace.Add([]control.Followed{received("M v=" + large)})
	}
	require.LessOrEqual(t, trace.Len(), ui.TraceBytes>>20)
	require.NotZero(t, trace.Len())
	require.EqualValues(t, 100, trace.Seen())
}

func TestMessagesFilter(t *testing.T) {
	failed := received("LOCK name=Users")
	failed.Record.Outcome, failed.Record.Error = dispatch.Failed, "out of luck"
	lost := control.Followed{At: noon, Lost: &control.Loss{Lost: inspect.Lost{Slow: 3, Rate: 4}}}
	for text, want := range map[string]int{
		"": 4, "lock": 2, "LOCK": 2, "!lock": 3, "users": 2, "outcome=failed": 2, "!outcome=failed": 3, "took>=1ms": 4, "took>=1s": 1, "param.name": 2,
		"!param.name": 3, "luck": 2, "n=1": 2, "lock outcome=handled": 1, "pear=5": 1, "command=M": 3, "unix:/x": 4, "=": 4,
	} {
		m := view()
		m.Add([]control.Followed{failed, lost})
		m.SetFilter(text)
		m.Add(numbered(1, 3)) // those that come later, too
		require.Equal(t, want, m.Trace.Len(), text)
	}
}

func TestMessagesDetails(t *testing.T) {
	m := view()
	item := received("<h:me echo/LOCK name=\"a b\";bin=\xff\x1b")
	item.Record.Pair, item.Record.Latency, item.Record.Link, item.Record.Name, item.Record.Hidden = 9, time.Second, 3, "unix:/here", 2
	m.Add([]control.Followed{item})
	press(m, "enter")
	all := strings.Join(m.Draw(100, 40), "\n")
	for _, want := range []string{"time      2026-03-01 12:00:00.000000000", "process   echo.7", "link      3, unix:/here to unix:/x", "direction in, handled", "handler   h, 2.00ms",
		"pair      answered in 1.00s", "command   LOCK", "  name = a b", `  bin = \xFF\x1B`, "2 values hidden", "0000  3c 68 3a 6d 65 20"} {
		require.Contains(t, all, want)
	}
	for _, line := range m.Draw(20, 5) {
		require.LessOrEqual(t, ansi.StringWidth(line), 20)
	}
	m.Add([]control.Followed{received("OTHER")})
	require.Contains(t, strings.Join(m.Draw(100, 40), "\n"), "LOCK", "the page stays while others come")
	press(m, "pgdown", "x")
	require.False(t, m.Busy())
	lost := control.Followed{At: noon, Lost: &control.Loss{Lost: inspect.Lost{Slow: 3, Rate: 4}}}
	m.Add([]control.Followed{lost})
	press(m, "enter")
	require.Contains(t, drawn(m), "lost: 7 messages are missing here: 3 because we were slow, 4 over the rate")
}

func TestMessagesCopy(t *testing.T) {
	m := view()
	press(m, "y")
	require.Contains(t, drawn(m), "no message to copy")
	var got string
	m.Copy = func(text string) error { got = text; return nil }
	m.Add(numbered(0, 3))
	press(m, "y")
	require.Equal(t, "M n=2", got)
	require.Contains(t, drawn(m), "copied 5 bytes")
	m.Copy = func(string) error { return errors.New("no terminal") }
	press(m, "y")
	require.Contains(t, drawn(m), "no terminal")
}

func TestMessagesSave(t *testing.T) {
	t.Chdir(t.TempDir()) // a long path would leave no room for what is said of it
	const path = "saved.jsonl"
	m := view()
	press(m, "s")
	require.Contains(t, drawn(m), "nothing to save")
	m.Add(append(numbered(0, 3000), control.Followed{At: noon, State: control.Detached}))
	press(m, "/", "n=1", "enter", "s", "clear", path, "enter")
	require.Contains(t, drawn(m), "saved 1112 to")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, 1112, strings.Count(string(text), "\n"))
	require.True(t, strings.HasPrefix(string(text), `{"v":1,"time":"2026-03-01T12:00:00Z","peer":"unix:/x","direction":"in","command":"M","parameters":{"n":"1"}`), string(text[:200]))
	require.Contains(t, string(text), `"event":"detached"`)
	press(m, "s", "clear", path, "enter")
	require.Contains(t, drawn(m), "the file exists")
	press(m, "s", "clear", "none/x", "enter")
	require.Contains(t, drawn(m), "no such file or directory")
	press(m, "s", "esc")
	require.Contains(t, drawn(m), "not saved")
	require.ErrorContains(t, ui.Save("/dev/full", nil), "exists")
}

// All keys are typed while something is asked: none of them does anything else.
func TestMessagesTyping(t *testing.T) {
	m := view()
	m.Add(numbered(0, 3))
	press(m, "/")
	for _, k := range []string{"p", "s", "y", "F", "q", "?"} {
		_, taken := m.Press(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k)})
		require.True(t, taken)
	}
	require.Contains(t, drawn(m), "filter: psyFq?_")
	press(m, "esc")
	require.Equal(t, 3, m.Trace.Len(), "the filter is as before")
	_, taken := m.Press(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("q")})
	require.False(t, taken)
}

func TestMessagesMouse(t *testing.T) {
	m := view()
	m.Add(numbered(0, 30))
	m.Draw(80, 10)
	m.Mouse(0, tea.MouseMsg{Button: tea.MouseButtonWheelUp, Action: tea.MouseActionPress})
	require.Equal(t, "M n=28", string(m.Current().Record.Text))
	m.Mouse(1, tea.MouseMsg{Button: tea.MouseButtonLeft, Action: tea.MouseActionPress})
	require.Equal(t, "M n=21", string(m.Current().Record.Text))
}
