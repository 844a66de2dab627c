package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport/control"
)

// onScreen is the program on a terminal that can do everything.
type onScreen struct {
	t        *testing.T
	cmd      *exec.Cmd
	terminal *os.File
	screen   vt10x.Terminal
	drawn    chan struct{} // closed when the program's output has ended

	mu  sync.Mutex
	all strings.Builder // what came
}

// Write takes what the program writes.
func (s *onScreen) Write(p []byte) (int, error) {
	s.mu.Lock()
	s.all.Write(p)
	s.mu.Unlock()
	return s.screen.Write(p)
}

// raw is all that the program has written.
func (s *onScreen) raw() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.String()
}

func startOnScreen(t *testing.T, cols, rows int, env []string, args ...string) *onScreen {
	return startThrough(t, func(terminal *os.File, draw func([]byte)) {
		_, _ = io.Copy(writer(draw), terminal) // EIO: the program has ended
	}, cols, rows, env, args...)
}

// writer is a function that takes what is written.
type writer func([]byte)

func (w writer) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}

// startThrough is startOnScreen with something that carries what the program writes, until it has ended.
func startThrough(t *testing.T, carry func(from *os.File, draw func([]byte)), cols, rows int, env []string, args ...string) *onScreen {
	return startCommand(t, programAs(t, "ed", args...), carry, cols, rows, env)
}

func startCommand(t *testing.T, cmd *exec.Cmd, carry func(from *os.File, draw func([]byte)), cols, rows int, env []string) *onScreen {
	s := &onScreen{t: t, cmd: cmd, screen: vt10x.New(vt10x.WithSize(cols, rows)), drawn: make(chan struct{})}
	s.cmd.Env = append(s.cmd.Env, append([]string{"TERM=xterm-256color", "LC_ALL=C.UTF-8"}, env...)...)
	terminal, err := pty.StartWithSize(s.cmd, &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)})
	require.NoError(t, err)
	s.terminal = terminal
	go func() {
		defer close(s.drawn)
		carry(terminal, func(p []byte) { _, _ = s.Write(p) })
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		_ = terminal.Close()
		<-s.drawn
	})
	return s
}

// sees waits until the screen has the text.
func (s *onScreen) sees(text string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return strings.Contains(s.screen.String(), text) }, time.Minute, 10*time.Millisecond, "%q is not on\n%s", text, s.screen)
}

// gone waits until it has not.
func (s *onScreen) gone(text string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return !strings.Contains(s.screen.String(), text) }, time.Minute, 10*time.Millisecond, "%q is on\n%s", text, s.screen)
}

// mode is what the terminal has been told to be.
func (s *onScreen) mode() vt10x.ModeFlag {
	s.screen.Lock() // Mode alone does not
	defer s.screen.Unlock()
	return s.screen.Mode()
}

func (s *onScreen) types(keys string) {
	_, err := s.terminal.WriteString(keys)
	require.NoError(s.t, err)
}

// ends waits for the end of the program, and until all that it wrote is on the screen.
func (s *onScreen) ends() {
	s.t.Helper()
	over := make(chan error, 1)
	go func() {
		err := s.cmd.Wait()
		<-s.drawn
		over <- err
	}()
	select {
	case err := <-over:
		require.NoError(s.t, err)
	case <-time.After(time.Minute):
		require.Fail(s.t, "the program does not end", "%s", s.screen)
	}
}

// The screen on a real terminal: a service is seen, goes, comes again, is stopped from the screen; the terminal is resized; all ends
// in good order.
func TestTopOnScreen(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(control.DirVariable, dir)
	alpha := toolkittest.Serve(t, "alpha")
	top := startOnScreen(t, 80, 24, nil, "top", "--interval", "100ms")
	top.sees("1 Services")
	top.sees("alpha.")
	top.types("6")
	top.sees("turns")
	require.NoError(t, pty.Setsize(top.terminal, &pty.Winsize{Cols: 20, Rows: 5}))
	top.screen.Resize(20, 5)
	top.sees("6 Loop")
	require.NoError(t, pty.Setsize(top.terminal, &pty.Winsize{Cols: 120, Rows: 30}))
	top.screen.Resize(120, 30)
	top.types("1")
	top.sees("7 Router")
	alpha.Stop()
	toolkittest.Serve(t, "beta")
	top.sees("beta.")
	top.types("/beta\r")
	top.sees("filter beta")
	top.gone("alpha.")
	top.types("S")
	top.sees("send STOP to beta.")
	top.types("y")
	require.Eventually(t, func() bool {
		left, err := os.ReadDir(dir)
		return err == nil && len(left) == 0
	}, 15*time.Second, 10*time.Millisecond)
	top.types("q")
	top.ends()
	require.NotZero(t, top.mode()&vt10x.ModeWrap)
	require.Zero(t, top.mode()&vt10x.ModeAltScreen, "the other screen is put away")
}

// Ctrl-Z gives the terminal back to the shell, in order, and fg goes on, in another size if it has that by then.
func TestSuspended(t *testing.T) {
	for name, args := range map[string][]string{"top": {"top"}, "watch": {"watch"}} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(control.DirVariable, t.TempDir())
			toolkittest.Serve(t, "alpha")
			cmd := programAs(t, "ed", args...)
			link := filepath.Join(t.TempDir(), "ed")
			require.NoError(t, os.Symlink(cmd.Path, link))
			cmd.Path = "/bin/sh"
			cmd.Args = append([]string{"sh", "-c", `set -m; "$0" "$@"; echo "left with $?"; stty -a; read -r line; fg >/dev/null; echo "ended with $?"`, link}, args...)
			s := startCommand(t, cmd, func(terminal *os.File, draw func([]byte)) { _, _ = io.Copy(writer(draw), terminal) }, 80, 24, nil)
			s.sees("alpha.")
			s.types("\x1a")
			s.sees("left with")
			s.sees(" icanon")
			require.Zero(t, s.mode()&vt10x.ModeAltScreen)
			require.Zero(t, s.mode()&vt10x.ModeMouseMotion)
			require.NotContains(t, s.screen.String(), "alpha.")
			require.NoError(t, pty.Setsize(s.terminal, &pty.Winsize{Cols: 90, Rows: 20}))
			s.screen.Resize(90, 20)
			s.types("\r")
			s.sees("alpha.")
			require.NotZero(t, s.mode()&vt10x.ModeAltScreen)
			require.NotZero(t, s.mode()&vt10x.ModeMouseMotion)
			s.types("q")
			s.sees("ended with 0")
			s.ends()
		})
	}
}

// Where no shell could let it go on, Ctrl-Z does not stop it.
func TestNobodyToSuspendTo(t *testing.T) {
	t.Setenv(control.DirVariable, t.TempDir())
	top := startOnScreen(t, 80, 24, nil, "top")
	top.sees("waiting for one")
	top.types("\x1a")
	require.Eventually(t, func() bool { return strings.Count(top.raw(), "\x1b[?1049h") == 2 }, time.Minute, 10*time.Millisecond)
	top.types("6")
	top.sees("6 Loop")
	top.types("q")
	top.ends()
}

// Interrupted, it leaves the terminal as it was, and dies of the signal.
func TestTopInterrupted(t *testing.T) {
	t.Setenv(control.DirVariable, t.TempDir())
	top := startOnScreen(t, 80, 24, nil, "top")
	top.sees("waiting for one")
	require.NoError(t, top.cmd.Process.Signal(syscall.SIGTERM))
	err := top.cmd.Wait()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, syscall.SIGTERM, exit.Sys().(syscall.WaitStatus).Signal())
	<-top.drawn
	require.Zero(t, top.mode()&vt10x.ModeAltScreen)
}

// SIGQUIT has the stacks printed, as of any program in Go, on a terminal that is as it was.
func TestScreenDumpsItsStacks(t *testing.T) {
	t.Setenv(control.DirVariable, t.TempDir())
	top := startOnScreen(t, 80, 24, nil, "top")
	top.sees("waiting for one")
	require.False(t, cooked(t, top.terminal))
	require.NoError(t, top.cmd.Process.Signal(syscall.SIGQUIT))
	require.Error(t, top.cmd.Wait())
	require.Equal(t, 2, top.cmd.ProcessState.ExitCode())
	<-top.drawn
	require.True(t, cooked(t, top.terminal))
	require.Zero(t, top.mode()&vt10x.ModeAltScreen)
	require.Less(t, strings.LastIndex(top.raw(), "\x1b[?1049l"), strings.Index(top.raw(), "SIGQUIT: quit"))
}

// cooked says whether a terminal takes lines, as a shell has it.
func cooked(t *testing.T, terminal *os.File) bool {
	t.Helper()
	raw, err := terminal.SyscallConn()
	require.NoError(t, err)
	var state *unix.Termios
	require.NoError(t, raw.Control(func(fd uintptr) { state, err = unix.IoctlGetTermios(int(fd), unix.TCGETS) }))
	require.NoError(t, err)
	return state.Lflag&unix.ICANON != 0
}

// A terminal that can do nothing is shown one look.
func TestTopOnDumbTerminal(t *testing.T) {
	t.Setenv(control.DirVariable, t.TempDir())
	toolkittest.Serve(t, "alpha")
	top := startOnScreen(t, 80, 24, []string{"TERM=dumb"}, "top")
	top.sees("TERM is dumb")
	top.sees("alpha.")
	top.ends()
	fits(t, top)
	once := startOnScreen(t, 60, 24, nil, "top", "--once")
	once.ends()
	fits(t, once)
	require.NotContains(t, once.raw(), "no full screen", "it was not asked for")
}

// fits says that a terminal had no line to break: rows of it can be read.
func fits(t *testing.T, s *onScreen) {
	t.Helper()
	<-s.drawn
	columns, _ := s.screen.Size()
	for line := range strings.Lines(s.raw()) {
		require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimRight(line, "\r\n")), columns, line)
	}
}
