package signal_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/signal"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	routed "github.com/ed-toolbox/ed/transport/service"
	"github.com/ed-toolbox/ed/transport/service/servicetest"
)

// routedWorld knows where the router is.
func routedWorld(t *testing.T, r *servicetest.Router) *toolkittest.World {
	w := world(t)
	w.Vars["ED_ROUTER"] = r.At.String()
	return w
}

// register runs a service that answers PING with PONG.
func register(t *testing.T, r *servicetest.Router, name string) {
	d := dispatch.New(dispatch.Options{})
	require.NoError(t, d.On("PING", func(from dispatch.Sender, m *message.Message) error { return from.Send(m.Reply("PONG")) }))
	require.NoError(t, d.On("QUIET", func(dispatch.Sender, *message.Message) error { return nil }))
	r.Register(t, routed.Options{Name: name, Dispatcher: d})
}

// TestSignalByRouter: where a service is named and there is a router, that is asked to bring it there.
func TestSignalByRouter(t *testing.T) {
	for _, cxx := range []bool{false, true} {
		r := servicetest.Start(t, servicetest.Options{Cxx: cxx})
		register(t, r, "cluckd")
		w := routedWorld(t, r)
		require.NoError(t, w.Run(t.Context(), signal.Command, "signal", "-v", "cluckd/QUIET", "a=1"))
		require.Equal(t, "sent QUIET to cluckd via "+r.At.String()+" (no reply expected)\n", w.Err.String())
		require.Empty(t, w.Out.String())
		r.Wait(`^\?→d <test_hostexample:ed_signal cluckd/QUIET a=1;transmission_report=failure$`, 1)
		require.Equal(t, 1, r.Count("→d REGISTER"), "who waits for no answer needs no name")

		w = routedWorld(t, r)
		require.NoError(t, w.Run(t.Context(), signal.Command, "signal", "--wait", "cluckd/PING"))
		require.Regexp(t, `^<n1:cluckd n1:ed_signal_\d+_[0-9a-f]{4}/PONG\n$`, w.Out.String())
		r.Wait("→d UNREGISTER service=ed_signal_", 1)

		w = routedWorld(t, r)
		require.NoError(t, w.Run(t.Context(), signal.Command, "signal", "--reply", "communicatord/HELP"))
		require.Contains(t, w.Out.String(), "COMMANDS list=")
		require.Equal(t, 2, r.Count("→d REGISTER"), "the router answers anybody")

		w = routedWorld(t, r)
		require.NoError(t, w.Run(t.Context(), signal.Command, "signal", "*/QUIET"))
		r.Wait(`^d→cluckd <test_hostexample:ed_signal \*/QUIET$`, 1)
	}
}

// TestSignalNoSuchService: it is an error where the router tells.
func TestSignalNoSuchService(t *testing.T) {
	r := servicetest.Start(t, servicetest.Options{Listed: map[string]bool{"later": true}, Full: map[string]bool{"snaprfs": true}})
	register(t, r, "cluckd")
	register(t, r, "snaprfs")
	for _, args := range [][]string{{"cluckdd/STOP"}, {"cluckdd/STOP", "--wait", "--timeout", "20s"}, {"cluckdd/STOP", "--reply"}, {"n1:cluckdd/STOP"}} {
		w := routedWorld(t, r)
		start := time.Now()
		err := w.Run(t.Context(), signal.Command, append([]string{"signal"}, args...)...)
		require.ErrorContains(t, err, `no service "cluckdd"`)
		require.Regexp(t, `on (this router|n1); known: cluckd, snaprfs$`, err.Error())
		require.Equal(t, toolkit.Unavailable, toolkit.KindOf(err))
		require.Equal(t, "did you mean cluckd?", toolkit.HintOf(err))
		require.Less(t, time.Since(start), 30*time.Second)
		require.Empty(t, w.Out.String())

		w = routedWorld(t, r)
		require.NoError(t, w.Run(t.Context(), signal.Command, append([]string{"signal", "--if-running"}, args...)...))
		require.Empty(t, w.Err.String())
		require.NoError(t, w.Run(t.Context(), signal.Command, append([]string{"signal", "--if-running", "-v"}, args...)...))
		require.Contains(t, w.Err.String(), "there is no service cluckdd\n")
	}

	w := routedWorld(t, r)
	err := w.Run(t.Context(), signal.Command, "signal", "snaprfs/STOP")
	require.EqualError(t, err, `service "snaprfs" is there and did not get it: it does not read, or came only now`)
	w = routedWorld(t, r)
	require.NoError(t, w.Run(t.Context(), signal.Command, "signal", "later/STOP"))
	require.Equal(t, "the router keeps STOP until later is there\n", w.Err.String())

	cxx := servicetest.Start(t, servicetest.Options{Cxx: true})
	w = routedWorld(t, cxx)
	require.NoError(t, w.Run(t.Context(), signal.Command, "signal", "cluckdd/STOP"), "it may be on another node: communicatord does not tell")
	err = w.Run(t.Context(), signal.Command, "signal", "n1:cluckdd/STOP")
	require.EqualError(t, err, `no service "cluckdd" on n1`)
}

// TestSignalRoute: when the router is taken and when not.
func TestSignalRoute(t *testing.T) {
	r := servicetest.Start(t, servicetest.Options{})
	register(t, r, "cluckd")
	other := serve(t, address.TCP)
	n := 0
	for name, tt := range map[string]struct {
		args   []string
		compat bool
		routed bool
		kind   toolkit.Kind // Other: no error
	}{
		"service":          {args: []string{"cluckd/QUIET"}, routed: true},
		"service option":   {args: []string{"QUIET", "-S", "cluckd"}, routed: true},
		"host":             {args: []string{"cluckd/QUIET", "-H", other.addr.String()}},
		"ed-signal":        {args: []string{"cluckd/QUIET", "-H", "127.0.0.1:" + freeUDP(t)}, compat: true, kind: toolkit.Unavailable},
		"ed-signal asked":  {args: []string{"cluckd/QUIET", "--router", r.At.Path}, compat: true, routed: true},
		"both":             {args: []string{"cluckd/QUIET", "--router", r.At.Path, "-H", other.addr.String()}, kind: toolkit.Usage},
		"no address":       {args: []string{"cluckd/QUIET", "--router", "what://x"}, kind: toolkit.Usage},
		"nobody there":     {args: []string{"cluckd/QUIET", "--router", r.At.Path + "x"}, kind: toolkit.Unavailable},
		"not even running": {args: []string{"cluckd/QUIET", "--router", r.At.Path + "x", "--if-running"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := routedWorld(t, r)
			w.Compat = tt.compat
			err := w.Run(t.Context(), signal.Command, append([]string{"signal"}, tt.args...)...)
			require.Equal(t, tt.kind, toolkit.KindOf(err), "%v", err)
			require.Equal(t, tt.kind == toolkit.Other, err == nil, "%v", err)
			if tt.routed {
				n++
			}
			require.Equal(t, n, r.Count(`^\?→d .*cluckd/QUIET`))
		})
	}
	w := routedWorld(t, r)
	require.NoError(t, w.Run(t.Context(), signal.Command, "signal", "--dry-run", "cluckd/QUIET"))
	require.Equal(t, from+"cluckd/QUIET transmission_report=failure\n", w.Out.String())
}

func freeUDP(t *testing.T) string {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer c.Close()
	_, port, err := net.SplitHostPort(c.LocalAddr().String())
	require.NoError(t, err)
	return port
}

// TestSignalFindsRouter by its socket; a socket that nobody listens on is as good as none.
func TestSignalFindsRouter(t *testing.T) {
	w := world(t)
	w.Vars["XDG_RUNTIME_DIR"] = filepath.Join(w.Root, "mine")
	path := w.RouterPath()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	r := servicetest.Start(t, servicetest.Options{At: address.FromUnix(address.Unix, path)})
	register(t, r, "cluckd")
	require.NoError(t, w.Run(t.Context(), signal.Command, "signal", "cluckd/QUIET"))
	r.Wait(`^\?→d .*cluckd/QUIET`, 1)
	r.Kill()

	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	require.NoError(t, err)
	l.SetUnlinkOnClose(false)
	require.NoError(t, l.Close())
	w.Vars["ED_SIGNAL_NO_WAIT"] = "1"
	require.NoError(t, w.Run(t.Context(), signal.Command, "signal", "-v", "--if-running", "cluckd/QUIET"))
	require.Contains(t, w.Err.String(), "127.0.0.1:4041")
}
