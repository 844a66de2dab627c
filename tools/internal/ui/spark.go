package ui

import "strings"

var (
	blocks = []rune(" ▁▂▃▄▅▆▇█")
	ascii  = []rune(" .:-=+*#@")
)

// Spark is a chart of one line: the last width values, each a column, against the largest of them. Values below 0 are
// not known and left blank.
func (l *Look) Spark(values []float64, width int) string {
	if width <= 0 {
		return ""
	}
	values = values[max(0, len(values)-width):]
	most := 0.0
	for _, v := range values {
		most = max(most, v)
	}
	levels := ascii
	if l.Unicode {
		levels = blocks
	}
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", width-len(values)))
	for _, v := range values {
		level := 0
		if v > 0 {
			level = 1 + int(v/most*float64(len(levels)-2)+0.5)
			level = max(1, min(level, len(levels)-1))
		}
		b.WriteRune(levels[level])
	}
	return b.String()
}
