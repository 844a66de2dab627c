package toolkittest

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// patience is how long a Running waits for what must happen at once.
const patience = 40 * time.Second

// Running is a command at work on a goroutine of its own.
type Running struct {
	*World
	t      testing.TB
	cancel context.CancelCauseFunc
	done   chan error
}

// Start runs a command in w, as Run does. The end of the test ends it.
func Start(t testing.TB, w *World, command func(*toolkit.Env) *cli.Command, args ...string) *Running {
	ctx, cancel := context.WithCancelCause(t.Context())
	r := &Running{World: w, t: t, cancel: cancel, done: make(chan error, 1)}
	go func() { r.done <- w.Run(ctx, command, args...) }()
	t.Cleanup(func() { cancel(nil) })
	return r
}

// WaitFor waits until what was written to b satisfies f.
func (r *Running) WaitFor(b *Buffer, f func(string) bool) {
	r.t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for !f(b.String()) {
		select {
		case <-look.C:
		case <-limit.C:
			r.t.Fatalf("what is waited for does not come\nout: %s\nerr: %s", r.Out, r.Err)
		}
	}
}

// WaitOut waits for a text on the standard output.
func (r *Running) WaitOut(text string) {
	r.t.Helper()
	r.WaitFor(r.Out, func(s string) bool { return strings.Contains(s, text) })
}

// WaitErr waits for a text on the standard error.
func (r *Running) WaitErr(text string) {
	r.t.Helper()
	r.WaitFor(r.Err, func(s string) bool { return strings.Contains(s, text) })
}

// Stop ends the command as Ctrl-C does, and returns its error.
func (r *Running) Stop() error {
	r.t.Helper()
	r.cancel(&toolkit.Interrupted{Signal: os.Interrupt})
	return r.End()
}

// End waits for the end of the command and returns its error.
func (r *Running) End() error {
	r.t.Helper()
	select {
	case err := <-r.done:
		return err
	case <-time.After(patience):
		r.t.Fatalf("it does not end\nout: %s\nerr: %s", r.Out, r.Err)
		return nil
	}
}
