package reactor_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/core/reactor"
)

func TestMain(m *testing.M) {
	_ = os.Setenv("ED_VERIFY", "1")
	goleak.VerifyTestMain(m)
}

type handler func(s reactor.Source, ready reactor.Interest)

func (f handler) OnReady(s reactor.Source, ready reactor.Interest) { f(s, ready) }

// quickLoop is a loop without ownership checks, as in production.
func quickLoop(tb testing.TB) *reactor.Loop {
	tb.Setenv("ED_VERIFY", "")
	return newLoop(tb, reactor.Options{})
}

func newLoop(tb testing.TB, o reactor.Options) *reactor.Loop {
	tb.Helper()
	l, err := reactor.New(o)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, l.Close()) })
	return l
}

// run runs the loop on the test's goroutine until it ends by itself. A loop that does not is stopped after a while.
func run(tb testing.TB, l *reactor.Loop) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	require.NoError(tb, l.Run(ctx))
}

// start runs the loop on a goroutine of its own; the channel gets Run's result.
func start(l *reactor.Loop, ctx context.Context) <-chan error {
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	return done
}

// wait gives Run's result.
func wait(tb testing.TB, done <-chan error) error {
	tb.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(20 * time.Second):
		require.FailNow(tb, "the loop does not end")
		return nil
	}
}

// eventually waits for a condition that another goroutine brings about.
func eventually(tb testing.TB, what string, f func() bool) {
	tb.Helper()
	require.Eventually(tb, f, 20*time.Second, time.Millisecond, what)
}

func socketPair(tb testing.TB) (int, int) {
	tb.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	require.NoError(tb, err)
	tb.Cleanup(func() { _, _ = unix.Close(fds[0]), unix.Close(fds[1]) })
	return fds[0], fds[1]
}

// readable is a descriptor that is always ready to read.
func readable(tb testing.TB) int {
	tb.Helper()
	one, two := socketPair(tb)
	send(tb, two)
	return one
}

func send(tb testing.TB, fd int) {
	tb.Helper()
	_, err := unix.Write(fd, []byte("x"))
	require.NoError(tb, err)
}

func add(tb testing.TB, l *reactor.Loop, fd int, i reactor.Interest, f handler) reactor.Source {
	tb.Helper()
	s, err := l.Add(fd, f, reactor.SourceOptions{Interest: i})
	require.NoError(tb, err)
	return s
}
