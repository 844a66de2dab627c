package tail_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/tail"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport/service/servicetest"
)

// listenAs runs `ed listen` until it ends.
func listenAs(t *testing.T, ctx context.Context, args ...string) (*toolkittest.World, chan error) {
	w := toolkittest.New(t)
	w.Now = time.Now
	over := make(chan error, 1)
	go func() {
		over <- w.Run(ctx, tail.Listen, append([]string{"listen", "--timestamps", "none"}, args...)...)
	}()
	return w, over
}

func TestListenAsService(t *testing.T) {
	for _, cxx := range []bool{false, true} {
		r := servicetest.Start(t, servicetest.Options{Cxx: cxx})
		w, over := listenAs(t, t.Context(), "--service", "watcher", "--router", r.At.Path, "--announce", "LOCKED,UNLOCKED",
			"--reply", "SEEN", "--send", "beta/HELLO", "-n", "3")
		r.Wait(`^watcher→d .*COMMANDS list=ALIVE,.*,LOCKED,.*UNLOCKED$`, 1)
		r.Wait(`^watcher→d <:watcher beta/HELLO$`, 1)
		r.Send("watcher", "<n1:cluckd */LOCKED object_name=users")
		r.Send("watcher", "<n1:cluckd n1:watcher/ALIVE serial=4")
		r.Wait(`^watcher→d <:watcher n1:cluckd/ABSOLUTELY .*serial=4$`, 1)
		r.Wait(`^watcher→d <:watcher n1:cluckd/SEEN$`, 2)
		r.Send("watcher", "<n1:cluckd n1:watcher/OTHER")
		require.NoError(t, <-over)
		r.Wait(`^watcher→d UNREGISTER service=watcher$`, 1)
		require.Zero(t, r.Count("UNKNOWN command=OTHER"))
		out := w.Out.String()
		require.NotContains(t, out, "READY")
		for _, want := range []string{"LOCKED", "object_name=users", "ALIVE", "OTHER", "HELLO"} {
			require.Contains(t, out, want)
		}
		require.Contains(t, w.Err.String(), "service watcher registered with the router at "+r.At.String())
	}
}

// STOP by the router is a good end; a refusal is an error.
func TestListenAsServiceEnds(t *testing.T) {
	r := servicetest.Start(t, servicetest.Options{Refuse: map[string]string{"taken": "the name is taken"}})
	_, over := listenAs(t, t.Context(), "--service", "watcher", "--router", r.At.Path)
	r.Wait("COMMANDS", 1)
	r.Send("watcher", "<n1:ed_signal watcher/STOP")
	require.NoError(t, <-over)
	r.Wait("UNREGISTER", 1)

	_, over = listenAs(t, t.Context(), "--service", "taken", "--router", r.At.Path)
	err := <-over
	require.Equal(t, toolkit.Permission, toolkit.KindOf(err))
	require.EqualError(t, err, "service taken is refused: the name is taken")

	also := toolkittest.Start(t, toolkittest.New(t), tail.Listen, "listen", "--service", "watcher", "--router", r.At.Path, "unix:"+t.TempDir()+"/also")
	also.WaitErr("registered") // before, there is nothing to take back
	require.Equal(t, toolkit.Interrupt, toolkit.KindOf(also.Stop()))
	r.Wait("UNREGISTER", 2)

	w, over := listenAs(t, t.Context(), "--service", "watcher", "--router", t.TempDir()+"/none", "--timeout", "100ms")
	err = <-over
	require.Equal(t, toolkit.Timeout, toolkit.KindOf(err))
	require.EqualError(t, err, "no router registered service watcher in 100ms")
	require.Regexp(t, `service without a router, service watcher, error connect unix:.*/none: .*, again \d\d:\d\d:\d\d\n`, w.Err.String())

	for _, args := range [][]string{
		{"--announce", "A", "unix:/x"}, {"--service", "no-name"}, {"--service", "a", "--announce", "a"}, {"--service", "a", "--router", "what://x"}, {},
	} {
		_, over = listenAs(t, t.Context(), args...)
		require.Equal(t, toolkit.Usage, toolkit.KindOf(<-over), "%v", args)
	}
}
