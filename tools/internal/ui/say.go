package ui

import (
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"
)

// Say is what the last lines of a screen say, with what went wrong at its end: in one line if it fits, else in as many as it takes, at
// most half of the screen. What is longer is left out from the middle, so that the end stays.
func Say(text string, style lipgloss.Style, width, height int) []string {
	text, width = clean(text), max(1, width)
	most := max(1, height/2)
	lines := wrap(text, width)
	for keep := most * width; len(lines) > most && keep > 0; keep-- {
		lines = wrap(shorten(text, keep), width)
	}
	for i, line := range lines {
		lines[i] = style.Render(line)
	}
	return lines
}

// wrap breaks text where a word ends, if one does.
func wrap(text string, width int) []string {
	lines := strings.Split(ansi.Wrap(text, width, ""), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

// shorten leaves out the middle of text so that at most keep columns are left. The reason, which is behind the last colon, stays if
// it can.
func shorten(text string, keep int) string {
	const gap = "..."
	tail := keep * 3 / 5
	if at := strings.LastIndex(text, ": "); at >= 0 {
		tail = max(tail, min(keep, ansi.StringWidth(text[at+2:])))
	}
	end := ansi.TruncateLeft(text, max(0, ansi.StringWidth(text)-tail), "")
	if tail+len(gap) > keep {
		return end
	}
	return ansi.Truncate(text, keep-len(gap)-tail, "") + gap + end
}
