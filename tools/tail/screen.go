package tail

import (
	"cmp"
	"context"
	"strings"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"github.com/ed-toolbox/ed/tools/internal/ui"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport/control"
)

// board is `ed watch` on a full screen. It belongs to the goroutine of bubbletea; only pull works elsewhere, once at a time.
type board struct {
	look     *ui.Look
	messages *ui.Messages
	page     *ui.Page // the help, while it is read
	pull     func() tea.Msg
	head     string // what is watched
	record   string // where it is recorded
	err      error  // why it ended

	width, height int
}

// What pull ends with.
type (
	came  struct{ items []control.Followed }
	ended struct{ err error } // nothing comes any more
)

// boardAction is what a key does, beside those of the messages.
type boardAction uint8

const (
	endBoard boardAction = iota + 1
	helpBoard
	redrawBoard
)

func boardKeys() ui.Keys[boardAction] {
	return ui.Keys[boardAction]{
		{Action: endBoard, Keys: []string{"q", "ctrl+c"}, Help: "end", Short: "quit"},
		{Action: helpBoard, Keys: []string{"?", "h", "f1"}, Help: "this page", Short: "help"},
		{Action: redrawBoard, Keys: []string{"ctrl+l"}, Help: "draw the screen anew, where something else got into it"},
	}
}

// watchOnScreen shows what comes until the user ends it. What is recorded does not depend on what is looked at.
func (w *watching) watchOnScreen(ctx context.Context, from source) error {
	look := ui.NewLook(w.env.Stdout, w.env.Getenv)
	screen := ui.NewScreen(w.env)
	pulling, stop := context.WithCancel(ctx)
	var one sync.Mutex // held by whoever takes something
	b := &board{look: look, messages: ui.NewMessages(look), head: strings.Join(w.targets, " "), record: w.recordOf(), width: 80, height: 24,
		pull: func() tea.Msg {
			one.Lock()
			defer one.Unlock()
			return w.batch(pulling, from)
		}}
	b.messages.Copy = screen.Copy
	err := screen.Run(ctx, b)
	stop()
	one.Lock() // bubbletea does not wait for its commands
	defer one.Unlock()
	return cmp.Or(err, b.err)
}

func (w *watching) recordOf() string {
	if w.recorder == nil {
		return ""
	}
	return w.record.path
}

// gatherFor is how long a batch is gathered, so that a flood does not draw the screen for each message.
const (
	gatherFor  = 50 * time.Millisecond
	gatherMost = 5000
)

// batch waits for what comes, and takes what else is there within a moment. All of it is recorded.
func (w *watching) batch(ctx context.Context, from source) tea.Msg {
	var items []control.Followed
	var moment <-chan time.Time
	if ctx.Err() != nil {
		return ended{context.Cause(ctx)}
	}
	for len(items) < gatherMost {
		select {
		case i, ok := <-from.C():
			if !ok {
				return ended{context.Cause(ctx)}
			}
			if err := w.take(i); err != nil {
				return ended{err}
			}
			if items = append(items, i); moment == nil {
				moment = time.After(gatherFor)
			}
			continue
		case <-moment:
		case <-ctx.Done():
			return ended{context.Cause(ctx)}
		}
		break
	}
	if err := w.flush(); err != nil {
		return ended{err}
	}
	return came{items}
}

// Init begins to wait.
func (b *board) Init() tea.Cmd { return b.pull }

// Update takes what happened.
func (b *board) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		b.width, b.height = msg.Width, msg.Height
	case tea.KeyMsg:
		var all []tea.Cmd
		for _, k := range ui.SplitKeys(msg) {
			all = append(all, b.press(k))
		}
		return b, tea.Batch(all...)
	case tea.MouseMsg:
		if b.page == nil {
			b.messages.Mouse(msg.Y-1, msg)
		}
	case came:
		b.messages.Add(msg.items)
		return b, b.pull
	case ended:
		b.err = msg.err
		return b, tea.Quit
	default:
		b.messages.Update(msg)
	}
	return b, nil
}

func (b *board) press(k tea.KeyMsg) tea.Cmd {
	if k.String() == "ctrl+c" {
		return tea.Quit
	}
	if b.page != nil {
		if step, ok := ui.MoveKeys().Find(k.String()); ok {
			b.page.Step(step, b.body())
		} else {
			b.page = nil
		}
		return nil
	}
	if cmd, taken := b.messages.Press(k); taken {
		return cmd
	}
	switch do, _ := boardKeys().Find(k.String()); do {
	case endBoard:
		return tea.Quit
	case redrawBoard:
		return tea.ClearScreen
	case helpBoard:
		lines := append(boardKeys().Help(), ui.MessageKeys().Help()...)
		b.page = &ui.Page{Lines: append(lines, ui.MoveKeys().Help()...)}
	}
	return nil
}

// body is how many lines are between the first and the last.
func (b *board) body() int { return max(0, b.height-2) }

// View draws the screen.
func (b *board) View() string {
	title := "ed watch"
	if b.head != "" {
		title += " " + toolkit.Escape(b.head)
	}
	title += "  " + b.messages.Summary()
	if b.record != "" {
		title += "  recorded in " + toolkit.Escape(b.record)
	}
	lines := []string{b.look.Active.Render(ansi.Truncate(title, b.width, ""))}
	var body []string
	if b.page != nil {
		body = b.page.Draw(b.width, b.body())
	} else {
		body = b.messages.Draw(b.width, b.body())
	}
	for len(body) < b.body() {
		body = append(body, "")
	}
	lines = append(lines, body[:b.body()]...)
	if b.height > 1 {
		footer := b.messages.Footer(b.width, "", boardKeys().Footer(b.width))
		if b.page != nil {
			footer = b.look.Bar.Render(ansi.Truncate("any key goes back", b.width, ""))
		}
		lines = append(lines, footer)
	}
	return strings.Join(lines, "\n")
}
