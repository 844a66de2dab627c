package link_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

// serviceVariable makes the test's own program a service on that address, and idleVariable gives it an idle time-out.
const serviceVariable, idleVariable = "ED_LINK_TEST_SERVICE", "ED_LINK_TEST_IDLE"

// runService prints the serial of each message that it gets, at once: it does not live to see its own end.
func runService(where string) {
	d := dispatch.New(dispatch.Options{})
	count := func(_ dispatch.Sender, m *message.Message) error {
		serial, _ := m.Get("serial")
		_, err := os.Stdout.WriteString(serial + "\n")
		return err
	}
	a, err := address.Parse(where, address.Defaults{AnyPort: true})
	loop, err2 := reactor.New(reactor.Options{})
	if err != nil || err2 != nil || d.On("COUNT", count) != nil || d.Defaults(dispatch.DefaultsOptions{}) != nil {
		panic(fmt.Sprint(err, err2))
	}
	idle, _ := time.ParseDuration(os.Getenv(idleVariable))
	l, err := open.Listen(loop, a, transport.Options{}, link.NewServer(link.Options{Loop: loop, Dispatcher: d, IdleTimeout: idle}).Accept)
	if err != nil {
		panic(err)
	}
	fmt.Printf("at %s\n", l.Addr())
	_ = loop.Run(context.Background()) // it is killed
}

// process is a service in a process of its own.
type process struct {
	cmd  *exec.Cmd
	at   string
	over chan struct{} // all that it had printed was read
}

func startProcess(t *testing.T, where string, c *counter) *process {
	p := &process{cmd: exec.Command(os.Args[0]), over: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), serviceVariable+"="+where)
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan(), "it says where it is")
	p.at = strings.TrimPrefix(lines.Text(), "at ")
	go func() {
		defer close(p.over)
		for lines.Scan() {
			serial, err := strconv.ParseInt(lines.Text(), 10, 64)
			c.mu.Lock()
			if err == nil {
				c.got = append(c.got, serial)
			}
			c.mu.Unlock()
		}
	}()
	return p
}

// kill ends it with SIGKILL, having stopped it before if frozen.
func (p *process) kill(t *testing.T, w *transporttest.World, frozen bool) {
	if frozen {
		require.NoError(t, p.cmd.Process.Signal(syscall.SIGSTOP))
		w.For(5 * time.Millisecond)
	}
	require.NoError(t, p.cmd.Process.Kill())
	<-p.over
	require.Error(t, p.cmd.Wait())
}

// TestKilledService: the delivery rule holds for a service that is killed, in the midst of things or when frozen.
func TestKilledService(t *testing.T) {
	for name, where := range map[string]string{"tcp": "tcp://127.0.0.1:0", "unix": "unix:" + filepath.Join(t.TempDir(), "s")} {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			restarts := 20
			switch {
			case os.Getenv("ED_FAULTS") == "long":
				restarts = 100
			case testing.Short():
				restarts = 5
			}
			c := &counter{}
			s := startProcess(t, where, c)
			at := parse(t, s.at)
			f := startTraffic(w, func(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
				return open.Dial(l, at, transport.Options{}, h)
			}, link.PermanentOptions{Pauses: link.Pauses{time.Millisecond}})
			chance := rand.New(rand.NewPCG(2, 2))
			for i := range restarts {
				before := c.len()
				w.Until("there is traffic", func() bool { return c.len() > before+chance.IntN(60) })
				s.kill(t, w, i%3 == 0)
				s = startProcess(t, s.at, c)
			}
			before := c.len()
			w.Until("there is traffic", func() bool { return c.len() > before })
			f.timer.Cancel()
			f.p.Close()
			w.Idle()
			s.kill(t, w, false)
			f.check(c)
		})
	}
}

// TestStoppedService: what a service was sent while it was stopped came in time, however late it goes on; what came later did not.
func TestStoppedService(t *testing.T) {
	const idle, stop = 300 * time.Millisecond, 400 * time.Millisecond
	t.Setenv(idleVariable, idle.String())
	for name, where := range map[string]string{"tcp": "tcp://127.0.0.1:0", "unix": "unix:" + filepath.Join(t.TempDir(), "s")} {
		t.Run(name, func(t *testing.T) {
			w, c := transporttest.NewWorld(t), &counter{}
			s := startProcess(t, where, c)
			heard := &transporttest.Recorder{T: t, Name: "heard"}
			silent := &transporttest.Recorder{T: t, Name: "silent"}
			var conn transport.Conn
			for _, r := range []*transporttest.Recorder{silent, heard} {
				var err error
				conn, err = open.Dial(w.Loop, parse(t, s.at), transport.Options{}, r)
				require.NoError(t, err)
				w.Until("it opens", func() bool { return r.Opened == 1 })
			}
			require.NoError(t, conn.Write([]byte("COUNT serial=1\n")))
			w.Until("it is served", func() bool { return c.len() == 1 })
			w.For(50 * time.Millisecond) // its loop waits
			require.NoError(t, s.cmd.Process.Signal(syscall.SIGSTOP))
			w.For(20 * time.Millisecond) // all its threads stand still
			require.NoError(t, conn.Write([]byte("COUNT serial=2\n")))
			w.For(stop)
			require.NoError(t, s.cmd.Process.Signal(syscall.SIGCONT))
			w.Until("both ends are decided", func() bool { return silent.Closed == 1 && (heard.Closed == 1 || c.len() == 2) })
			require.Equal(t, 2, c.len())
			w.Until("it is silent", func() bool { return heard.Closed == 1 })
			s.kill(t, w, false)
		})
	}
}
