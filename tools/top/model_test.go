package top

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/tools/internal/ui"
	"github.com/ed-toolbox/ed/transport/control"
)

var update = flag.Bool("update", false, "write the screens of the golden files anew")

// noon is when all screens of the tests are drawn.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// terminal is an environment.
func terminal(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

var (
	colorful = terminal("TERM", "xterm-256color", "LANG", "en_US.UTF-8")
	mono     = terminal("TERM", "xterm", "NO_COLOR", "1", "LANG", "C")
)

// shown is a model on a screen of this size, without processes to ask.
func shown(t *testing.T, env func(string) string, width, height int) *model {
	t.Setenv("ED_CONTROL_DIR", t.TempDir())
	m := newModel(t.Context(), options{view: views()[0], interval: time.Second, look: ui.NewLook(io.Discard, env)})
	m.now = func() time.Time { return noon }
	m.polling = true // the answers come from the test
	m.Update(tea.WindowSizeMsg{Width: width, Height: height})
	return m
}

// press gives keys to the model, as "5", "enter" or "/".
func press(m *model, keys ...string) {
	special := map[string]tea.KeyType{"enter": tea.KeyEnter, "esc": tea.KeyEsc, "up": tea.KeyUp, "down": tea.KeyDown, "end": tea.KeyEnd,
		"home": tea.KeyHome, "pgdown": tea.KeyPgDown, "tab": tea.KeyTab, "right": tea.KeyRight, "left": tea.KeyLeft, "backspace": tea.KeyBackspace}
	for _, k := range keys {
		if typ, ok := special[k]; ok {
			m.Update(tea.KeyMsg{Type: typ})
			continue
		}
		m.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k)})
	}
}

// look gives the model what a round of the poller would find: services echo and clock, second number n.
func look(m *model, n int, services ...string) {
	s := snapshot{at: noon.Add(time.Duration(n) * time.Second)}
	for i, name := range services {
		one := sight{socket: control.Socket{Name: name, PID: 100 + i, Addr: address.FromUnix(address.Unix, "/run/ed/"+name)}, sheets: map[string]*inspect.Sheet{}}
		for _, sheet := range []*inspect.Sheet{processSheet(name, i, n), commandSheet(n)} {
			sheet.Time = s.at
			one.sheets[sheet.Name] = sheet
			one.tables = append(one.tables, sheet.Name)
		}
		s.processes = append(s.processes, one)
	}
	m.Update(polled{s, []string{"process", "commands"}})
	m.polling = true
}

func processSheet(name string, i, n int) *inspect.Sheet {
	return &inspect.Sheet{Name: "process", Columns: []inspect.Column{
		{Name: "name", Key: true}, {Name: "pid", Key: true}, {Name: "cpu", Kind: inspect.Counter, Unit: inspect.Seconds},
		{Name: "rss", Kind: inspect.Gauge, Unit: inspect.Bytes}, {Name: "uptime", Kind: inspect.Gauge, Unit: inspect.Seconds},
		{Name: "links", Kind: inspect.Gauge}, {Name: "user"},
	}, Rows: [][]string{{name, strconv.Itoa(100 + i), fmt.Sprint(float64(n*(i+1)) / 10), strconv.Itoa((i + 4) << 20), strconv.Itoa(3600 + n), strconv.Itoa(3 + i), "root"}}}
}

func commandSheet(n int) *inspect.Sheet {
	return &inspect.Sheet{Name: "commands", Columns: []inspect.Column{
		{Name: "command", Key: true}, {Name: "in", Kind: inspect.Counter}, {Name: "p99", Kind: inspect.Gauge, Unit: inspect.Seconds},
	}, Rows: [][]string{{"LOCK", strconv.Itoa(1000 * n), "0.000123"}, {"PING", strconv.Itoa(10 * n), "0.002"}, {"STOP", "1", ""}}}
}

// golden compares the screen with testdata/NAME.golden. Styles are part of it.
func golden(t *testing.T, m *model) {
	t.Helper()
	path := filepath.Join("testdata", strings.ReplaceAll(t.Name(), "/", "_")+".golden")
	got := m.View() + "\n"
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "go test ./tools/top -update writes it")
	require.Equal(t, string(want), got)
}

func TestScreens(t *testing.T) {
	for _, size := range [][2]int{{20, 5}, {80, 24}, {120, 40}, {300, 100}} {
		for name, env := range map[string]func(string) string{"colours": colorful, "mono": mono} {
			t.Run(fmt.Sprintf("%dx%d %s", size[0], size[1], name), func(t *testing.T) {
				m := shown(t, env, size[0], size[1])
				for n := range 4 {
					look(m, n, "echo", "clock")
				}
				press(m, "down")
				golden(t, m)
			})
		}
	}
}

func TestViews(t *testing.T) {
	for name, keys := range map[string][]string{
		"commands": {"5"}, "totals": {"5", "c"}, "sorted": {"5", ">", ">", ">"}, "filtered": {"5", "/", "!", "l", "o", "enter"},
		"help": {"?"}, "details": {"5", "enter"}, "question": {"S"}, "no router": {"7"}, "filter typed": {"/", "x", "y", "backspace"},
	} {
		t.Run(name, func(t *testing.T) {
			m := shown(t, mono, 80, 16)
			for n := range 3 {
				look(m, n, "echo", "clock")
			}
			press(m, keys...)
			look(m, 3, "echo", "clock")
			golden(t, m)
		})
	}
}

// A service that goes is seen going, and one that comes is seen coming.
func TestFade(t *testing.T) {
	m := shown(t, colorful, 80, 10)
	look(m, 0, "echo", "clock")
	look(m, 1, "echo", "clock", "later")
	require.Equal(t, fresh, m.frame.rows[2].state)
	look(m, 2, "echo")
	require.Len(t, m.frame.rows, 3)
	require.Equal(t, dead, m.frame.rows[1].state)
	require.Contains(t, m.View(), "clock.101")
	look(m, 20, "echo")
	require.Len(t, m.frame.rows, 1)
	require.NotContains(t, m.View(), "clock.101")
}

// Held, the screen stays as it is; then it shows what came meanwhile.
func TestPause(t *testing.T) {
	m := shown(t, mono, 80, 12)
	press(m, "5")
	look(m, 1, "echo")
	press(m, "p")
	held := m.View()
	require.Contains(t, held, "HELD")
	look(m, 2, "echo", "clock")
	require.Equal(t, held, m.View())
	press(m, "p")
	require.Contains(t, m.View(), "clock.101")
}

// The cursor stays on its row when the order changes under it.
func TestCursorStays(t *testing.T) {
	m := shown(t, mono, 80, 12)
	press(m, "5", ">", ">") // by command, then by what came in
	look(m, 1, "echo")
	press(m, "down")
	key := m.key
	require.NotEmpty(t, key)
	press(m, "r")
	require.Equal(t, key, m.frame.rows[m.rows[m.table.Cursor]].key)
}

func TestActionsAsk(t *testing.T) {
	m := shown(t, mono, 80, 12)
	look(m, 1, "echo")
	for _, key := range []tea.KeyMsg{{Type: tea.KeyRunes, Runes: []rune("n")}, {Type: tea.KeyRunes, Runes: []rune("x")}, {Type: tea.KeyEnter}, {Type: tea.KeyEsc}} {
		press(m, "S")
		require.Equal(t, asking, m.mode)
		require.Contains(t, m.View(), "send STOP to echo.100? y/n")
		_, cmd := m.Update(key)
		require.Nil(t, cmd, key)
		require.Contains(t, m.View(), "not done")
	}
	press(m, "S")
	_, cmd := m.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("y")})
	require.NotNil(t, cmd)
	m.Update(cmd()) // nobody is there
	require.Contains(t, m.View(), "send STOP to echo.100: ")
	press(m, "D")
	require.Contains(t, m.View(), "no connection is chosen")
	m.snapshot.processes[0].gone = noon
	press(m, "S")
	require.Contains(t, m.View(), "no service is chosen")
}

// TestTroubleIsWhole: what went wrong is said in full, however narrow the screen, and the table makes room for it.
func TestTroubleIsWhole(t *testing.T) {
	for _, size := range [][2]int{{20, 5}, {20, 12}, {30, 8}, {40, 24}, {80, 24}, {300, 100}} {
		m := shown(t, mono, size[0], size[1])
		look(m, 1, "echo", "clock")
		m.Update(done{"save it", errors.New("open /run/ed/a/path/as/long/as/paths/are/x.jsonl: the file exists")})
		lines := strings.Split(m.View(), "\n")
		require.Len(t, lines, size[1])
		words := strings.Fields(ansi.Strip(strings.Join(lines, " ")))
		require.Equal(t, []string{"the", "file", "exists"}, words[len(words)-3:], "%v", size)
		press(m, "x")
		require.NotContains(t, m.View(), "exists")

		m.Update(polled{snapshot: snapshot{at: noon, err: errors.New("look into services: read the folder of the control sockets: permission denied")}})
		lines = strings.Split(m.View(), "\n")
		require.Len(t, lines, size[1])
		require.True(t, strings.HasSuffix(strings.Join(strings.Fields(ansi.Strip(strings.Join(lines, " "))), " "), "permission denied"), "%v: %q", size, lines)
	}
}

// TestNobodyBesideOthers: a target that nobody is is told beside those that are there, until it comes.
func TestNobodyBesideOthers(t *testing.T) {
	m := shown(t, mono, 80, 24)
	m.options.targets = []string{"echo", "nobody"}
	look(m, 1, "echo")
	require.NotContains(t, m.View(), "nobody")
	s := m.latest
	s.missing = []string{"nobody"}
	m.Update(polled{s, []string{"process"}})
	require.Contains(t, m.View(), "no service that you may look into is called nobody; waiting for one")
	require.Contains(t, m.View(), "echo.100")
	look(m, 2, "echo")
	require.NotContains(t, m.View(), "nobody")
}

func TestTrace(t *testing.T) {
	m := shown(t, mono, 80, 12)
	m.feed = control.Follow(t.Context(), control.FollowOptions{})
	defer m.feed.Close()
	press(m, "4")
	item := func(text string) control.Followed {
		return control.Followed{From: control.Socket{Name: "echo", PID: 7}, Record: &inspect.Record{Time: noon, Text: []byte(text), Outcome: dispatch.Handled, Size: len(text)}}
	}
	var items []control.Followed
	for i := range 50 {
		items = append(items, item(fmt.Sprintf("PING n=%d", i)))
	}
	m.Update(traced{items: items})
	require.Contains(t, m.View(), "PING n=49", "it follows the newest")
	press(m, "p")
	m.Update(traced{items: []control.Followed{item("LOCK name=x\x1b[2J"), {Lost: &control.Loss{Lost: inspect.Lost{Slow: 5}}}}})
	require.NotContains(t, m.View(), "LOCK")
	require.Contains(t, m.View(), "2 came since")
	press(m, "p")
	require.Contains(t, m.View(), `LOCK name=x\x1B[2J`, "what would steer the terminal is shown, not done")
	require.Contains(t, m.View(), "5 missing")
	press(m, "/", "l", "o", "c", "k", "enter", "home", "enter")
	require.Contains(t, m.View(), "name = x")
	press(m, "x", "S")
	require.Contains(t, m.View(), "no service is chosen", "it has no address")
	press(m, "1")
	require.Nil(t, m.feed, "nobody looks: no service has to make a trace")
	m.now = func() time.Time { return noon.Add(time.Minute) }
	press(m, "4")
	require.NotNil(t, m.feed)
	require.Contains(t, m.View(), "not watched for 1m00s: other views w")
	require.Contains(t, m.View(), "LOCK", "what was seen before is there")
}

// The view of messages on terminals of all sizes.
func TestTraceScreens(t *testing.T) {
	for _, size := range [][2]int{{20, 5}, {80, 12}, {140, 12}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			m := shown(t, colorful, size[0], size[1])
			m.messages.Trace.Zone = time.UTC
			from := control.Socket{Name: "echo", PID: 7}
			m.feed = control.Follow(t.Context(), control.FollowOptions{})
			defer m.feed.Close()
			press(m, "4")
			record := func(n int, text string, direction dispatch.Direction, outcome dispatch.Outcome) control.Followed {
				r := &inspect.Record{Time: noon.Add(time.Duration(n) * time.Millisecond), Peer: "tcp://10.0.0.1:4051", Text: []byte(text), Size: len(text), Direction: direction, Outcome: outcome}
				if direction == dispatch.In {
					r.Took, r.Latency, r.Pair = 123*time.Microsecond, 2*time.Millisecond, 9
				}
				return control.Followed{From: from, Record: r}
			}
			broken := record(3, "LOCK name=\"x", dispatch.In, dispatch.Malformed)
			broken.Record.Error = "the quote is not closed"
			m.Update(traced{items: []control.Followed{
				{From: from, At: noon, State: control.Attached},
				record(1, "<h:me echo/LOCK name=\"a b\";password=***", dispatch.In, dispatch.Handled),
				record(2, "<:echo me/LOCKED name=\"a b\"", dispatch.Out, dispatch.Sent),
				broken,
				record(4, "CLIMB", dispatch.In, dispatch.Unknown),
				{From: from, At: noon, Lost: &control.Loss{Lost: inspect.Lost{Slow: 5, Rate: 2}}},
				{From: from, At: noon, State: control.Detached},
			}})
			golden(t, m)
		})
	}
}

// Whatever is pressed and however the terminal is resized, a screen has its lines, and none is too wide.
func TestAnySize(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	all := []string{"1", "2", "3", "5", "6", "7", "t", "tab", "/", "x", "enter", "esc", ">", "<", "r", "c", "p", "up", "down", "end", "home", "pgdown", "right", "left", "?", "S", "n", "D", "+", "-"}
	m := shown(t, colorful, 80, 24)
	for n := range 3000 {
		switch random.IntN(8) {
		case 0:
			m.Update(tea.WindowSizeMsg{Width: 1 + random.IntN(200), Height: 1 + random.IntN(60)})
		case 1:
			look(m, n, []string{"echo", "clock", "日本"}[:random.IntN(4)]...)
		case 2:
			m.Update(tea.MouseMsg{X: random.IntN(m.width), Y: random.IntN(m.height), Button: tea.MouseButtonLeft, Action: tea.MouseActionPress})
		default:
			press(m, all[random.IntN(len(all))])
		}
		lines := strings.Split(m.View(), "\n")
		require.LessOrEqual(t, len(lines), max(m.height, 1))
		for _, line := range lines {
			require.LessOrEqual(t, ansi.StringWidth(line), m.width, "%q", line)
		}
	}
}

// A column to sort by that is not there ends the screen with the error that it is without one.
func TestUnknownSort(t *testing.T) {
	m := newModel(t.Context(), options{view: views()[1], interval: time.Second, sort: "bytes_im", look: ui.NewLook(io.Discard, colorful)})
	m.polling = true
	_, cmd := m.Update(polled{snapshot{at: noon}, []string{"connections"}})
	require.NoError(t, m.err, "nobody is there yet")
	require.NotNil(t, cmd)
	_, cmd = m.Update(polled{manyRows(1), []string{"connections"}})
	require.EqualError(t, m.err, "--sort bytes_im: there is no such column")
	require.Equal(t, tea.QuitMsg{}, cmd())
}

// --sort is about the first table of the view, though that of a router is known after the processes only; the others have their own order.
func TestSortIsAboutTheFirstTable(t *testing.T) {
	m := newModel(t.Context(), options{view: views()[6], interval: time.Second, sort: "in", reverse: true, filter: "x", look: ui.NewLook(io.Discard, colorful)})
	m.Init()
	found := snapshot{at: noon, processes: []sight{{socket: control.Socket{Name: "x", PID: 1}, tables: []string{"process", "nodes"}}}}
	m.Update(polled{found, []string{"process"}})
	require.Equal(t, "nodes", m.current())
	require.Equal(t, order{column: "in", reverse: true, rates: true, filter: "x"}, *m.order("nodes"))
	process := firstOrder("process")
	process.filter = "x"
	require.Equal(t, process, *m.order("process"))
}
