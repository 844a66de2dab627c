package toolkit_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/service/servicetest"
)

// place runs a command that only finds the router.
func place(t *testing.T, w *toolkittest.World, args ...string) (p toolkit.RouterPlace, err error) {
	command := func(env *toolkit.Env) *cli.Command {
		return env.Configure("find", &cli.Command{
			Name: "find", Flags: toolkit.Flags(toolkit.RouterFlag()),
			Action: func(c *cli.Context) (err error) {
				p, err = env.Router(c)
				return err
			},
		}, "router")
	}
	err = w.Run(t.Context(), command, append([]string{"find"}, args...)...)
	return p, err
}

func TestRouterPlace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "router.conf")
	require.NoError(t, os.WriteFile(file, []byte("local_listen=127.0.0.3\n"), 0o600))
	w := toolkittest.New(t)
	p, err := place(t, w)
	require.NoError(t, err)
	require.Equal(t, "tcp://127.0.0.1:4040", p.Address.String())
	require.False(t, p.Given || p.Found)

	w.Vars["ED_ROUTER"] = "/run/x.sock"
	for text, want := range map[string]string{
		"": "unix:/run/x.sock", "@x": "unix:@x", "10.0.0.1": "tcp://10.0.0.1:4040", "cd:///y": "unix:/y", file + "@local_listen": "tcp://127.0.0.3:4040",
	} {
		p, err = place(t, w, "--router", text)
		require.NoError(t, err)
		require.Equal(t, want, p.Address.String())
		require.True(t, p.Given)
	}
	w.Vars["ED_ROUTER"] = ""
	w.Vars["ED_FIND_ROUTER"] = "/run/y.sock"
	p, err = place(t, w)
	require.NoError(t, err)
	require.Equal(t, "unix:/run/y.sock", p.Address.String())
	for _, text := range []string{"what://x", "udp://127.0.0.1:1", "fifo:/x"} {
		_, err = place(t, w, "--router", text)
		require.Equal(t, toolkit.Usage, toolkit.KindOf(err), text)
	}

	w = toolkittest.New(t)
	w.Vars["XDG_RUNTIME_DIR"] = filepath.Join(w.Root, "mine")
	path := filepath.Join(w.Root, "/run/communicator/communicatord.sock")
	for range 2 {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		l, err := net.Listen("unix", path)
		require.NoError(t, err)
		defer l.Close()
		p, err = place(t, w)
		require.NoError(t, err)
		require.Equal(t, toolkit.RouterPlace{Address: address.FromUnix(address.Unix, path), Found: true}, p)
		path = w.RouterPath() // ours goes first
	}
}

func TestIsPassing(t *testing.T) {
	for name, want := range map[string]bool{
		"ed_ping_4711_9f3a": true, "ed_signal_1_0000": true,
		"ed_ping": false, "ed_ping_x_9f3a": false, "ed_ping_4711_9f3": false, "cluckd": false, "ed_a_b_1_9f3a": false, "x_ping_4711_9f3a": false,
	} {
		require.Equal(t, want, toolkit.IsPassing(name), name)
	}
}

// What comes while the router is asked is kept; what is between us and the router does not show.
func TestRouted(t *testing.T) {
	r := servicetest.Start(t, servicetest.Options{})
	env := toolkit.NewEnv()
	s, err := env.DialRouter(t.Context(), r.At, toolkit.RouterOptions{Name: "ed_test"})
	require.NoError(t, err)
	require.True(t, toolkit.IsPassing(s.Name))
	require.Equal(t, "n1", s.Node)
	r.Send(s.Name, "<n1:cluckd FIRST")
	r.Send(s.Name, "<n1:communicatord STATUS service=x;status=up")
	r.Send(s.Name, "<n1:communicatord HELP")
	list, err := s.Services(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, toolkit.ServiceInfo{Name: s.Name, Server: "n1", Status: "up", Since: time.Unix(1768770000, 0), PID: os.Getpid()}, list[0])
	r.Wait("COMMANDS", 2)

	status, err := s.ServiceStatus(t.Context(), "none", s.Name)
	require.NoError(t, err)
	require.Equal(t, "unknown", status[0].Status)
	require.Equal(t, "up", status[1].Status)

	passed, err := s.Barrier()
	require.NoError(t, err)
	r.Wait("→d ALIVE", 3)
	r.Send(s.Name, "<n1:communicatord TRANSMISSION_REPORT command=A;status=failed")
	r.Send(s.Name, "<n1:other QUITTING") // not the router
	r.Send(s.Name, "<n1:other LAST")
	for _, want := range []string{"FIRST", "QUITTING", "LAST"} {
		m, err := s.Recv(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, m.Command())
	}
	select {
	case <-passed:
	default:
		t.Fatal("the router had answered before")
	}
	require.Equal(t, []toolkit.Report{{Command: "A"}}, s.Reports())
	require.Empty(t, s.Reports())

	r.Send(s.Name, "<n1:communicatord QUITTING")
	_, err = s.Next(t.Context())
	require.Equal(t, toolkit.Unavailable, toolkit.KindOf(err))
	require.NoError(t, s.Close())
	r.Wait("UNREGISTER service=ed_test_", 1)
}

func TestRoutedRefused(t *testing.T) {
	env := toolkit.NewEnv()
	silent := servicetest.Start(t, servicetest.Options{Silent: true})
	over := make(chan error, 1)
	for answer, kind := range map[string]toolkit.Kind{
		"<n1:communicatord INVALID command=REGISTER;message=no": toolkit.Permission,
		"UNKNOWN command=REGISTER":                              toolkit.Protocol,
		"<n1:communicatord QUITTING":                            toolkit.Unavailable,
	} {
		n := silent.Count("REGISTER")
		go func() {
			_, err := env.DialRouter(t.Context(), silent.At, toolkit.RouterOptions{Name: "ed_test"})
			over <- err
		}()
		silent.Wait("REGISTER", n+1)
		silent.Answer(answer)
		err := <-over
		require.Equal(t, kind, toolkit.KindOf(err), "%v", err)
	}
}

func TestRequestReport(t *testing.T) {
	for destination, want := range map[string]bool{"a": true, "": false, "*": false, ".": false, "?": false, "communicatord": false} {
		m := message.New("X")
		m.SetService(destination)
		toolkit.RequestReport(m)
		require.Equal(t, want, m.Has("transmission_report"), destination)
	}
	m := message.New("X").Set("transmission_report", "no")
	m.SetService("a")
	toolkit.RequestReport(m)
	require.Equal(t, "a/X transmission_report=no", m.String())
}

// A router whose socket is not for us is there: starting one is no help.
func TestRouterThatMayNotBeAsked(t *testing.T) {
	env := toolkittest.New(t).Env
	at := address.FromUnix(address.Unix, "/run/ed/router.sock")
	env.Dial = func(context.Context, address.Address, toolkit.DialOptions) (toolkit.Session, error) {
		return nil, &transport.OpError{Op: "connect", Addr: at, Err: syscall.EACCES}
	}
	_, err := env.DialRouter(t.Context(), at, toolkit.RouterOptions{})
	require.Equal(t, toolkit.Permission, toolkit.KindOf(err))
	require.EqualError(t, err, "the router may not be asked: connect unix:/run/ed/router.sock: permission denied")
	require.Equal(t, "its user and those in its group may; --router ADDR names another", toolkit.HintOf(err))
}
