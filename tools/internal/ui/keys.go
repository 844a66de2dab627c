package ui

import (
	"slices"
	"strings"
)

// Key is an entry of a key table: what is pressed, and what it does. Help is drawn from it, so that it cannot say
// anything else.
type Key[A comparable] struct {
	Action A
	Keys   []string // as bubbletea names them: "q", "ctrl+c", "up"
	Help   string   // "" leaves it out of the help: a second way to do something
	Short  string   // one word for the footer; "" is not there
}

// Keys is a key table.
type Keys[A comparable] []Key[A]

// Find returns what a key does.
func (k Keys[A]) Find(key string) (action A, ok bool) {
	for _, entry := range k {
		if slices.Contains(entry.Keys, key) {
			return entry.Action, true
		}
	}
	return action, false
}

// Help is the table as lines.
func (k Keys[A]) Help() []string {
	var lines []string
	for _, entry := range k {
		if entry.Help != "" {
			names := strings.Join(entry.Keys, " ")
			lines = append(lines, names+strings.Repeat(" ", max(1, 18-len(names)))+entry.Help)
		}
	}
	return lines
}

// Footer is as much of the table's short words as fits into width.
func (k Keys[A]) Footer(width int) string {
	var b strings.Builder
	for _, entry := range k {
		if entry.Short == "" {
			continue
		}
		text := entry.Keys[0] + " " + entry.Short
		if b.Len() > 0 {
			text = "  " + text
		}
		if b.Len()+len(text) > width {
			break
		}
		b.WriteString(text)
	}
	return b.String()
}
