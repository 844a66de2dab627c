package ui

import (
	"fmt"

	"github.com/charmbracelet/x/ansi"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// Draw returns at most height lines.
func (m *Messages) Draw(width, height int) []string {
	m.height = height
	if m.mode == reading {
		return m.page.Draw(width, height)
	}
	return m.table.Draw(m.Trace.Columns(width), m.Trace, width, height)
}

// Summary says in few words what there is.
func (m *Messages) Summary() string {
	text := toolkit.Plural(m.Trace.Seen(), "message")
	if n := m.Trace.Dropped(); n > 0 {
		text += fmt.Sprintf(", %d missing", n)
	}
	if n := m.Trace.Waiting(); n > 0 {
		text += fmt.Sprintf(", %d came since the screen is held", n)
	}
	return text
}

// Said is what the last lines of a screen say in place of keys: what happened, or trouble; nil where there is nothing to say.
func (m *Messages) Said(width, height int, trouble string) []string {
	look := m.Trace.Look
	switch {
	case m.mode == filtering || m.mode == naming:
	case m.note != "" && m.bad:
		return Say(m.note, look.Bad, width, height)
	case m.note != "":
		return Say(m.note, look.Changed, width, height)
	case trouble != "" && m.mode != reading:
		return Say(trouble, look.Bad, width, height)
	}
	return nil
}

// Footer is the last line where nothing is said: what is typed, or keys, those of the host first.
func (m *Messages) Footer(width int, keys string) string {
	look := m.Trace.Look
	text := ""
	switch m.mode {
	case filtering, naming:
		return m.prompt.Draw(width)
	case reading:
		text = "y copy  " + m.page.Hint(m.height)
	default:
		if m.Trace.Held() {
			text = "HELD  "
		}
		if m.filter != "" {
			text += "filter " + clean(m.filter) + "  "
		}
		if keys != "" {
			text += keys + "  "
		}
		text += MessageKeys().Footer(max(0, width-ansi.StringWidth(text)))
	}
	return look.Bar.Render(pad(ansi.Truncate(text, width, ""), width))
}
