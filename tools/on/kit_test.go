package on_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ed-toolbox/ed/tools/on"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
)

const patience = 10 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// running is an `ed on` in a directory of its own.
type running struct {
	t      *testing.T
	world  *toolkittest.World
	cancel context.CancelCauseFunc
	done   chan error
	dir    string
}

// start runs `ed on` with args, in which DIR is the directory. It returns when it says that it watches.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	r := begin(t, args...)
	r.waitFor(r.world.Err, func(s string) bool {
		return strings.Contains(s, "watching") || strings.Contains(s, "waiting for") || strings.Contains(s, "first at") || strings.Contains(s, "next on")
	})
	return r
}

// begin is start without the wait.
func begin(t *testing.T, args ...string) *running {
	t.Helper()
	r := &running{t: t, world: toolkittest.New(t), done: make(chan error, 1), dir: t.TempDir()}
	r.world.Now = time.Now
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, "DIR", r.dir)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	r.cancel = cancel
	go func() { r.done <- r.world.Run(ctx, on.Command, append([]string{"on"}, args...)...) }()
	t.Cleanup(func() { cancel(nil) })
	return r
}

// waitFor waits until what was written to b satisfies f.
func (r *running) waitFor(b *toolkittest.Buffer, f func(string) bool) {
	r.t.Helper()
	require.Eventually(r.t, func() bool { return f(b.String()) }, patience, time.Millisecond,
		"out: %s\nerr: %s", lazy(r.world.Out.String), lazy(r.world.Err.String))
}

// lazy is printed as it is then.
type lazy func() string

func (f lazy) String() string { return f() }

func (r *running) waitOut(text string) {
	r.t.Helper()
	r.waitFor(r.world.Out, func(s string) bool { return strings.Contains(s, text) })
}

func (r *running) waitErr(text string) {
	r.t.Helper()
	r.waitFor(r.world.Err, func(s string) bool { return strings.Contains(s, text) })
}

// write makes a file in the directory.
func (r *running) write(name, text string) {
	r.t.Helper()
	require.NoError(r.t, os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600))
}

// read returns what a command wrote into a file of the directory.
func (r *running) read(name string) string {
	text, err := os.ReadFile(filepath.Join(r.dir, name))
	if err != nil {
		return ""
	}
	return string(text)
}

// stop ends it as Ctrl-C does, and returns its error.
func (r *running) stop() error {
	r.t.Helper()
	r.cancel(&toolkit.Interrupted{Signal: syscall.SIGINT})
	return r.end()
}

// end waits for the end.
func (r *running) end() error {
	r.t.Helper()
	select {
	case err := <-r.done:
		return err
	case <-time.After(patience):
		require.Fail(r.t, "it does not end", "out: %s\nerr: %s", r.world.Out, r.world.Err)
		return nil
	}
}

// refused runs a command line that must be wrong.
func refused(t *testing.T, kind toolkit.Kind, want string, args ...string) {
	t.Helper()
	w := toolkittest.New(t)
	err := w.Run(t.Context(), on.Command, append([]string{"on"}, args...)...)
	require.Error(t, err)
	text := err.Error()
	if hint := toolkit.HintOf(err); hint != "" {
		text += "; " + hint
	}
	require.Contains(t, text, want)
	require.Equal(t, kind, toolkit.KindOf(err), text)
}
