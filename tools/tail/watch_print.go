package tail

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/tools/internal/ui"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// note is what became of a message, in few words.
func note(r *inspect.Record) string {
	var words []string
	if r.Outcome != dispatch.Sent {
		words = append(words, r.Outcome.String())
	}
	if ui.WasHandled(r) {
		words[0] += " in " + toolkit.Short(r.Took)
	}
	if r.Error != "" {
		words = append(words, r.Error)
	}
	if r.Pair != 0 {
		if r.Answer {
			words = append(words, "answers what came "+toolkit.Short(r.Latency)+" before")
		} else {
			words = append(words, "answered after "+toolkit.Short(r.Latency))
		}
	}
	if r.Cut {
		words = append(words, fmt.Sprintf("cut, %d bytes in all", r.Size))
	}
	return strings.Join(words, ", ")
}

// summaryLine is what one command came to, as --summary --json prints it.
type summaryLine struct {
	V         int     `json:"v"`
	Command   string  `json:"summary"`
	Count     uint64  `json:"count"`
	In        uint64  `json:"in"`
	Out       uint64  `json:"out"`
	Rate      float64 `json:"rate"` // a second
	Errors    uint64  `json:"errors"`
	P50       int64   `json:"took_p50_ns"`
	P99       int64   `json:"took_p99_ns"`
	Max       int64   `json:"took_max_ns"`
	Answered  int64   `json:"answered"`
	Answer50  int64   `json:"latency_p50_ns"`
	Answer99  int64   `json:"latency_p99_ns"`
	AnswerMax int64   `json:"latency_max_ns"`
}

// printSummary prints what each command came to, the most frequent first.
func (w *watching) printSummary() error {
	span := max(time.Since(w.began).Seconds(), 1e-3)
	if !w.JSON {
		if err := w.out.Line("%-24s %9s %10s %7s %9s %9s %9s %9s %9s", "COMMAND", "COUNT", "RATE/S", "ERRORS",
			"P50", "P99", "MAX", "ANSWER50", "ANSWER99"); err != nil {
			return err
		}
	}
	for _, c := range w.meter.Commands() {
		h, a := c.Handling, c.Latency
		errors := c.Failed + c.Invalid + c.Unknown + c.Dropped
		count := c.In + c.Out
		name := cmp.Or(c.Command, "(others)")
		var err error
		if w.JSON {
			err = w.out.JSONLine(summaryLine{V: 1, Command: name, Count: count, In: c.In, Out: c.Out, Rate: float64(count) / span, Errors: errors,
				P50: int64(h.P50), P99: int64(h.P99), Max: int64(h.Max),
				Answered: a.Count, Answer50: int64(a.P50), Answer99: int64(a.P99), AnswerMax: int64(a.Max)})
		} else {
			err = w.out.Line("%-24s %9d %10.1f %7d %9s %9s %9s %9s %9s", w.out.Received(name), count, float64(count)/span, errors,
				known(h.Count, h.P50), known(h.Count, h.P99), known(h.Count, h.Max), known(a.Count, a.P50), known(a.Count, a.P99))
		}
		if err != nil {
			return err
		}
	}
	return w.printLost()
}

// printLost tells beside the summary what is not in it, which whoever reads the summary alone would not know.
func (w *watching) printLost() error {
	switch n := w.lost.Sum(); {
	case n == 0:
		return nil
	case w.JSON:
		return w.out.JSONLine(lostLine{V: 1, Event: "lost", Slow: w.lost.Slow, Rate: w.lost.Rate, Total: n})
	default:
		return w.out.Line("%-24s %9d", "(lost, not in this)", n)
	}
}

// lostLine is what the summary does not count, as --summary --json prints it: an event as others, of the whole run.
type lostLine struct {
	V     int    `json:"v"`
	Event string `json:"event"`
	Slow  uint64 `json:"slow"`
	Rate  uint64 `json:"rate"`
	Total uint64 `json:"total"`
}

// known is a time, if there was any to be measured.
func known(n int64, d time.Duration) string {
	if n == 0 {
		return "-"
	}
	return toolkit.Short(d)
}
