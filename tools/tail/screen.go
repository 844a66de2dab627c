package tail

import (
	"cmp"
	"context"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"github.com/ed-toolbox/ed/tools/internal/ui"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport/control"
)

// board is `ed watch` on a full screen. It belongs to the goroutine of bubbletea; only pull works elsewhere.
type board struct {
	look     *ui.Look
	messages *ui.Messages
	page     *ui.Page // the help, while it is read
	pull     func() tea.Msg
	suspend  tea.Cmd // nil: it cannot be
	head     string  // what is watched
	record   string  // where it is recorded
	err      error   // why it ended

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
	suspendBoard
)

func boardKeys() ui.Keys[boardAction] {
	return ui.Keys[boardAction]{
		{Action: endBoard, Keys: []string{"q", "ctrl+c"}, Help: "end", Short: "quit"},
		{Action: helpBoard, Keys: []string{"?", "h", "f1"}, Help: "this page", Short: "help"},
		{Action: redrawBoard, Keys: []string{"ctrl+l"}, Help: "draw the screen anew, where something else got into it"},
		{Action: suspendBoard, Keys: []string{ui.SuspendKey}, Help: "stop; fg of the shell goes on"},
	}
}

// watchOnScreen shows what comes until the user ends it. What is recorded does not depend on what is looked at, nor on how fast
// the terminal is, and what had happened by the end is still recorded.
func (w *watching) watchOnScreen(ctx context.Context, from source) error {
	look := ui.NewLook(w.env.Stdout, w.env.Getenv)
	screen := ui.NewScreen(w.env)
	shelf := newShelf()
	taking, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	taken := make(chan error, 1)
	go func() { taken <- w.takeAll(taking, from, shelf) }()
	b := &board{look: look, messages: ui.NewMessages(look), head: strings.Join(w.targets, " "), record: w.recordOf(), width: 80, height: 24,
		pull: shelf.pull}
	b.messages.Copy, b.suspend = screen.Copy, screen.Suspend
	err := screen.Run(ctx, b)
	shelf.leave()
	if w.recorder == nil {
		stop() // nobody sees the rest
		return cmp.Or(err, <-taken)
	}
	from.Finish()
	err = cmp.Or(err, <-taken)
	if !from.Whole() {
		w.out.Warn("not all that had happened came in time; what is missing in %s is not counted", toolkit.Escape(w.record.path))
	}
	return err
}

func (w *watching) recordOf() string {
	if w.recorder == nil {
		return ""
	}
	return w.record.path
}

// takeAll takes and records what comes, and puts it on the shelf, until nothing comes any more or ctx ends.
func (w *watching) takeAll(ctx context.Context, from source, shelf *shelf) (err error) {
	defer func() { shelf.close(err) }()
	for {
		var item control.Followed
		var ok bool
		select {
		case item, ok = <-from.C():
		default: // nothing more for now: what is gathered is written before waiting
			if err := w.flush(); err != nil {
				return err
			}
			select {
			case item, ok = <-from.C():
			case <-ctx.Done():
				return nil
			}
		}
		if !ok {
			return nil
		}
		if err := w.take(item); err != nil {
			return err
		}
		shelf.put(item)
	}
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
	switch k.String() {
	case "ctrl+c":
		return tea.Quit
	case ui.SuspendKey:
		return b.suspend
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

// footer is the last lines.
func (b *board) footer() []string {
	if b.page != nil {
		return []string{b.look.Bar.Render(ansi.Truncate(b.page.Hint(max(0, b.height-2)), b.width, ""))}
	}
	if lines := b.messages.Said(b.width, b.height-1, ""); lines != nil {
		return lines
	}
	return []string{b.messages.Footer(b.width, boardKeys().Footer(b.width))}
}

// body is how many lines are between the first and the footer.
func (b *board) body() int { return max(0, b.height-1-len(b.footer())) }

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
	room := b.body()
	if b.page != nil {
		body = b.page.Draw(b.width, room)
	} else {
		body = b.messages.Draw(b.width, room)
	}
	for len(body) < room {
		body = append(body, "")
	}
	lines = append(lines, body[:room]...)
	if b.height > 1 {
		lines = append(lines, b.footer()...)
	}
	return strings.Join(lines, "\n")
}
