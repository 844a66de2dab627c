package signal_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/signal"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport/service/servicetest"
)

// TestSendByRouter: messages that name their services need no address where there is a router.
func TestSendByRouter(t *testing.T) {
	for _, cxx := range []bool{false, true} {
		r := servicetest.Start(t, servicetest.Options{Cxx: cxx})
		register(t, r, "cluckd")
		register(t, r, "snaprfs")
		w := routedWorld(t, r)
		require.NoError(t, w.Run(t.Context(), signal.SendCommand, "send", "cluckd/QUIET a=1", "n1:snaprfs/QUIET"))
		require.Empty(t, w.Out.String()+w.Err.String())
		r.Wait(`^\?→d <test_hostexample:ed_send cluckd/QUIET a=1;transmission_report=failure$`, 1)
		r.Wait(`^\?→d <test_hostexample:ed_send n1:snaprfs/QUIET transmission_report=failure$`, 1)
		require.Equal(t, 2, r.Count("→d REGISTER"))

		w = routedWorld(t, r)
		w.Stdin.Reader = strings.NewReader("cluckd/QUIET\nsnaprfs/PING\n")
		require.NoError(t, w.Run(t.Context(), signal.SendCommand, "send", "--replies=1", "-"))
		require.Regexp(t, `^<n1:snaprfs n1:ed_send_\d+_[0-9a-f]{4}/PONG\n$`, w.Out.String())

		w = routedWorld(t, r)
		require.NoError(t, w.Run(t.Context(), signal.RequestCommand, "request", "snaprfs/PING", "cluckd/PING", "communicatord/HELP"))
		require.Regexp(t, `^<n1:snaprfs .*/PONG\n<n1:cluckd .*/PONG\n.*COMMANDS list=.*\n$`, w.Out.String())
		r.Wait("→d UNREGISTER service=ed_request_", 1)

		w = world(t)
		require.NoError(t, w.Run(t.Context(), signal.SendCommand, "send", "--router", r.At.Path, "--template", "cluckd/QUIET n={{.N}}", "--count", "200"))
		require.Equal(t, 200, r.Count(`cluckd/QUIET n=\d+;transmission_report=failure$`)/2, "in and out")
	}
}

// TestSendToNobody: what reached no service is an error in the end.
func TestSendToNobody(t *testing.T) {
	r := servicetest.Start(t, servicetest.Options{Listed: map[string]bool{"later": true}})
	register(t, r, "cluckd")
	w := routedWorld(t, r)
	err := w.Run(t.Context(), signal.SendCommand, "send", "clukd/PING", "cluckd/QUIET", "later/STOP", "clukd/STOP")
	require.EqualError(t, err, `2 messages reached nobody: no service "clukd" on this router; known: cluckd`)
	require.Equal(t, toolkit.Unavailable, toolkit.KindOf(err))
	require.Equal(t, "did you mean cluckd?", toolkit.HintOf(err))
	require.Contains(t, w.Err.String(), "the router keeps 1 message until their services are there")
	require.Equal(t, 1, r.Count("^d→cluckd .*QUIET"))

	w = routedWorld(t, r)
	start := time.Now()
	err = w.Run(t.Context(), signal.RequestCommand, "request", "--timeout=1m", "cluckd/PING", "clukd/PING", "cluckd/PING")
	require.EqualError(t, err, `no service "clukd" on this router; known: cluckd`)
	require.Equal(t, 1, strings.Count(w.Out.String(), "PONG"))
	require.Less(t, time.Since(start), 30*time.Second)
}

// TestSendRoute: an address stays an address, and without a router nothing is guessed.
func TestSendRoute(t *testing.T) {
	r := servicetest.Start(t, servicetest.Options{})
	for name, tt := range map[string]struct {
		args   []string
		router string
		kind   toolkit.Kind
		text   string
	}{
		"no router":       {[]string{"cluckd/QUIET"}, "", toolkit.Usage, "there is no router to find the service cluckd; ed router starts one"},
		"no service":      {[]string{"QUIET"}, r.At.Path, toolkit.Usage, "the first operand is the address"},
		"router and host": {[]string{"--router", r.At.Path, "-H", "unix:/x", "a/B"}, "", toolkit.Usage, "contradict"},
		"bad router":      {[]string{"--router", "what://x", "a/B"}, "", toolkit.Usage, "unknown"},
		"bad router set":  {[]string{"a/B"}, "what://x", toolkit.Config, "environment ED_ROUTER: option router: parse address"},
		"router is away":  {[]string{"a/B"}, r.At.Path + "x", toolkit.Unavailable, "ed router starts one"},
		"address":         {[]string{"unix:" + r.At.Path + "x", "a/B"}, r.At.Path, toolkit.Unavailable, "nothing listens"},
	} {
		t.Run(name, func(t *testing.T) {
			w := world(t)
			w.Vars["ED_ROUTER"] = tt.router
			err := w.Run(t.Context(), signal.SendCommand, append([]string{"send"}, tt.args...)...)
			require.Equal(t, tt.kind, toolkit.KindOf(err), "%v", err)
			require.Contains(t, err.Error()+"; "+toolkit.HintOf(err), tt.text)
		})
	}
	// a router that dies meanwhile
	silent := servicetest.Start(t, servicetest.Options{Silent: true})
	w := world(t)
	err := w.Run(t.Context(), signal.SendCommand, "send", "--router", silent.At.Path, "--timeout=50ms", "a/B")
	require.Equal(t, toolkit.Timeout, toolkit.KindOf(err), "%v", err)
	err = w.Run(t.Context(), signal.Command, "signal", "--router", silent.At.Path, "--timeout=50ms", "a/B")
	require.Equal(t, toolkit.Timeout, toolkit.KindOf(err), "%v", err)
	require.ErrorContains(t, err, "what became of the message is not known")
	before := silent.Count("ALIVE") // none, if it was slow
	over := make(chan error, 1)
	go func() {
		over <- w.Run(t.Context(), signal.SendCommand, "send", "--router", silent.At.Path, "--timeout=1m", "a/B")
	}()
	silent.Wait("ALIVE", before+1)
	silent.Kill()
	err = <-over
	require.Equal(t, toolkit.Unavailable, toolkit.KindOf(err), "%v", err)
}
