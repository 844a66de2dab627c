package control_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/control"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

func TestMain(m *testing.M) {
	transporttest.Prepare()
	goleak.VerifyTestMain(m)
}

// patience is how long a test waits for anything. It is reached only when something is wrong.
const patience = 40 * time.Second

// service is an echo with a control socket, on a loop of its own.
type service struct {
	t        testing.TB
	loop     *reactor.Loop
	commands *dispatch.Dispatcher
	server   *link.Server
	listener transport.Listener
	control  *control.Control
	stopped  int
	rotated  int
	done     chan error
	cancel   context.CancelFunc
}

// startService runs an echo; change may change the options of its control socket.
func startService(t testing.TB, change func(*control.Options)) *service {
	t.Helper()
	s := newService(t, change)
	s.run()
	return s
}

func newService(t testing.TB, change func(*control.Options)) *service {
	t.Helper()
	transporttest.NoLeaks(t)
	dir := t.TempDir()
	loop, err := reactor.New(reactor.Options{Name: "service"})
	require.NoError(t, err)
	s := &service{t: t, loop: loop, commands: dispatch.New(dispatch.Options{}), done: make(chan error, 1)}
	require.NoError(t, s.commands.Defaults(dispatch.DefaultsOptions{
		Stop: func(bool) { s.stopped++ }, LogRotate: func() { s.rotated++ },
	}))
	require.NoError(t, s.commands.Add(dispatch.Match{Glob: "ECHO*", Name: "echo", Handler: func(from dispatch.Sender, m *message.Message) error {
		reply := m.Reply(m.Command())
		reply.CopyParams(m)
		return from.Send(reply)
	}}))
	s.server = link.NewServer(link.Options{Dispatcher: s.commands})
	s.listener, err = open.Listen(loop, address.FromUnix(address.Unix, filepath.Join(dir, "service.sock")), transport.Options{}, s.server.Accept)
	require.NoError(t, err)
	o := control.Options{Name: "echo", Dispatcher: s.commands, Server: s.server, Path: filepath.Join(dir, "echo.1.sock"),
		Logger: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&o)
	}
	s.control, err = control.Serve(loop, o)
	require.NoError(t, err)
	return s
}

func (s *service) run() {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	go func() { s.done <- s.loop.Run(ctx) }()
	s.t.Cleanup(s.stop)
}

// stop ends the loop and everything on it, once.
func (s *service) stop() {
	if s.cancel == nil {
		return
	}
	s.cancel()
	s.cancel = nil
	require.ErrorIs(s.t, <-s.done, context.Canceled)
	for l := range s.server.Links() {
		l.Abort(nil)
	}
	require.NoError(s.t, s.control.Close())
	require.NoError(s.t, s.listener.Close())
	require.NoError(s.t, s.loop.Close())
}

// on runs f on the loop.
func (s *service) on(f func()) {
	s.t.Helper()
	done := make(chan struct{})
	require.NoError(s.t, s.loop.Post(func() { f(); close(done) }))
	select {
	case <-done:
	case <-time.After(patience):
		s.t.Fatal("the loop does not turn")
	}
}

// eventually waits until f holds on the loop.
func (s *service) eventually(what string, f func() bool) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		ok := false
		s.on(func() { ok = f() })
		return ok
	}, patience, time.Millisecond, what)
}

// client talks to the service itself.
func (s *service) client() *link.Blocking {
	s.t.Helper()
	b, err := link.Dial(s.ctx(), func(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
		return open.Dial(l, s.listener.Addr(), transport.Options{}, h)
	}, link.BlockingOptions{})
	require.NoError(s.t, err)
	s.t.Cleanup(func() { b.Abort(nil); _ = b.Close() })
	return b
}

// visit talks to the control socket.
func (s *service) visit() *control.Client {
	s.t.Helper()
	c, err := control.Dial(s.ctx(), address.FromUnix(address.Unix, s.control.Path()))
	require.NoError(s.t, err)
	s.t.Cleanup(c.Close)
	return c
}

func (s *service) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	s.t.Cleanup(cancel)
	return ctx
}

// echo sends a message to the service and waits for its answer.
func (s *service) echo(b *link.Blocking, line string) {
	s.t.Helper()
	m, err := message.Parse([]byte(line))
	require.NoError(s.t, err)
	require.NoError(s.t, b.Send(m))
	_, err = b.Recv(s.ctx())
	require.NoError(s.t, err)
}

// firstLink is the identity of the first connection that the service tells of.
func (s *service) firstLink(c *control.Client) string {
	s.t.Helper()
	sheets, err := c.Inspect(s.ctx(), "connections")
	require.NoError(s.t, err)
	return sheets[0].Value(0, "link")
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
