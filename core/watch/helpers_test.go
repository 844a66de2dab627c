package watch_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ed-toolbox/ed/core/reactor"
)

// limit bounds every wait of these tests.
const limit = time.Minute

func TestMain(m *testing.M) {
	if mode := os.Getenv(childMode); mode != "" {
		playChild(mode)
		return
	}
	_ = os.Setenv("ED_VERIFY", "1")
	if r, w, err := os.Pipe(); err == nil { // the runtime's own descriptors come with the first pipe
		_, _ = r.Close(), w.Close()
	}
	goleak.VerifyTestMain(m)
}

// newLoop makes a loop; at the end of the test no descriptor may be left that was not there before.
func newLoop(tb testing.TB) *reactor.Loop {
	tb.Helper()
	return newLoopWith(tb, reactor.Options{})
}

// quietLoop is for panics: it does not log.
func quietLoop(tb testing.TB) *reactor.Loop {
	tb.Helper()
	return newLoopWith(tb, reactor.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
}

func newLoopWith(tb testing.TB, o reactor.Options) *reactor.Loop {
	tb.Helper()
	before := descriptors(tb)
	l, err := reactor.New(o)
	require.NoError(tb, err)
	tb.Cleanup(func() {
		require.NoError(tb, l.Close())
		// A FileWatch closes its own a little later.
		require.Eventually(tb, func() bool { return descriptors(tb) <= before }, limit, time.Millisecond, "open descriptors")
	})
	return l
}

func descriptors(tb testing.TB) int {
	tb.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(tb, err)
	return len(entries)
}

// run turns the loop until it ends by itself or is stopped.
func run(tb testing.TB, l *reactor.Loop) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	require.NoError(tb, l.Run(ctx))
}

// runUntil turns the loop until the condition is true before a wait.
func runUntil(tb testing.TB, l *reactor.Loop, f func() bool) {
	tb.Helper()
	remove := l.BeforeWait(func() {
		if f() {
			l.Stop()
		}
	})
	defer remove()
	tick := l.Every(time.Millisecond, "look", func(int) {})
	defer tick.Cancel()
	run(tb, l)
}

// scratch makes an empty directory, in memory if possible, the working directory of the test.
func scratch(tb testing.TB) {
	tb.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "ed-watch-")
	if err != nil {
		dir = tb.TempDir()
	}
	tb.Cleanup(func() { require.NoError(tb, os.RemoveAll(dir)) })
	tb.Chdir(dir)
}
