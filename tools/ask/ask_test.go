package ask_test

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"
	"go.uber.org/goleak"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/tools/ask"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
	"github.com/ed-toolbox/ed/transport/service"
	"github.com/ed-toolbox/ed/transport/service/servicetest"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

func TestMain(m *testing.M) {
	transporttest.Prepare()
	goleak.VerifyTestMain(m)
}

// world has real sockets and a real clock.
func world(t *testing.T, r *servicetest.Router) *toolkittest.World {
	w := toolkittest.New(t)
	w.Dial, w.Now = toolkit.NewEnv().Dial, time.Now
	if r != nil {
		w.Vars["ED_ROUTER"] = r.At.String()
	}
	return w
}

// serve runs a service of the router until the end of the test. defaults false: it knows no ALIVE.
func serve(t *testing.T, r *servicetest.Router, name string, commands map[string]dispatch.Handler) {
	d := dispatch.New(dispatch.Options{})
	for command, h := range commands {
		require.NoError(t, d.On(command, h))
	}
	r.Register(t, service.Options{Name: name, Dispatcher: d})
}

// listen runs a service without a router.
func listen(t *testing.T, scheme string) address.Address {
	loop, err := reactor.New(reactor.Options{})
	require.NoError(t, err)
	d := dispatch.New(dispatch.Options{})
	require.NoError(t, d.Defaults(dispatch.DefaultsOptions{}))
	o := link.Options{Dispatcher: d}
	if scheme == "udp" {
		a, err := address.Parse("udp://127.0.0.1:0", address.Defaults{AnyPort: true})
		require.NoError(t, err)
		p, err := open.Packet(loop, a, address.Address{}, transport.Options{}, link.NewDatagram(o, nil))
		require.NoError(t, err)
		run(t, loop, func() { _ = p.Close() })
		return p.Local()
	}
	server := link.NewServer(o)
	l, err := open.Listen(loop, address.FromUnix(address.Unix, t.TempDir()+"/s"), transport.Options{}, server.Accept)
	require.NoError(t, err)
	run(t, loop, func() {
		_ = l.Close()
		for k := range server.Links() {
			k.Abort(nil)
		}
	})
	return l.Addr()
}

// run runs a loop until the end of the test.
func run(t *testing.T, loop *reactor.Loop, stop func()) {
	over := make(chan error, 1)
	go func() { over <- loop.Run(context.Background()) }()
	t.Cleanup(func() {
		require.NoError(t, loop.Post(func() { stop(); loop.Stop() }))
		require.NoError(t, <-over)
		require.NoError(t, loop.Close())
	})
}

func silent(dispatch.Sender, *message.Message) error { return nil }

func records(t *testing.T, text string) (all []map[string]any) {
	for line := range strings.Lines(text) {
		m := map[string]any{}
		require.NoError(t, json.Unmarshal([]byte(line), &m), line)
		require.EqualValues(t, 1, m["v"])
		all = append(all, m)
	}
	return all
}

func TestServices(t *testing.T) {
	r := servicetest.Start(t, servicetest.Options{})
	w := world(t, r)
	require.NoError(t, w.Run(t.Context(), ask.Services, "services"))
	require.Empty(t, w.Out.String())
	require.Contains(t, w.Err.String(), "has no services")

	serve(t, r, "cluckd", nil)
	serve(t, r, "alpha", nil)
	serve(t, r, "ed_ping_4711_ab12", nil)
	since := time.Unix(1768770000, 0).Format(time.DateTime)
	w = world(t, r)
	require.NoError(t, w.Run(t.Context(), ask.Services, "services"))
	require.Equal(t, "SERVICE  SERVER  STATUS  SINCE\nalpha    n1      up      "+since+"\ncluckd   n1      up      "+since+"\n", w.Out.String())
	require.Empty(t, w.Err.String())

	w = world(t, r)
	require.NoError(t, w.Run(t.Context(), ask.Services, "services", "--all", "--json"))
	got := records(t, w.Out.String())
	require.Len(t, got, 3)
	require.Equal(t, map[string]any{"v": 1.0, "service": "alpha", "server": "n1", "status": "up", "since": "2026-01-18T21:00:00Z", "pid": float64(os.Getpid())}, got[0])
}

func TestServicesByName(t *testing.T) {
	for _, cxx := range []bool{false, true} {
		r := servicetest.Start(t, servicetest.Options{Cxx: cxx})
		serve(t, r, "cluckd", nil)
		w := world(t, r)
		require.NoError(t, w.Run(t.Context(), ask.Services, "services", "--json", "cluckd"))
		require.Equal(t, "up", records(t, w.Out.String())[0]["status"])

		w = world(t, r)
		err := w.Run(t.Context(), ask.Services, "services", "cluckf", "cluckd")
		require.Equal(t, toolkit.Unavailable, toolkit.KindOf(err))
		require.Regexp(t, `(?m)^cluckf +- +unknown +-\ncluckd +n1 +up`, w.Out.String())
		if cxx {
			require.EqualError(t, err, `no service "cluckf" on the router at `+r.At.String())
		} else {
			require.EqualError(t, err, `no service "cluckf" on this router; known: cluckd`)
			require.Equal(t, "did you mean cluckd?", toolkit.HintOf(err))
		}
	}
}

// communicatord does not list: that is said at once, and what can be done.
func TestServicesOfCxx(t *testing.T) {
	r := servicetest.Start(t, servicetest.Options{Cxx: true})
	w := world(t, r)
	start := time.Now()
	err := w.Run(t.Context(), ask.Services, "services", "--timeout", "1m")
	require.Equal(t, toolkit.Unavailable, toolkit.KindOf(err))
	require.ErrorContains(t, err, "does not list its services")
	require.Contains(t, toolkit.HintOf(err), "ed services NAME")
	require.Less(t, time.Since(start), 20*time.Second)
}

func TestServicesWatch(t *testing.T) {
	for _, cxx := range []bool{false, true} {
		r := servicetest.Start(t, servicetest.Options{Cxx: cxx})
		w := world(t, r)
		ctx, stop := context.WithCancelCause(t.Context())
		over := make(chan error, 1)
		go func() { over <- w.Run(ctx, ask.Services, "services", "--watch", "--json") }()
		r.Wait("LIST_SERVICES", 1)
		r.Wait("ABSOLUTELY", 1)
		t.Run("changes", func(t *testing.T) { serve(t, r, "cluckd", nil) })
		require.Eventually(t, func() bool { return strings.Count(w.Out.String(), "\n") == 2 }, 10*time.Second, time.Millisecond)
		stop(&toolkit.Interrupted{Signal: os.Interrupt})
		require.Equal(t, toolkit.Interrupt, toolkit.KindOf(<-over))
		got := records(t, w.Out.String())
		for i, status := range []string{"up", "down"} {
			require.Equal(t, "cluckd", got[i]["service"])
			require.Equal(t, "status", got[i]["event"])
			require.Equal(t, status, got[i]["status"])
		}
		r.Wait("UNREGISTER service=ed_services_", 1)
	}
}

func TestNoRouter(t *testing.T) {
	r := servicetest.Start(t, servicetest.Options{})
	r.Kill()
	for name, command := range map[string]func(*toolkit.Env) *cli.Command{"services": ask.Services, "ping": ask.Ping} {
		w := world(t, r)
		err := w.Run(t.Context(), command, name)
		require.Equal(t, toolkit.Unavailable, toolkit.KindOf(err))
		require.ErrorContains(t, err, "no router answers")
		require.Contains(t, toolkit.HintOf(err), "ed router starts one")
	}
	mute := servicetest.Start(t, servicetest.Options{Silent: true})
	w := world(t, mute)
	err := w.Run(t.Context(), ask.Services, "services", "--watch", "--timeout", "50ms")
	require.Equal(t, toolkit.Timeout, toolkit.KindOf(err), "%v", err)

	l, err := net.Listen("tcp", "127.0.0.1:0") // it does not even accept
	require.NoError(t, err)
	defer l.Close()
	err = world(t, nil).Run(t.Context(), ask.Services, "services", "--router", "tcp://"+l.Addr().String(), "--timeout", "50ms")
	require.Equal(t, toolkit.Timeout, toolkit.KindOf(err), "%v", err)
	require.ErrorContains(t, err, "within 50ms")
}
