package ui

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"sync"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/term"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// Screen is the terminal of a full-screen view. Its methods may be called from any goroutine; they block while the terminal
// takes nothing.
type Screen struct {
	env    *toolkit.Env
	out    io.Writer
	locked *lockedWriter // below out
	before *term.State   // of the terminal, before Run
}

// NewScreen is the screen on the standard streams.
func NewScreen(env *toolkit.Env) *Screen {
	s := &Screen{env: env, locked: &lockedWriter{thrift: thrift{out: env.Stdout.Writer}}}
	s.out = s.locked
	if f, ok := env.Stdout.Writer.(term.File); ok {
		s.out = &lockedFile{File: f, out: s.locked}
	}
	return s
}

// lock keeps all others from writing until release is called.
func (s *Screen) lock() (release func()) {
	s.locked.mu.Lock()
	return s.locked.mu.Unlock
}

// Possible says whether there is a terminal that can show a full screen.
func Possible(env *toolkit.Env) bool {
	name := env.Getenv("TERM")
	return env.Stdin.TTY && env.Stdout.TTY && name != "dumb" && name != ""
}

// framesPerSecond is enough for typing to feel at once, and keeps a screen that does not change from taking a processor's time.
const framesPerSecond = 25

// Run shows the model until it quits. When ctx ends before, that is its cause; a panic of the model is an error of kind Internal, and the
// terminal is as it was.
func (s *Screen) Run(parent context.Context, model tea.Model) error {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	if f, ok := s.env.Stdin.Reader.(term.File); ok {
		s.before, _ = term.GetState(f.Fd()) // nil: it cannot be suspended
	}
	if s.env.OnQuit != nil {
		defer s.env.OnQuit(s.leave)()
	}
	program := tea.NewProgram(model, tea.WithContext(ctx), tea.WithAltScreen(), tea.WithMouseCellMotion(),
		tea.WithInput(input(s.env.Stdin.Reader)), tea.WithOutput(s.out), tea.WithoutSignalHandler(),
		tea.WithFPS(framesPerSecond))
	_, err := program.Run()
	switch {
	case parent.Err() != nil:
		return context.Cause(parent)
	case errors.Is(err, tea.ErrProgramPanic): // it has printed the stack
		return toolkit.WithHint(toolkit.Errorf(toolkit.Internal, "internal error: the screen could not go on"), "this is a bug")
	case err != nil:
		return toolkit.As(toolkit.IO, fmt.Errorf("draw the screen: %w", err))
	}
	return nil
}

// maxCopied is how many bytes Copy takes: terminals throw longer sequences away.
const maxCopied = 70_000

// Copy gives a text to the clipboard of the terminal, by OSC 52, which also goes through ssh. Whether the terminal allows it
// cannot be known. Of more than 70,000 bytes the first are copied.
func (s *Screen) Copy(text string) error {
	text = text[:min(len(text), maxCopied)]
	_, err := io.WriteString(s.out, "\x1b]52;c;"+base64.StdEncoding.EncodeToString([]byte(text))+"\x07")
	if err != nil {
		return fmt.Errorf("copy to the terminal: %w", err)
	}
	return nil
}

// lockedFile is a terminal whose writes go through a lockedWriter.
type lockedFile struct {
	term.File
	out *lockedWriter
}

// Write implements io.Writer.
func (f *lockedFile) Write(p []byte) (int, error) { return f.out.Write(p) }

// lockedWriter is written to by one at a time: what is copied must not get into what is drawn.
type lockedWriter struct {
	mu     sync.Mutex
	thrift thrift
}

// Write implements io.Writer.
func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.thrift.Write(p)
}
