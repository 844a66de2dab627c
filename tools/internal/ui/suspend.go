package ui

import (
	"io"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/term"

	"github.com/ed-toolbox/ed/core/proc"
)

// SuspendKey is what stops a program, as it does where it is no full screen. It is to be looked for before all others.
const SuspendKey = "ctrl+z"

// How a terminal is left to others, and taken again: mouse, pasting, cursor and the other screen.
const (
	leaveScreen = "\x1b[?1002l\x1b[?1006l\x1b[?2004l\x1b[?1049l\x1b[?25h"
	takeScreen  = "\x1b[?1049h\x1b[2J\x1b[?25l\x1b[?2004h\x1b[?1002h\x1b[?1006h"
)

// stopTime is how long the system has to stop us. It does not where no shell could let us go on: then the screen comes back. It is also
// how long a terminal has to take the end of the screen.
const stopTime = 100 * time.Millisecond

// Suspend is a tea.Cmd that gives the terminal back and stops the program, with all that a shell started with it, until the shell
// lets it go on. Nothing is drawn meanwhile. bubbletea's own would wait for ever where there is no shell, and lose a key.
func (s *Screen) Suspend() tea.Msg {
	in, ok := s.env.Stdin.Reader.(term.File)
	if !ok || s.before == nil {
		return nil
	}
	release := s.lock()
	defer release()
	ours, err := term.GetState(in.Fd())
	if err != nil {
		return nil // it is no terminal any more, which reading tells, too
	}
	_, _ = io.WriteString(s.env.Stdout.Writer, leaveScreen) // who reads from it has errors to tell
	_ = term.Restore(in.Fd(), s.before)
	if proc.StopOurs() == nil {
		<-time.After(stopTime)
	}
	_ = term.Restore(in.Fd(), ours)
	_, _ = io.WriteString(s.env.Stdout.Writer, takeScreen)
	return tea.Batch(tea.ClearScreen, tea.WindowSize())() // it may have another size by now
}

// leave gives the terminal back for good, on the way to an end that nobody can hold up: neither a lock nor a terminal that takes nothing
// may keep it from that.
func (s *Screen) leave() {
	in, ok := s.env.Stdin.Reader.(term.File)
	if !ok || s.before == nil {
		return
	}
	left := make(chan struct{})
	go func() {
		defer close(left)
		s.lock() // for ever: nothing is drawn any more
		_, _ = io.WriteString(s.env.Stdout.Writer, leaveScreen)
	}()
	select {
	case <-left:
	case <-time.After(stopTime):
	}
	_ = term.Restore(in.Fd(), s.before)
}
