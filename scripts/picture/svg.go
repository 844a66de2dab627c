package main

import (
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/hinshun/vt10x"
)

// The size of a cell, and of what is around the screen.
const (
	cellWidth  = 8.4
	cellHeight = 18
	border     = 14
	titleLine  = 30
)

// underline is an attribute as vt10x keeps it.
const underline = 2

// paint is the colour of a text or its ground.
func paint(c vt10x.Color) string {
	palette := []string{"#1c2128", "#f47067", "#57ab5a", "#c69026", "#539bf5", "#b083f0", "#39c5cf", "#adbac7",
		"#768390", "#ff938a", "#6bc46d", "#daaa3f", "#6cb6ff", "#dcbdfb", "#56d4dd", "#f0f6fc"}
	switch {
	case c < vt10x.Color(len(palette)):
		return palette[c]
	case c == vt10x.DefaultBG:
		return "#0d1117"
	}
	return "#c9d1d9"
}

// svg draws a screen. The screen is locked.
func svg(screen vt10x.View, title string) []byte {
	columns, lines := screen.Size()
	width, height := float64(columns)*cellWidth+2*border, lines*cellHeight+2*border+titleLine
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %d" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" rx="8" fill="#0d1117" stroke="#30363d"/>`+"\n")
	fmt.Fprintf(&b, `<text x="%.0f" y="22" fill="#768390" text-anchor="middle">%s</text>`+"\n", width/2, title)
	for y := range lines {
		for x := 0; x < columns; {
			first := screen.Cell(x, y)
			end, text := x, strings.Builder{}
			for ; end < columns; end++ {
				cell := screen.Cell(end, y)
				if cell.FG != first.FG || cell.BG != first.BG || cell.Mode != first.Mode {
					break
				}
				text.WriteRune(max(cell.Char, ' '))
			}
			run(&b, x, y, end-x, first, text.String())
			x = end
		}
	}
	b.WriteString("</svg>\n")
	return []byte(b.String())
}

// run draws cells that look the same.
func run(b *strings.Builder, x, y, count int, look vt10x.Glyph, text string) {
	left, top := border+float64(x)*cellWidth, border+titleLine+y*cellHeight
	if ground := paint(look.BG); ground != "#0d1117" {
		fmt.Fprintf(b, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", left, top, float64(count)*cellWidth, cellHeight, ground)
	}
	trimmed := strings.TrimRight(text, " ")
	if trimmed == "" {
		return
	}
	style := ""
	if look.Mode&underline != 0 {
		style = ` text-decoration="underline"`
	}
	var escaped strings.Builder
	_ = xml.EscapeText(&escaped, []byte(trimmed)) // a strings.Builder takes everything
	fmt.Fprintf(b, `<text x="%.1f" y="%d" fill="%s" xml:space="preserve" textLength="%.1f"%s>%s</text>`+"\n", left, top+13, paint(look.FG),
		float64(len([]rune(trimmed)))*cellWidth, style, escaped.String())
}
