// Package toolkittest stands in for the world around a command.
package toolkittest

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// Buffer collects what is written to a stream. Any goroutine may use it.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write adds p.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String returns all that was written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// World is an Env and what a test looks at and turns.
type World struct {
	*toolkit.Env
	Out, Err *Buffer
	Vars     map[string]string // the environment
	Dialled  []address.Address // what was dialled, in order
	Session  *Session          // what Dial returns; nil makes it fail with DialErr
	DialErr  error
}

func (w *World) environ() []string {
	var all []string
	for name, value := range w.Vars {
		all = append(all, name+"="+value)
	}
	return all
}

// New returns a world without terminals, with no variable set, no configuration files, host name "test-host.example", and
// the clock at 2026-01-02T03:04:05Z.
func New(t testing.TB) *World {
	w := &World{Out: &Buffer{}, Err: &Buffer{}, Vars: map[string]string{}}
	w.Env = &toolkit.Env{
		Stdin:    toolkit.Input{Reader: strings.NewReader("")},
		Stdout:   &toolkit.Stream{Writer: w.Out, Name: "standard output", Width: 80},
		Stderr:   &toolkit.Stream{Writer: w.Err, Name: "standard error", Width: 80},
		Getenv:   func(name string) string { return w.Vars[name] },
		Environ:  w.environ,
		Now:      func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
		HostName: func() (string, error) { return "test-host.example", nil },
		Program:  "ed",
		Root:     t.TempDir(),
		Dial:     w.dial,
	}
	return w
}

func (w *World) dial(_ context.Context, a address.Address, _ toolkit.DialOptions) (toolkit.Session, error) {
	w.Dialled = append(w.Dialled, a)
	if w.Session == nil {
		return nil, w.DialErr
	}
	return w.Session, nil
}

// Terminal makes the streams terminals of that width.
func (w *World) Terminal(width int) {
	w.Stdin.TTY, w.Stdout.TTY, w.Stderr.TTY = true, true, true
	w.Stdout.Width, w.Stderr.Width = width, width
}

// Run runs one command through the real command line: args are what follows "ed", the command's name first.
func (w *World) Run(ctx context.Context, command func(*toolkit.Env) *cli.Command, args ...string) error {
	app := &cli.App{Name: "ed", Commands: []*cli.Command{command(w.Env)}}
	toolkit.Prepare(w.Env, app)
	inv, err := toolkit.Normalise(app, args)
	w.Program = strings.Join(append([]string{"ed"}, inv.Path...), " ")
	if err != nil || inv.Help || inv.Version {
		return err
	}
	return app.RunContext(ctx, append([]string{"ed"}, inv.Args...))
}
