package on

import "github.com/ed-toolbox/ed/tools/toolkit"

// printer prints events.
type printer run

func (p *printer) act(e *event) {
	r := (*run)(p)
	switch {
	case r.out.JSON:
		r.write(r.out.JSONLine(e.json()))
	case r.format != nil:
		text, err := render(r.format, e)
		if err != nil {
			r.write(toolkit.Errorf(toolkit.Data, "option --format: %w", err))
			return
		}
		end := "\n"
		if r.null {
			end = "\x00"
		}
		r.write(r.out.Raw([]byte(r.out.Received(text) + end)))
	case r.null:
		r.write(r.out.Raw([]byte(e.plain() + "\x00")))
	default:
		r.write(r.out.Line("%s", e.line(r.out.Paint)))
	}
}
