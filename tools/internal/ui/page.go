package ui

import (
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Page is text to read, longer and wider than the screen.
type Page struct {
	Lines []string

	top     int
	width   int
	wrapped []string // Lines in this width
}

// Draw returns the lines that are on a screen of this size; long ones go on in the next line, where a word ends if one does.
func (p *Page) Draw(width, height int) []string {
	if p.width != width || p.wrapped == nil {
		p.width, p.wrapped = width, nil
		for _, line := range p.Lines {
			p.wrapped = append(p.wrapped, strings.Split(ansi.Wrap(clean(line), max(1, width), ""), "\n")...)
		}
	}
	p.top = max(0, min(p.top, len(p.wrapped)-height))
	return slices.Clone(p.wrapped[p.top:min(len(p.wrapped), p.top+max(0, height))])
}

// Step scrolls; a step sideways does nothing.
func (p *Page) Step(step Step, height int) {
	p.top = max(0, min(p.top+step.rows(max(1, height), len(p.wrapped)), len(p.wrapped)-height))
}

// Hint says which keys there are, for the last line: more is there only where something is below or above.
func (p *Page) Hint(height int) string {
	if len(p.wrapped) > height {
		return "arrows: more  any other key: back"
	}
	return "any key goes back"
}
