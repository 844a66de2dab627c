package on_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ed-toolbox/ed/tools/on"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

const patience = 40 * time.Second

func TestMain(m *testing.M) {
	transporttest.Prepare()
	goleak.VerifyTestMain(m)
}

// running is an `ed on` in a directory of its own.
type running struct {
	*toolkittest.Running
	t   *testing.T
	dir string
}

// start runs `ed on` with args, in which DIR is the directory. It returns when it says that it watches.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	r := begin(t, args...)
	r.WaitFor(r.Err, func(s string) bool {
		return strings.Contains(s, "watching") || strings.Contains(s, "waiting for") || strings.Contains(s, "first at") || strings.Contains(s, "next on")
	})
	return r
}

// begin is start without the wait.
func begin(t *testing.T, args ...string) *running {
	t.Helper()
	r, w := &running{t: t, dir: t.TempDir()}, toolkittest.New(t)
	w.Now = time.Now
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, "DIR", r.dir)
	}
	r.Running = toolkittest.Start(t, w, on.Command, append([]string{"on"}, args...)...)
	return r
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
