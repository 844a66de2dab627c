package stop_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
)

// show is a systemctl that knows one unit.
func show(pid, state, more string) string {
	return fmt.Sprintf("echo Id=app.service; echo LoadState=loaded; echo ActiveState=%s; echo MainPID=%s; %s true", state, pid, more)
}

func TestUnit(t *testing.T) {
	w := newWorld(t)
	c := start(t, "plain", "")
	systemctl(t, show(c.pid(), "active", "echo Restart=always;"))
	require.NoError(t, run(t, w, "--json", "app.service"))
	c.endedBy(t, syscall.SIGINT)
	list := events(t, w)
	require.Equal(t, []string{"find found", "message skipped", "INT gone"}, steps(list))
	require.Equal(t, "app.service", list[0].Unit)
	require.Contains(t, w.Err.String(), "systemd will start app.service again (Restart=always)")
}

func TestUnitThatSystemdIsStopping(t *testing.T) {
	w := newWorld(t)
	c := start(t, "plain", "")
	systemctl(t, show(c.pid(), "deactivating", "echo Restart=always; echo TimeoutStopUSec=30s;"))
	require.NoError(t, run(t, w, "app"))
	require.NotContains(t, w.Err.String(), "start app.service again")
	require.Contains(t, w.Err.String(), "systemd kills app.service after 30s")
}

func TestUnitThatDoesNotRun(t *testing.T) {
	systemctl(t, show("0", "inactive", ""))
	w := newWorld(t)
	require.NoError(t, run(t, w, "app.service"))
	require.Contains(t, w.Err.String(), "app.service: not running: the unit app.service is inactive")
	requireKind(t, toolkit.NotRunning, run(t, w, "--strict", "app.service"))
}

// TestSystemdThatDoesNotTell: a unit that cannot be asked about does not pass for one that does not run.
func TestSystemdThatDoesNotTell(t *testing.T) {
	systemctl(t, "echo 'Connection timed out' >&2; exit 1")
	w := newWorld(t)
	name := unique(t, "daemon")
	err := run(t, w, name)
	requireKind(t, toolkit.Temporary, err)
	require.ErrorContains(t, err, "Connection timed out")
	c := start(t, "plain", name)
	require.NoError(t, run(t, w, name))
	c.endedBy(t, syscall.SIGINT)
	require.Contains(t, w.Err.String(), "Connection timed out")
}

func TestUnknownUnit(t *testing.T) {
	systemctl(t, "echo LoadState=not-found; echo MainPID=0")
	w := newWorld(t)
	name := unique(t, "daemon")
	require.NoError(t, run(t, w, name))
	requireKind(t, toolkit.NoSuch, run(t, w, "--strict", name))
	c := start(t, "plain", name)
	w.Compat = true
	require.NoError(t, run(t, w, "-s", name), "ed-stop looks for units only")
	require.NoError(t, c.Process.Signal(syscall.Signal(0)))
	require.NoError(t, run(t, w, "-s", name, "-p", "-t", "60"))
	c.endedBy(t, syscall.SIGINT)
}

func TestUnitThatRestartsWhileLookedAt(t *testing.T) {
	c := start(t, "plain", "")
	flag := filepath.Join(t.TempDir(), "asked")
	systemctl(t, fmt.Sprintf(`if [ -e "%[1]s" ]; then %[2]s; else : >"%[1]s"; %[3]s; fi`, flag, show("4000000", "active", ""), show(c.pid(), "active", "")))
	requireKind(t, toolkit.Temporary, run(t, newWorld(t), "app"))
	require.NoError(t, c.Process.Signal(syscall.Signal(0)))
}

func TestSystemdThatFails(t *testing.T) {
	systemctl(t, `echo "Access denied" >&2; exit 4`)
	w := newWorld(t)
	name := unique(t, "daemon")
	c := start(t, "plain", name)
	require.NoError(t, run(t, w, name))
	c.endedBy(t, syscall.SIGINT)
	require.Contains(t, w.Err.String(), "Access denied")
}

// remote says that the service is up on another node.
func remote() *toolkittest.Session {
	return &toolkittest.Session{Reply: func(m *message.Message) []*message.Message {
		service, _ := m.Get("service")
		status := message.New("STATUS").Set("service", service).Set("status", "up").Set("server_name", "n2")
		status.SetSentFrom("n1", "communicatord")
		return []*message.Message{status}
	}}
}

// router answers SERVICE_STATUS as the C++ one does, and ends the child, if there is one, when it gets its STOP.
func router(status string, c *child) *toolkittest.Session {
	s := &toolkittest.Session{}
	s.Reply = func(m *message.Message) []*message.Message {
		service, _ := m.Get("service")
		switch m.Command() {
		case "SERVICE_STATUS":
			another := message.New("STATUS").Set("service", "another").Set("status", "up")
			return []*message.Message{message.New("HELP"), another, message.New("STATUS").Set("service", service).Set("status", status)}
		case "LIST_SERVICES":
			return []*message.Message{message.New("UNKNOWN").Set("command", "LIST_SERVICES")}
		case "STOP":
			if c != nil {
				c.End()
			}
		}
		return nil
	}
	return s
}

func TestMessageFirst(t *testing.T) {
	systemctl(t, "")
	w := newWorld(t)
	name := unique(t, "daemon")
	c := start(t, "plain", name)
	w.Session = router("up", c)
	require.NoError(t, run(t, w, "--json", "--host", "10.0.0.1", name))
	require.Equal(t, 0, c.Reap().ExitCode())
	require.Equal(t, []string{"find found", "message gone"}, steps(events(t, w)))
	require.Equal(t, []string{
		"<test_hostexample:ed_stop SERVICE_STATUS service=" + name,
		"<test_hostexample:ed_stop LIST_SERVICES details=true",
		"<test_hostexample:ed_stop .:" + name + "/STOP",
	}, w.Session.Sent())
	require.Equal(t, "tcp://10.0.0.1:4040", w.Dialled[0].String())
	_, closed := w.Session.State()
	require.True(t, closed)
}

func TestMessageToAnotherName(t *testing.T) {
	w := newWorld(t)
	c := start(t, "plain", "")
	w.Session = router("up", c)
	require.NoError(t, run(t, w, "--to", "alpha", c.pid()))
	require.Equal(t, 0, c.Reap().ExitCode())
	require.Equal(t, "<test_hostexample:ed_stop .:alpha/STOP", w.Session.Sent()[1])
}

func TestMessageThatHasNoEffect(t *testing.T) {
	systemctl(t, "")
	w := newWorld(t)
	name := unique(t, "daemon")
	c := start(t, "plain", name)
	w.Session = router("up", nil)
	require.NoError(t, run(t, w, "--json", "--plan=message:20ms,TERM", name))
	c.endedBy(t, syscall.SIGTERM)
	require.Equal(t, []string{"find found", "message survived", "TERM gone"}, steps(events(t, w)))
}

func TestMessageSkipped(t *testing.T) {
	systemctl(t, "")
	for _, x := range []struct {
		name    string
		session func() *toolkittest.Session
		reason  string
	}{
		{"service is down", func() *toolkittest.Session { return router("down", nil) }, "has no service"},
		{"service is elsewhere", remote, "has no service"},
		{"cannot send", func() *toolkittest.Session { return &toolkittest.Session{SendErr: os.ErrClosed} }, "no router answers"},
		{"peer ends", func() *toolkittest.Session { s := &toolkittest.Session{}; s.End(); return s }, "no router answers"},
		{"peer is silent", func() *toolkittest.Session { return &toolkittest.Session{} }, "no router answers"},
	} {
		t.Run(x.name, func(t *testing.T) {
			var w *toolkittest.World
			for try := 0; ; try++ { // a busy machine may hold one up
				w = newWorld(t)
				name := unique(t, "d")
				c := start(t, "plain", name)
				w.Session = x.session()
				begun := time.Now()
				require.NoError(t, run(t, w, name))
				c.endedBy(t, syscall.SIGINT)
				if time.Since(begun) < 3*time.Second {
					break
				}
				require.Less(t, try, 10, "the time of its step does not pass")
			}
			require.Contains(t, w.Err.String(), "message: skipped, ")
			require.Contains(t, w.Err.String(), x.reason)
			for _, line := range w.Session.Sent() {
				require.False(t, strings.HasSuffix(line, "/STOP"), line)
			}
		})
	}
}

func TestSettings(t *testing.T) {
	w := newWorld(t)
	c := start(t, "INT", "")
	w.Vars["ED_STOP"] = "--timeout 0.02 -p"
	w.Vars["ED_STOP_PLAN"] = "INT,KILL:5s"
	require.NoError(t, run(t, w, c.pid()))
	c.endedBy(t, syscall.SIGKILL)
}
