package bench

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ed-toolbox/ed/tools/bench/report"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// live shows how it goes: one line that is drawn anew on a terminal, else a line for each second.
type live struct {
	out      *toolkit.Output
	terminal *toolkit.Stream // nil: there is none
	total    time.Duration
	title    string // of the step that runs; ""
	rates    []float64
}

// sparks is how many seconds the sparkline shows, where there is room.
const sparks = 24

// phase says on a terminal what is done while there are no figures.
func (l *live) phase(what string) {
	if l != nil && l.terminal != nil {
		l.out.Progress("%s%s", l.title, what)
	}
}

// second shows a sample.
func (l *live) second(s report.Second) {
	if l == nil {
		return
	}
	perSecond := 0.0
	if s.Length > 0 {
		perSecond = float64(s.Received) / s.Length.Seconds()
	}
	l.rates = append(l.rates, perSecond)
	if len(l.rates) > sparks {
		l.rates = l.rates[1:]
	}
	at := s.At + time.Second
	if s.Length < 900*time.Millisecond {
		at = (s.At + s.Length).Round(100 * time.Millisecond)
	}
	figures := fmt.Sprintf("%s/s  p50 %s  p99 %s  max %s", report.Count(perSecond),
		report.Short(s.Response.P50), report.Short(s.Response.P99), report.Short(s.Response.Max))
	if l.terminal == nil {
		l.out.Say("%s%s  %s", l.title, at, figures)
		return
	}
	line := fmt.Sprintf("%s%s/%s  %s  ", l.title, at, l.total, figures)
	room := max(0, l.terminal.Columns()-1-utf8.RuneCountInString(line)) // the last seconds are worth more than those before
	l.out.Progress("%s%s", line, sparkline(l.rates[max(0, len(l.rates)-room):]))
}

// sparkline draws values as bars of eight heights; the tallest is the highest value.
func sparkline(values []float64) string {
	bars := []rune("▁▂▃▄▅▆▇█")
	top := 0.0
	for _, v := range values {
		top = max(top, v)
	}
	var b strings.Builder
	for _, v := range values {
		i := 0
		if top > 0 {
			i = min(int(v/top*float64(len(bars))), len(bars)-1)
		}
		b.WriteRune(bars[i])
	}
	return b.String()
}
