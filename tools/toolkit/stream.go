package toolkit

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// Input is standard input and what is known about it.
type Input struct {
	io.Reader
	TTY bool // it is a terminal: a tool that is about to read messages from it says so first
}

// Stream is one of the output streams and what is known about it.
type Stream struct {
	io.Writer
	Name  string // for errors: "standard output"
	TTY   bool   // it is a terminal
	Width int    // columns of the terminal when the program began; 80 where unknown
}

// Columns is Width as it is now: a terminal may have been made narrower or wider.
func (s *Stream) Columns() int {
	if f, ok := s.Writer.(*os.File); ok && s.TTY {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			return w
		}
	}
	return s.Width
}

// Write writes p in one call. A failure is an *OutputError.
func (s *Stream) Write(p []byte) (int, error) {
	n, err := s.Writer.Write(p)
	if err != nil {
		return n, &OutputError{Stream: s.Name, Err: err}
	}
	return n, nil
}

// Printf formats and writes in one call.
func (s *Stream) Printf(format string, args ...any) error {
	_, err := fmt.Fprintf(s, format, args...)
	return err
}

// NewStream describes f. It asks the kernel only: nothing is written to a terminal to find out what it is.
func NewStream(f *os.File, name string) *Stream {
	s := &Stream{Writer: f, Name: name, TTY: term.IsTerminal(int(f.Fd())), Width: 80}
	s.Width = s.Columns()
	return s
}

// ColorMode is the value of --color.
type ColorMode string

// The three values of --color.
const (
	ColorAuto   ColorMode = "auto"
	ColorAlways ColorMode = "always"
	ColorNever  ColorMode = "never"
)

// Color decides whether s is painted. An explicit mode wins; then NO_COLOR, then CLICOLOR_FORCE, then what the stream is.
// Empty variables count as unset.
func (e *Env) Color(s *Stream, mode ColorMode) bool {
	switch mode {
	case ColorAlways:
		return true
	case ColorNever:
		return false
	}
	if e.Getenv("NO_COLOR") != "" {
		return false
	}
	if f := e.Getenv("CLICOLOR_FORCE"); f != "" && f != "0" {
		return true
	}
	return s.TTY && e.Getenv("TERM") != "dumb"
}

// Palette paints text, or leaves it alone when it is off. Meaning never rests on colour alone: what is red also says "error".
type Palette bool

// Bold, Dim, Red, Green, Yellow, Blue and Cyan wrap s in the escape of that name.
func (p Palette) Bold(s string) string { return p.paint("1", s) }

// Dim paints what matters less.
func (p Palette) Dim(s string) string { return p.paint("2", s) }

// Red paints errors.
func (p Palette) Red(s string) string { return p.paint("31", s) }

// Green paints success.
func (p Palette) Green(s string) string { return p.paint("32", s) }

// Yellow paints warnings.
func (p Palette) Yellow(s string) string { return p.paint("33", s) }

// Blue paints one of two sides.
func (p Palette) Blue(s string) string { return p.paint("34", s) }

// Cyan paints the other side.
func (p Palette) Cyan(s string) string { return p.paint("36", s) }

func (p Palette) paint(code, s string) string {
	if !p || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}
