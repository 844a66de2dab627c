package ui

import (
	"strings"
	"unicode"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

// Prompt is a line that is typed.
type Prompt struct {
	Label string
	Text  string
}

// Typed says how the typing goes.
type Typed uint8

// How it may go.
const (
	Typing  Typed = iota
	Entered       // with Enter: it is meant
	Left          // with Esc: it is not
)

// Edit takes a key.
func (p *Prompt) Edit(k tea.KeyMsg) Typed {
	switch k.Type {
	case tea.KeyEnter:
		return Entered
	case tea.KeyEsc:
		return Left
	case tea.KeyBackspace:
		if runes := []rune(p.Text); len(runes) > 0 {
			p.Text = string(runes[:len(runes)-1])
		}
	case tea.KeyCtrlU:
		p.Text = ""
	case tea.KeySpace:
		p.Text += " "
	case tea.KeyRunes:
		p.Text += strings.Map(oneLine, string(k.Runes))
	}
	return Typing
}

// oneLine makes blanks of line ends and tabs, which a paste brings: there is nothing they could mean here.
func oneLine(r rune) rune {
	if unicode.IsControl(r) {
		return ' '
	}
	return r
}

// Draw shows the end of what was typed where there is no room for all.
func (p *Prompt) Draw(width int) string {
	text := p.Label + ": " + clean(p.Text) + "_"
	if over := ansi.StringWidth(text) - width; over > 0 {
		text = ansi.TruncateLeft(text, over, "")
	}
	return ansi.Truncate(text, width, "")
}

// SplitKeys is what was typed, a key each: over a slow connection several come at once, and a key that comes with an Escape before
// it looks as if Alt had been held. What was pasted stays together.
func SplitKeys(k tea.KeyMsg) []tea.KeyMsg {
	var all []tea.KeyMsg
	if k.Alt && !k.Paste {
		k.Alt = false
		all = append(all, tea.KeyMsg{Type: tea.KeyEsc})
	}
	if k.Type != tea.KeyRunes || len(k.Runes) < 2 || k.Paste {
		return append(all, k)
	}
	for _, r := range k.Runes {
		all = append(all, tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}})
	}
	return all
}
