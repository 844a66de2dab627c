package ui

import (
	"fmt"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/ed-toolbox/ed/transport/control"
)

// MessageAction is what a key does to Messages.
type MessageAction uint8

// What MessageKeys has.
const (
	holdMessages MessageAction = iota + 1
	filterMessages
	showDetails
	followNewest
	saveMessages
	copyMessage
	takeFilterOff
)

// MessageKeys are the keys of Messages, beside MoveKeys.
func MessageKeys() Keys[MessageAction] {
	return Keys[MessageAction]{
		{Action: holdMessages, Keys: []string{"p", " "}, Help: "hold the screen; what happens meanwhile is kept", Short: "pause"},
		{Action: filterMessages, Keys: []string{"/", "f"}, Help: "only messages with these words, also outcome=failed, took>=10ms; !word: without it", Short: "filter"},
		{Action: showDetails, Keys: []string{"enter"}, Help: "all of a message: its parameters and bytes", Short: "details"},
		{Action: saveMessages, Keys: []string{"s"}, Help: "save what is shown to a file, for ed replay", Short: "save"},
		{Action: copyMessage, Keys: []string{"y"}, Help: "copy the message to the clipboard of the terminal", Short: "copy"},
		{Action: followNewest, Keys: []string{"F"}, Help: "stay at the newest message, or not any more", Short: "follow"},
		{Action: takeFilterOff, Keys: []string{"esc"}, Help: "leave what is open; take the filter off"},
	}
}

// messageMode says what the keys of Messages do.
type messageMode uint8

const (
	browsing messageMode = iota
	filtering
	naming  // the file to save to
	reading // the details of a message
)

// Messages is a view of the live trace, with its keys. It belongs to the goroutine of bubbletea.
type Messages struct {
	Trace *Trace
	Copy  func(text string) error // to the clipboard, off that goroutine; nil: there is none
	Now   func() time.Time

	table  Table
	loose  bool // does not stay at the newest message
	mode   messageMode
	prompt Prompt
	filter string
	before string // the filter before the one that is typed
	page   Page
	read   control.Followed // what the page is about
	note   string           // until the next key
	bad    bool             // the note is an error
	height int              // of the last Draw
}

// NewMessages returns a view without messages.
func NewMessages(look *Look) *Messages {
	return &Messages{Trace: NewTrace(look), Now: time.Now, table: Table{Look: look, Sorted: -1}, height: 24}
}

// saved tells how saving or copying ended.
type saved struct {
	text string
	err  error
}

// Add takes what services did.
func (m *Messages) Add(items []control.Followed) {
	m.shift(m.Trace.Add(items))
}

// Gap puts into the list that something is missing in this place.
func (m *Messages) Gap(why error) { m.Add([]control.Followed{{At: m.Now(), Err: why}}) }

func (m *Messages) shift(gone int) {
	m.table.shift(gone)
	m.settle()
}

// settle keeps the cursor at the newest message while it follows.
func (m *Messages) settle() {
	if !m.loose && !m.Trace.Held() {
		m.table.Cursor = max(0, m.Trace.Len()-1)
	}
}

// Current is what the cursor is on; nil when there is nothing.
func (m *Messages) Current() *control.Followed {
	if m.mode == reading {
		return &m.read
	}
	if m.table.Cursor >= m.Trace.Len() {
		return nil
	}
	return m.Trace.Item(m.table.Cursor)
}

// Busy says that all keys are for this view: something is typed or read.
func (m *Messages) Busy() bool { return m.mode != browsing }

// Update takes what a command of Press ended with; other messages are not taken.
func (m *Messages) Update(msg tea.Msg) (taken bool) {
	s, ok := msg.(saved)
	if ok {
		m.note, m.bad = s.text, s.err != nil
		if s.err != nil {
			m.note = s.err.Error()
		}
	}
	return ok
}

// Press takes a key. One that means nothing here is not taken.
func (m *Messages) Press(k tea.KeyMsg) (cmd tea.Cmd, taken bool) {
	m.note, m.bad = "", false
	switch m.mode {
	case filtering:
		m.edit(k)
		return nil, true
	case naming:
		return m.name(k), true
	case reading:
		return m.turn(k), true
	}
	if step, ok := MoveKeys().Find(k.String()); ok {
		m.step(step)
		return nil, true
	}
	do, ok := MessageKeys().Find(k.String())
	if !ok {
		return nil, false
	}
	return m.do(do), true
}

func (m *Messages) do(do MessageAction) tea.Cmd {
	switch do {
	case holdMessages:
		m.shift(m.Trace.Hold(!m.Trace.Held(), m.Now()))
	case filterMessages:
		m.mode, m.before, m.prompt = filtering, m.filter, Prompt{Label: "filter", Text: m.filter}
	case showDetails:
		if item := m.Current(); item != nil {
			m.read = *item
			m.mode, m.page = reading, Page{Lines: m.Trace.details(m.table.Cursor)}
		}
	case followNewest:
		m.loose = !m.loose
		m.settle()
	case saveMessages:
		if m.Trace.Len() == 0 {
			m.note, m.bad = "there is nothing to save", true
			return nil
		}
		m.mode, m.prompt = naming, Prompt{Label: "save to", Text: m.Now().Format("messages-20060102-150405.jsonl")}
	case copyMessage:
		return m.copy()
	case takeFilterOff:
		m.SetFilter("")
	}
	return nil
}

func (m *Messages) step(step Step) {
	m.table.Step(step, m.Trace.Len(), m.height)
	if step != ToLeft && step != ToRight {
		m.loose = m.table.Cursor < m.Trace.Len()-1
	}
}

// Mouse takes a click or the wheel; y counts from the first line that Draw returned.
func (m *Messages) Mouse(y int, e tea.MouseMsg) {
	if e.Action != tea.MouseActionPress {
		return
	}
	step := map[tea.MouseButton]Step{tea.MouseButtonWheelUp: Up, tea.MouseButtonWheelDown: Down}[e.Button]
	switch {
	case m.mode == reading:
		m.page.Step(step, m.height)
	case m.mode != browsing:
	case step != 0:
		m.step(step)
	case e.Button == tea.MouseButtonLeft:
		if row := m.table.RowAt(y, m.Trace.Len()); row >= 0 {
			m.table.Cursor, m.loose = row, true
		}
	}
}

// SetFilter shows only what has the words (see parseTraceWords).
func (m *Messages) SetFilter(text string) {
	m.filter = text
	words := parseTraceWords(text)
	m.Trace.Filter(nil)
	if len(words) > 0 {
		m.Trace.Filter(words.matchItem)
	}
	m.table.Cursor = max(0, min(m.table.Cursor, m.Trace.Len()-1))
	m.settle()
}

// edit changes the filter letter by letter; what it does is seen at once.
func (m *Messages) edit(k tea.KeyMsg) {
	switch m.prompt.Edit(k) {
	case Entered:
		m.mode = browsing
		return
	case Left:
		m.mode, m.prompt.Text = browsing, m.before
	case Typing:
	}
	if m.prompt.Text != m.filter {
		m.SetFilter(m.prompt.Text)
	}
}

// name takes a letter of the name of a file, or saves.
func (m *Messages) name(k tea.KeyMsg) tea.Cmd {
	switch m.prompt.Edit(k) {
	case Left:
		m.mode, m.note = browsing, "not saved"
	case Entered:
		m.mode = browsing
		path, items := strings.TrimSpace(m.prompt.Text), m.Trace.Rows()
		if path == "" {
			m.note = "not saved"
			return nil
		}
		return func() tea.Msg {
			if err := Save(path, items); err != nil {
				return saved{err: err}
			}
			return saved{text: fmt.Sprintf("saved %d to %s", len(items), path)}
		}
	case Typing:
	}
	return nil
}

// turn scrolls the page, copies, or closes it.
func (m *Messages) turn(k tea.KeyMsg) tea.Cmd {
	if step, ok := MoveKeys().Find(k.String()); ok {
		m.page.Step(step, m.height)
		return nil
	}
	if do, _ := MessageKeys().Find(k.String()); do == copyMessage {
		return m.copy()
	}
	m.mode = browsing
	return nil
}

// copy gives the text of the message to the terminal.
func (m *Messages) copy() tea.Cmd {
	item := m.Current()
	if item == nil || item.Record == nil || m.Copy == nil {
		m.note, m.bad = "there is no message to copy", true
		return nil
	}
	text, give := string(item.Record.Text), m.Copy
	return func() tea.Msg {
		if err := give(text); err != nil {
			return saved{err: err}
		}
		if len(text) > maxCopied {
			return saved{text: fmt.Sprintf("copied the first %d of %d bytes", maxCopied, len(text))}
		}
		return saved{text: fmt.Sprintf("copied %d bytes, if the terminal allows it", len(text))}
	}
}
