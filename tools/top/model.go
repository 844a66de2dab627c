package top

import (
	"cmp"
	"context"
	"runtime/debug"
	"slices"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/ed-toolbox/ed/tools/internal/ui"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport/control"
)

// patience is how long a round waits for processes that are slow, so that the others are seen in time.
const patience = 500 * time.Millisecond

// mode says who gets the keys.
type mode uint8

const (
	browsing  mode = iota
	filtering      // the filter is typed
	asking         // yes or no
	reading        // a page of text is open: help or details
)

// model is the whole screen. All of it belongs to the goroutine of bubbletea; commands that run elsewhere get copies.
type model struct {
	ctx     context.Context
	options options
	poller  *poller
	look    *ui.Look
	now     func() time.Time
	suspend tea.Cmd // nil: it cannot be

	views    []view
	view     int
	shown    map[string]int // view -> which of its tables
	orders   map[string]*order
	framers  map[string]*framer
	trends   map[string]*trends
	frame    frame    // of the table that is shown
	key      string   // of the row with the cursor
	rows     []int    // of it, arranged
	snapshot snapshot // the one on the screen
	latest   snapshot
	chart    trends // of the table on the screen
	table    ui.Table
	drawn    *cells // what the screen shows of it

	messages  *ui.Messages
	feed      *control.Feed // nil while the view of messages is not shown
	unwatched time.Time     // when that was left

	interval time.Duration
	polling  bool
	sorted   bool  // that there is the column to sort by was looked at
	err      error // why the screen ends
	serial   int   // of the wait for the next round
	paused   bool

	mode   mode
	typed  ui.Prompt // the filter that is typed
	before string    // the filter before
	page   ui.Page   // that is read
	ask    question
	note   string // the last line, until the next key

	width, height int
}

// question is what is asked before something is done.
type question struct {
	text string
	do   tea.Cmd
}

func newModel(ctx context.Context, o options) *model {
	m := &model{
		ctx: ctx, options: o, look: o.look, now: time.Now, views: views(),
		poller: &poller{targets: o.targets, timeout: o.timeout(), patience: patience},
		shown:  map[string]int{}, orders: map[string]*order{}, framers: map[string]*framer{}, trends: map[string]*trends{},
		messages: ui.NewMessages(o.look), interval: o.interval, width: 80, height: 24,
	}
	m.table = ui.Table{Look: o.look, Sorted: -1}
	m.messages.SetFilter(o.filter)
	m.view = slices.IndexFunc(m.views, func(v view) bool { return v.name == o.view.name })
	return m
}

// Init begins to ask.
func (m *model) Init() tea.Cmd {
	return tea.Batch(m.pollCmd(), m.enter())
}

// Update takes what happened.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.KeyMsg:
		return m, m.keys(msg)
	case tea.MouseMsg:
		return m, m.mouse(msg)
	case polled:
		return m, m.arrived(msg)
	case due:
		if msg.serial == m.serial && !m.polling {
			return m, m.pollCmd()
		}
	case traced:
		m.messages.Add(msg.items)
		if len(msg.items) > 0 && msg.feed == m.feed {
			return m, m.traceCmd()
		}
	case done:
		m.note = "done: " + msg.text
		if msg.err != nil {
			m.note = msg.text + ": " + msg.err.Error()
		}
	default:
		m.messages.Update(msg)
	}
	return m, nil
}

// arrived takes a round of the poller. While the screen is held it is kept but not shown.
func (m *model) arrived(msg polled) tea.Cmd {
	m.polling = false
	m.latest = msg.snapshot
	for _, table := range msg.tables {
		f := m.framers[table]
		if f == nil {
			f = &framer{table: table}
			m.framers[table] = f
		}
		frame := f.frame(msg.snapshot)
		m.trend(table).note(&frame, f.round, *m.order(table))
	}
	if !m.paused {
		m.refresh()
	}
	if m.err = m.checkSort(); m.err != nil {
		return tea.Quit
	}
	if table := m.tableOf(m.latest); table != "" && !slices.Contains(msg.tables, table) {
		return m.pollCmd() // another one was chosen meanwhile
	}
	return m.waitCmd()
}

// checkSort is the error of --sort, as soon as the columns are known.
func (m *model) checkSort() error {
	f := m.framers[m.firstTable()]
	if m.sorted || f == nil || len(f.last.columns) == 0 {
		return nil
	}
	m.sorted = true
	return sortable(m.options.sort, f.last)
}

// refresh takes the newest frame of the table that is shown, and arranges it.
func (m *model) refresh() {
	m.snapshot = m.latest
	table := m.current()
	m.chart = *m.trend(table)
	if f := m.framers[table]; f != nil {
		m.frame = f.last
	} else {
		m.frame = frame{}
	}
	m.arrange()
}

// arrange applies order and filter to the frame that is on the screen. A cursor that was moved stays on its row, wherever that
// goes; at the top it stays at the top.
func (m *model) arrange() {
	m.rows = m.order(m.current()).arrange(&m.frame)
	if m.table.Cursor > 0 {
		for at, i := range m.rows {
			if m.frame.rows[i].key == m.key {
				m.table.Cursor = at
				break
			}
		}
	}
	m.remember()
}

// remember notes which row the cursor is on.
func (m *model) remember() {
	m.key = ""
	if at := m.table.Cursor; at < len(m.rows) {
		m.key = m.frame.rows[m.rows[at]].key
	}
}

// wanted are the tables of the next round: the one that is shown, and the processes for their number.
func (m *model) wanted() []string {
	if table := m.tableOf(m.latest); table != "" && table != processTable {
		return []string{table, processTable}
	}
	return []string{processTable}
}

// current is the table that is shown; "" for messages, and where there is none.
func (m *model) current() string { return m.tableOf(m.snapshot) }

func (m *model) tableOf(s snapshot) string {
	v := m.views[m.view]
	tables := tablesOf(v, s)
	if len(tables) == 0 {
		return ""
	}
	return tables[m.shown[v.name]%len(tables)]
}

func (m *model) order(table string) *order {
	o := m.orders[table]
	if o == nil {
		first := firstOrder(table)
		first.filter = m.options.filter
		if table == m.firstTable() {
			first = m.options.order(table)
		}
		o = &first
		m.orders[table] = o
	}
	return o
}

// firstTable is the one that --sort is about: the first of the view that was asked for, as soon as it is known.
func (m *model) firstTable() string {
	if tables := tablesOf(m.options.view, m.latest); len(tables) > 0 {
		return tables[0]
	}
	return ""
}

func (m *model) trend(table string) *trends {
	t := m.trends[table]
	if t == nil {
		t = &trends{}
		m.trends[table] = t
	}
	return t
}

// tracing says whether the trace is shown.
func (m *model) tracing() bool { return m.views[m.view].name == messagesView }

// enter prepares the view that is shown now.
func (m *model) enter() tea.Cmd {
	m.table.Reset()
	m.table.Fixed, m.drawn = 1, nil
	m.note = ""
	m.refresh()
	var trace tea.Cmd
	if m.tracing() {
		trace = m.watch()
	} else {
		trace = m.unwatch()
	}
	if m.polling {
		return trace
	}
	return tea.Batch(trace, m.pollCmd())
}

// spare is how much the heap may grow between two collections, in percent. Of 10,000 rows nearly all is new with each look, and
// collecting as often as usual would take as much time as everything else.
const spare = 400

// screen runs until the user ends it.
func screen(parent context.Context, env *toolkit.Env, o options) error {
	defer debug.SetGCPercent(debug.SetGCPercent(spare))
	ctx, cancel := context.WithCancel(parent)
	m, terminal := newModel(ctx, o), ui.NewScreen(env)
	m.messages.Copy, m.suspend = terminal.Copy, terminal.Suspend
	err := terminal.Run(parent, m)
	cancel()
	m.poller.close()
	if m.feed != nil {
		m.feed.Close()
	}
	return cmp.Or(err, m.err)
}
