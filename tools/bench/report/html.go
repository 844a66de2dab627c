package report

import (
	_ "embed"
	"html/template"
	"io"
	"strings"
	"time"
)

//go:embed report.html
var page string

// HTML writes the report as one file that needs no other: no script, no picture, no font. It is well-formed XML, too.
func (r *Report) HTML(w io.Writer) error {
	t, err := template.New("report").Parse(page)
	if err != nil {
		return err
	}
	var text strings.Builder
	if err := r.Text(&text); err != nil {
		return err
	}
	// The drawings are our own, with every text in them escaped.
	drawing := func(s string) template.HTML { return template.HTML(s) }
	return t.Execute(w, map[string]any{
		"Report": r, "Target": r.steady() > 0, "Text": printable(text.String()), "Started": r.Started.Format(time.RFC3339),
		"Percentiles": drawing(r.percentiles()), "Throughput": drawing(r.throughput()), "Heat": drawing(r.heat()), "Each": r.perColumn(), "Load": drawing(r.loadCurve()),
	})
}

// printable leaves out what XML has no way to write, and what a terminal might obey: the text may quote what a service sent, or a file.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' && c != '\n' && c != '\t' || c >= 0x7F && c < 0xA0 || c == 0xFFFE || c == 0xFFFF {
			return '.'
		}
		return c
	}, strings.ToValidUTF8(s, "."))
}
