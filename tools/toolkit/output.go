package toolkit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// Output writes what a command has to say: data to standard output, everything else to standard error. Each call is one
// write, so lines of several writers of one pipe do not mix. It belongs to one goroutine.
type Output struct {
	Common
	Paint    Palette // for standard output
	ErrPaint Palette // for standard error

	env      *Env
	progress bool // a progress line stands on the terminal
	drawn    time.Time
}

// Output returns the writer for the shared flags in c.
func (e *Env) Output(c Common) *Output {
	return &Output{
		Common:   c,
		Paint:    Palette(e.Color(e.Stdout, c.Color)),
		ErrPaint: Palette(e.Color(e.Stderr, c.Color)),
		env:      e,
	}
}

// Line writes one line of data to standard output. The format has no line end of its own.
func (o *Output) Line(format string, args ...any) error {
	o.clearProgress()
	return o.env.Stdout.Printf(format+"\n", args...)
}

// Raw writes p to standard output as it is, in one call.
func (o *Output) Raw(p []byte) error {
	o.clearProgress()
	_, err := o.env.Stdout.Write(p)
	return err
}

// JSONLine writes v as one line of JSON to standard output. Durations in v are integers of nanoseconds in fields whose names end in
// "_ns", times RFC 3339 strings; the object carries "v":1. A v that cannot be encoded is a bug, and an error.
func (o *Output) JSONLine(v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return Errorf(Internal, "encode output: %w", err)
	}
	p := b.Bytes()
	if o.env.Stdout.TTY {
		p = EscapeJSON(p)
	}
	return o.Raw(p)
}

// Received prepares text that a peer sent for a line on standard output: escaped on a terminal, untouched in a pipe.
func (o *Output) Received(s string) string {
	if o.env.Stdout.TTY {
		return Escape(s)
	}
	return s
}

// Say reports what happened on standard error; -q silences it.
func (o *Output) Say(format string, args ...any) {
	if !o.Quiet {
		o.note(format, args...)
	}
}

// Detail reports on standard error what only -v (level 1) or -vv (level 2) asks for.
func (o *Output) Detail(level int, format string, args ...any) {
	if o.Verbose >= level && !o.Quiet {
		o.note(format, args...)
	}
}

// Warn reports something wrong that does not end the command. -q does not silence it.
func (o *Output) Warn(format string, args ...any) {
	o.note("%s: %s %s", o.env.Program, o.ErrPaint.Yellow("warning:"), fmt.Sprintf(format, args...))
}

// note is best effort: there is nowhere left to report that standard error is gone. It cannot tell the colours that we put on from
// what a peer wrote, so that callers escape peers' text themselves.
func (o *Output) note(format string, args ...any) {
	o.clearProgress()
	_ = o.env.Stderr.Printf(format+"\n", args...)
}

// progressInterval bounds how often the progress line is drawn anew.
const progressInterval = 200 * time.Millisecond

// Progress shows a line that the next one replaces. It is drawn on a terminal only, at most five times a second, and
// never with -q or --json.
func (o *Output) Progress(format string, args ...any) {
	if !o.env.Stderr.TTY || o.Quiet || o.JSON || o.env.Getenv("TERM") == "dumb" {
		return
	}
	now := o.env.Now()
	if o.progress && now.Sub(o.drawn) < progressInterval {
		return
	}
	line := []rune(Escape(fmt.Sprintf(format, args...)))
	if w := o.env.Stderr.Columns(); len(line) >= w {
		line = line[:max(0, w-1)]
	}
	o.progress, o.drawn = true, now
	_ = o.env.Stderr.Printf("\r\x1b[K%s", string(line))
}

// Interrupted goes back to the beginning of the line, where the terminal has shown ^C: what is said next stands there.
func (o *Output) Interrupted() {
	if o.env.Stderr.TTY && !o.Quiet {
		_ = o.env.Stderr.Printf("\r")
	}
}

// Done removes the progress line. A command that showed one calls it before it returns.
func (o *Output) Done() { o.clearProgress() }

func (o *Output) clearProgress() {
	if o.progress {
		o.progress = false
		_ = o.env.Stderr.Printf("\r\x1b[K")
	}
}
