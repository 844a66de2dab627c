package stop_test

import (
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport/service"
	"github.com/ed-toolbox/ed/transport/service/servicetest"
)

// registered runs a service in this process that ends the child when it is told to STOP.
func registered(t *testing.T, r *servicetest.Router, name string, c *child) {
	r.Register(t, service.Options{Name: name, Defaults: dispatch.DefaultsOptions{Stop: func(bool) { c.End() }}})
}

func routerWorld(t *testing.T, r *servicetest.Router) *toolkittest.World {
	w := newWorld(t)
	w.Dial = toolkit.NewEnv().Dial
	w.Vars["ED_ROUTER"] = r.At.String()
	return w
}

// The message goes by the router that all tools use, ours or the C++ one, and is all that is needed.
func TestStopByMessage(t *testing.T) {
	for _, cxx := range []bool{false, true} {
		systemctl(t, "")
		name := unique(t, strconv.FormatBool(cxx))
		c := start(t, "INT TERM", name)
		pid, err := strconv.Atoi(c.pid())
		require.NoError(t, err)
		r := servicetest.Start(t, servicetest.Options{Cxx: cxx, PID: pid, Since: time.Now().Unix()})
		registered(t, r, name, c)
		w := routerWorld(t, r)
		require.NoError(t, run(t, w, "--json", name))
		require.Equal(t, []string{"find found", "message gone"}, steps(events(t, w)))
		require.Equal(t, 1, r.Count(`^d→`+name+` <test_hostexample:ed_stop \.:`+name+`/STOP$`))
		require.Equal(t, 1, r.Count(`^\?→d .*COMMANDS list=.*STATUS`), "a C++ router answers no other over a Unix socket")
	}
}

// A service whose program is called otherwise is found by its router.
func TestStopFindsProcessByRouter(t *testing.T) {
	systemctl(t, "")
	c := start(t, "plain", unique(t, "program"))
	pid, err := strconv.Atoi(c.pid())
	require.NoError(t, err)
	r := servicetest.Start(t, servicetest.Options{PID: pid})
	name := unique(t, "service")
	registered(t, r, name, c)

	w := routerWorld(t, r)
	require.NoError(t, run(t, w, "--json", "--plan", "INT:5s", name))
	list := events(t, w)
	require.Equal(t, []string{"find found", "INT gone"}, steps(list))
	require.Equal(t, pid, list[0].PID)
	c.endedBy(t, syscall.SIGINT)

	requireKind(t, toolkit.NoSuch, run(t, routerWorld(t, r), "--strict", "none_such"))
	w = routerWorld(t, r)
	r.Register(t, service.Options{Name: "snaprfs"})
	require.NoError(t, run(t, w, "snprfs"))
	require.Contains(t, w.Err.String(), "did you mean the service snaprfs?")
}

// A process that is given by its number is told by its name, where the router knows that it is that one service.
func TestStopNamesProcessByRouter(t *testing.T) {
	tests := []struct {
		name     string
		services int
		own      bool // the services are the process's
		before   bool // they were registered before it began
		want     []string
	}{
		{"its service", 1, true, false, []string{"find found", "message gone"}},
		{"the service of another", 1, false, false, []string{"find found", "message skipped", "INT gone"}},
		{"two services", 2, true, false, []string{"find found", "message skipped", "INT gone"}},
		{"one that had its number", 1, true, true, []string{"find found", "message skipped", "INT gone"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			systemctl(t, "")
			c := start(t, "plain", "")
			o := servicetest.Options{Since: time.Now().Unix()}
			if test.before {
				o.Since -= 60
			}
			if test.own {
				pid, err := strconv.Atoi(c.pid())
				require.NoError(t, err)
				o.PID = pid
			}
			r := servicetest.Start(t, o)
			for n := range test.services {
				registered(t, r, unique(t, strconv.Itoa(n)), c)
			}
			w := routerWorld(t, r)
			require.NoError(t, run(t, w, "--json", "--plan", "message:5s,INT:5s", c.pid()))
			list := events(t, w)
			require.Equal(t, test.want, steps(list))
			if test.want[1] == "message gone" {
				require.Equal(t, unique(t, "0"), list[0].Service)
			} else {
				require.Equal(t, "no service name is known", list[1].Reason)
			}
		})
	}
}

// TestStopServiceOfAnother: a process that is called as a service is not that service. The service lives on.
func TestStopServiceOfAnother(t *testing.T) {
	systemctl(t, "")
	name := unique(t, "d")
	c, other := start(t, "plain", name), start(t, "plain", unique(t, "other"))
	pid, err := strconv.Atoi(other.pid())
	require.NoError(t, err)
	r := servicetest.Start(t, servicetest.Options{PID: pid, Since: time.Now().Unix()})
	registered(t, r, name, other)
	w := routerWorld(t, r)
	require.NoError(t, run(t, w, "--json", "--plan", "message:5s,INT:5s", name))
	list := events(t, w)
	require.Equal(t, []string{"find found", "message skipped", "INT gone"}, steps(list))
	require.Equal(t, "the service "+name+" is process "+other.pid()+" ("+unique(t, "other")+")", list[1].Reason)
	c.endedBy(t, syscall.SIGINT)
	require.Zero(t, r.Count(`/STOP$`))
	require.NoError(t, other.Process.Signal(syscall.Signal(0)))
}

func TestStopRouterOptions(t *testing.T) {
	systemctl(t, "")
	c := start(t, "plain", "")
	r := servicetest.Start(t, servicetest.Options{})
	w := routerWorld(t, r)
	requireKind(t, toolkit.Usage, run(t, w, "--host", "x:1", "--router", "x:2", c.pid()))
	requireKind(t, toolkit.Usage, run(t, w, "--router", "what://x", c.pid()))

	// the names that communicatord does not list can be asked for
	cxx := servicetest.Start(t, servicetest.Options{Cxx: true, At: address.FromUnix(address.Unix, filepath.Join(t.TempDir(), "c"))})
	name := unique(t, "service")
	registered(t, cxx, name, c)
	w = routerWorld(t, cxx)
	err := run(t, w, "--strict", name)
	requireKind(t, toolkit.NoSuch, err)
	require.ErrorContains(t, err, "a service is called so: ed signal "+name+"/STOP asks it to stop")
}
