package ask_test

import (
	"context"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/tools/ask"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/service"
	"github.com/ed-toolbox/ed/transport/service/servicetest"
)

func TestPing(t *testing.T) {
	for _, cxx := range []bool{false, true} {
		r := servicetest.Start(t, servicetest.Options{Cxx: cxx})
		serve(t, r, "cluckd", nil)
		serve(t, r, "alpha", nil)
		w := world(t, r)
		require.NoError(t, w.Run(t.Context(), ask.Ping, "ping", "cluckd", "n1:alpha", "-c", "3", "-i", "1ms"))
		for _, name := range []string{"cluckd", "alpha"} {
			for _, serial := range []string{"1", "2", "3"} {
				require.Regexp(t, `(?m)^n1:`+name+`: alive, serial `+serial+`, \d+\.\d{3} ms$`, w.Out.String())
			}
		}
		require.Regexp(t, `(?m)^cluckd: 3 sent, 3 answered, 0% lost; min \d+\.\d+ avg \d+\.\d+ p99 \d+\.\d+ max \d+\.\d+ ms$`, w.Out.String())
		require.Regexp(t, `(?m)^n1:alpha: 3 sent, 3 answered`, w.Out.String())
		require.Equal(t, 3, r.Count(`→d <test_hostexample:ed_ping n1:alpha/ALIVE cache="no;reply";serial=\d;timestamp=\d+\.\d{9}$`))
		r.Wait("UNREGISTER service=ed_ping_", 1)
	}
}

func TestPingTheRouter(t *testing.T) {
	r := servicetest.Start(t, servicetest.Options{})
	w := world(t, r)
	require.NoError(t, w.Run(t.Context(), ask.Ping, "ping", "-c1", "--json", "--timeout", "0"))
	got := records(t, w.Out.String())
	require.Len(t, got, 2)
	require.Equal(t, "reply", got[0]["event"])
	require.Equal(t, "communicatord", got[0]["target"])
	require.Positive(t, got[0]["rtt_ns"])
	require.Equal(t, "summary", got[1]["event"])
	require.Equal(t, []any{1.0, 1.0, 0.0}, []any{got[1]["sent"], got[1]["answered"], got[1]["lost"]})
	require.Equal(t, got[0]["rtt_ns"], got[1]["p99_ns"])
	require.Zero(t, r.Count("REGISTER"), "it answers anybody")
}

func TestPingAddresses(t *testing.T) {
	for _, scheme := range []string{"unix", "udp"} {
		where := listen(t, scheme).String()
		w := world(t, nil)
		require.NoError(t, w.Run(t.Context(), ask.Ping, "ping", where, "-c2", "-i0", "-q"))
		require.Regexp(t, `^`+where+`: 2 sent, 2 answered, 0% lost; .*\n$`, w.Out.String())
	}
	w := world(t, nil)
	err := w.Run(t.Context(), ask.Ping, "ping", "unix:"+t.TempDir()+"/none", "-c1")
	require.Equal(t, toolkit.Unavailable, toolkit.KindOf(err))
}

// A service that is not there is an error at once; one that does not answer is a loss.
func TestPingFails(t *testing.T) {
	r := servicetest.Start(t, servicetest.Options{})
	serve(t, r, "quiet", map[string]dispatch.Handler{"ALIVE": silent})
	serve(t, r, "cluckd", nil)
	for name, tt := range map[string]struct {
		args []string
		kind toolkit.Kind
		err  string
		hint string
		out  string
	}{
		"unknown":      {[]string{"cluckdd", "-c3", "-i0"}, toolkit.Unavailable, `no service "cluckdd" on this router; known: cluckd, quiet`, "did you mean cluckd?", ""},
		"unknown node": {[]string{"n7:cluckd"}, toolkit.Unavailable, `no service "cluckd" on n7; none is known there`, "", ""},
		"one of two":   {[]string{"cluckd", "other"}, toolkit.Unavailable, `no service "other"`, "", "cluckd: 1 sent, 1 answered, 0% lost"},
		"of two nodes": {[]string{"n7:cluckd", "n1:cluckd"}, toolkit.Unavailable, `no service "cluckd" on n7`, "", "n1:cluckd: 1 sent, 1 answered, 0% lost"},
		"no answer":    {[]string{"quiet"}, toolkit.Other, "no answer from quiet", "", "quiet: serial 1: lost, no answer within 1s\nquiet: 1 sent, 0 answered, 100% lost\n"},
		"count":        {[]string{"-c", "-1"}, toolkit.Usage, "not a number of at least 0", "", ""},
		"twice":        {[]string{"a", "a"}, toolkit.Usage, "named twice", "", ""},
		"address":      {[]string{"what://x"}, toolkit.Usage, "unknown", "a service is named as", ""},
		"empty":        {[]string{""}, toolkit.Usage, "is empty", "", ""},
		"one way":      {[]string{"fifo:/x"}, toolkit.Usage, "one way", "", ""},
		"udp router":   {[]string{"--router", "udp://127.0.0.1:1"}, toolkit.Usage, "over streams only", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := world(t, r)
			args := append([]string{"ping", "-c1", "--timeout", "1s"}, tt.args...)
			if tt.kind == toolkit.Unavailable {
				args = append(args, "--timeout", "10s")
			}
			err := w.Run(t.Context(), ask.Ping, args...)
			require.ErrorContains(t, err, tt.err)
			require.Equal(t, 1, strings.Count(err.Error(), tt.err), "it is asked once: %v", err)
			require.Equal(t, tt.kind, toolkit.KindOf(err), "%v", err)
			require.Contains(t, toolkit.HintOf(err), tt.hint)
			require.Contains(t, w.Out.String(), tt.out)
		})
	}
}

// What goes away in the middle is a loss, and counts again when it is back.
func TestPingInterrupted(t *testing.T) {
	r := servicetest.Start(t, servicetest.Options{})
	away := link.PermanentOptions{Pauses: link.Pauses{time.Hour}} // by chance it would be back before the next question
	r.Register(t, service.Options{Name: "cluckd", Dispatcher: dispatch.New(dispatch.Options{}), Link: away})
	w := world(t, r)
	w.Stderr.TTY = true
	p := toolkittest.Start(t, w, ask.Ping, "ping", "cluckd", "-c0", "-i1ms")
	p.WaitOut("serial 3")
	r.Drop("cluckd")
	const gone = "lost, the router says that it is not there"
	p.WaitOut(gone)
	serve(t, r, "cluckd", nil)
	p.WaitFor(w.Out, func(s string) bool { return strings.Contains(s[strings.Index(s, gone):], "alive") })
	require.Equal(t, toolkit.Interrupt, toolkit.KindOf(p.Stop()))
	require.Regexp(t, `cluckd: \d+ sent, \d+ answered, .*% lost; min`, w.Out.String())
	require.Equal(t, "\r", w.Err.String(), "what is said next does not stand behind the ^C of the terminal")

	p = toolkittest.Start(t, world(t, r), ask.Ping, "ping", "-c0", "-i1ms")
	p.WaitOut("alive")
	r.Kill()
	err := p.End()
	require.Equal(t, toolkit.Unavailable, toolkit.KindOf(err), "%v", err)
}

// Programs that refuse ALIVE say why, by the router and asked directly.
func TestPingRefused(t *testing.T) {
	for _, tt := range []struct {
		answer string
		direct bool
		kind   toolkit.Kind
		err    string
	}{
		{"UNKNOWN command=ALIVE", false, toolkit.Protocol, "communicatord answers UNKNOWN"},
		{"UNKNOWN command=ALIVE", true, toolkit.Protocol, "answers UNKNOWN"},
		{`INVALID command=ALIVE;message=not by alice`, false, toolkit.Permission, "communicatord answers INVALID: not by alice"},
		{`SERVICE_UNAVAILABLE message="busy: 256 visitors"`, true, toolkit.Unavailable, "answers SERVICE_UNAVAILABLE: busy: 256 visitors"},
	} {
		silent := servicetest.Start(t, servicetest.Options{Silent: true})
		w := world(t, silent)
		args := []string{"ping", "--timeout", "20s"}
		if tt.direct {
			args = append(args, silent.At.String())
		}
		over := make(chan error, 1)
		go func() { over <- w.Run(t.Context(), ask.Ping, args...) }()
		silent.Wait("ALIVE", 1)
		silent.Answer("UNKNOWN command=OTHER")
		silent.Answer(tt.answer)
		err := <-over
		require.Equal(t, tt.kind, toolkit.KindOf(err), "%v", err)
		require.True(t, strings.HasSuffix(err.Error(), tt.err), "%v", err)
	}
}

// A peer that never ends its handshake holds up none of the others.
func TestPingTLS(t *testing.T) {
	real, w := toolkit.NewEnv(), toolkittest.New(t)
	w.Env = real
	real.Stdout, real.Stderr = &toolkit.Stream{Writer: w.Out}, &toolkit.Stream{Writer: w.Err}
	real.Getenv, real.Root = func(string) string { return "" }, t.TempDir()
	args := []string{"ping", "--timeout", "0"}
	var all []net.Listener
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		all = append(all, l)
		args = append(args, "tls://"+l.Addr().String())
	}
	ctx, stop := context.WithCancelCause(t.Context())
	over := make(chan error, 1)
	go func() { over <- w.Run(ctx, ask.Ping, args...) }()
	for _, l := range all {
		accepted := make(chan net.Conn, 1)
		go func() {
			if c, err := l.Accept(); err == nil {
				accepted <- c
			}
		}()
		select {
		case c := <-accepted:
			defer c.Close()
		case err := <-over:
			require.Fail(t, "it ended", "%v", err)
		case <-time.After(40 * time.Second):
			require.Fail(t, "it waits for the other", "%s", w.Err)
		}
	}
	stop(&toolkit.Interrupted{Signal: os.Interrupt})
	require.Equal(t, toolkit.Interrupt, toolkit.KindOf(<-over))
}
