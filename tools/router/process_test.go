package router

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/config"
	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
)

// roleVariable makes the test binary play a part: see play.
const roleVariable = "ED_ROUTER_TEST_ROLE"

// settingsVariable holds the settings of a router in a process of its own, a line each.
const settingsVariable = "ED_ROUTER_TEST_SETTINGS"

// play is the whole of a child process of the tests: a router, or a service.
func play(role string) {
	if role == "service" {
		playService(os.Getenv(settingsVariable))
		return
	}
	if os.Getenv("LISTEN_FDS") != "" {
		os.Setenv("LISTEN_PID", pid()) // systemd knows it beforehand
	}
	o := options{inherit: inheritedFiles}
	for line := range strings.Lines(os.Getenv(settingsVariable)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		o.given = append(o.given, config.Given{Name: name, Value: value})
	}
	if err := run(context.Background(), toolkit.NewEnv(), o); err != nil {
		fmt.Fprintln(os.Stderr, "failed:", err)
		os.Exit(1)
	}
}

// process is a router in a process of its own.
type process struct {
	t    testing.TB
	cmd  *exec.Cmd
	log  *toolkittest.Buffer
	over chan struct{}
	dir  string
}

// spawn starts one and waits until it is ready. It is killed at the end of the test.
func spawn(t testing.TB, change func(*exec.Cmd), settings ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(os.Args[0]), log: &toolkittest.Buffer{}, over: make(chan struct{}), dir: t.TempDir()}
	settings = append([]string{
		"server_name=n1", "unix_listen=" + p.path("s"), "local_listen=127.0.0.1:0", "signal=127.0.0.1:0", "services=none", "data_path=none", "stop_timeout=5s", "control=none",
	}, settings...)
	p.cmd.Env = append(os.Environ(), roleVariable+"=router", settingsVariable+"="+strings.Join(settings, "\n"))
	p.cmd.Stderr = p.log
	if change != nil {
		change(p.cmd)
	}
	require.NoError(t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait() // its end is in ProcessState
		close(p.over)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.over
		if t.Failed() {
			t.Logf("log of process %d:\n%s", p.cmd.Process.Pid, p.log)
		}
	})
	p.logged("router is ready")
	return p
}

func (p *process) path(name string) string { return filepath.Join(p.dir, name) }

func (p *process) logged(pattern string) string {
	p.t.Helper()
	expr := regexp.MustCompile(pattern)
	found := ""
	eventually(p.t, "log has "+pattern, func() bool {
		found = expr.FindString(p.log.String())
		select {
		case <-p.over:
			if found == "" {
				p.t.Fatalf("the router has ended: %s\n%s", p.cmd.ProcessState, p.log)
			}
		default:
		}
		return found != ""
	})
	return found
}

func (p *process) unix() *peer { p.t.Helper(); return dial(p.t, "unix", p.path("s")) }

// ends signals the process and waits for its end, which must be good.
func (p *process) ends(sig syscall.Signal) {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(sig))
	select {
	case <-p.over:
		require.True(p.t, p.cmd.ProcessState.Success(), "%s\n%s", p.cmd.ProcessState, p.log)
	case <-time.After(patience):
		p.t.Fatal("the router does not end")
	}
}

func TestSignals(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		p := spawn(t, nil)
		alpha := p.unix().register("alpha", "DISCONNECTING")
		alpha.sync()
		require.NoError(t, p.cmd.Process.Signal(syscall.SIGHUP))
		p.logged("configuration was read again")
		alpha.sync()
		p.ends(sig)
		alpha.want(`DISCONNECTING$`)
		alpha.gone()
		require.NoFileExists(t, p.path("s"))
	}
}

// TestLogReaderGone: a router whose log goes into a pipe that nobody reads any more lives on.
func TestLogReaderGone(t *testing.T) {
	p := spawn(t, nil)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	q := &process{t: t, cmd: exec.Command(os.Args[0]), over: make(chan struct{}), dir: p.dir}
	q.cmd.Env = append(os.Environ(), roleVariable+"=router", settingsVariable+"=server_name=n2\nunix_listen="+p.path("q")+
		"\nlocal_listen=none\nsignal=none\nservices=none\ndata_path=none\ncontrol=none")
	q.cmd.Stderr = w
	require.NoError(t, q.cmd.Start())
	w.Close()
	go func() { _ = q.cmd.Wait(); close(q.over) }()
	t.Cleanup(func() { _ = q.cmd.Process.Kill(); <-q.over })
	eventually(t, "it listens", func() bool {
		c, err := net.Dial("unix", p.path("q"))
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	alpha := dial(t, "unix", p.path("q")).register("alpha")
	r.Close()
	for range 3 {
		require.NoError(t, q.cmd.Process.Signal(syscall.SIGHUP))
		alpha.sync()
	}
	q.log = &toolkittest.Buffer{}
	q.ends(syscall.SIGTERM)
}

// manager listens as systemd does.
func manager(t *testing.T) (socket string, next func() string) {
	socket = filepath.Join(t.TempDir(), "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	return socket, func() string {
		buf := make([]byte, 4096)
		n, err := c.Read(buf)
		require.NoError(t, err)
		return string(buf[:n])
	}
}

// TestSystemd: sockets are taken over, and the manager is told all that happens.
func TestSystemd(t *testing.T) {
	socket, next := manager(t)
	until := func(want string) string {
		t.Helper()
		for {
			if text := next(); strings.Contains(text, want) {
				return text
			}
		}
	}
	var files []*os.File
	keep := func(f *os.File, err error) {
		require.NoError(t, err)
		files = append(files, f)
	}
	dir := t.TempDir()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	keep(tcp.(*net.TCPListener).File())
	unix, err := net.Listen("unix", dir+"/u")
	require.NoError(t, err)
	unix.(*net.UnixListener).SetUnlinkOnClose(false)
	keep(unix.(*net.UnixListener).File())
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	keep(udp.(*net.UDPConn).File())
	gram, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: dir + "/g", Net: "unixgram"})
	require.NoError(t, err)
	keep(gram.File())

	p := spawn(t, func(cmd *exec.Cmd) {
		cmd.ExtraFiles = files
		cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+socket, "WATCHDOG_USEC=300000", "LISTEN_FDS=4", "LISTEN_FDNAMES=local_listen:x:signal:")
	})
	for _, f := range files {
		f.Close()
	}
	require.NoError(t, tcp.Close())
	require.NoError(t, unix.Close())
	require.NoError(t, udp.Close())
	require.NoError(t, gram.Close())
	require.NoFileExists(t, p.path("s"), "an inherited socket takes the place of the configured one")

	require.Contains(t, next(), "READY=1")
	until("WATCHDOG=1")
	alpha := dial(t, "unix", dir+"/u").register("alpha")
	dial(t, "tcp", tcp.Addr().String()).send("alpha/TCP")
	alpha.want("TCP$")
	for network, where := range map[string]string{"udp": udp.LocalAddr().String(), "unixgram": dir + "/g"} {
		c, err := net.Dial(network, where)
		require.NoError(t, err)
		_, err = c.Write([]byte("alpha/PACKET"))
		require.NoError(t, err)
		alpha.want("PACKET$")
		c.Close()
	}
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGHUP))
	require.Regexp(t, `MONOTONIC_USEC=\d+`, until("RELOADING=1"))
	require.Contains(t, until("READY=1"), "STATUS=1 services, ")
	p.ends(syscall.SIGTERM)
	until("STOPPING=1")
	require.FileExists(t, dir+"/u", "the file belongs to systemd")
}

// TestBecome: the rights of root are given up after everything is bound, files can still be removed and written.
func TestBecome(t *testing.T) {
	if os.Geteuid() != 0 {
		var o options
		n := prepare(t, &o, "user_name=root")
		require.Equal(t, toolkit.Permission, toolkit.KindOf(run(t.Context(), n.w.Env, o)))
		require.Empty(t, n.w.Err.String(), "nothing was bound, and no file is to be given away")
		return
	}
	outer := t.TempDir() // of the test's user: who looks up must get through
	for dir := outer; dir != "/"; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil && info.Mode().Perm()&0o001 == 0 {
			require.NoError(t, os.Chmod(dir, info.Mode().Perm()|0o011))
		}
	}
	p := spawn(t, nil, "unix_listen="+outer+"/run/s", "unix_datagram=none", "data_path="+outer+"/data", "user_name=nobody")
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	require.NoError(t, err)
	require.NotRegexp(t, `(?m)^Uid:\s.*\b0\b`, string(status))
	require.NotRegexp(t, `(?m)^Gid:\s.*\b0\b`, string(status))
	dial(t, "unix", outer+"/run/s").register("alpha").sync()
	eventually(t, "the state of the cluster is saved", func() bool {
		data, _ := os.ReadFile(outer + "/data/cluster-status.txt")
		return string(data) == "CLUSTER_UP\nCLUSTER_COMPLETE\n"
	})
	p.ends(syscall.SIGTERM)
	require.NoFileExists(t, outer+"/run/s")

	// A folder of the router that is there already, and of root, goes to the user as well, or the sockets in it would stay. Who runs as
	// that user may connect.
	require.NoError(t, os.Mkdir(outer+"/rt", 0o755))
	p = spawn(t, func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, "RUNTIME_DIRECTORY="+outer+"/rt") },
		"unix_listen=default", "unix_datagram=default", "metrics_listen=unix:"+outer+"/rt/metrics", "data_path=none", "user_name=nobody")
	for _, name := range []string{"router.sock", "router.dgram", "metrics"} {
		info, err := os.Stat(outer + "/rt/" + name)
		require.NoError(t, err)
		uid, known := proc.FileOwner(info)
		require.True(t, known && uid != 0, name)
	}
	p.ends(syscall.SIGTERM)
	left, err := os.ReadDir(outer + "/rt")
	require.NoError(t, err)
	require.Empty(t, left)

	var o options
	n := prepare(t, &o, "user_name=no-such-user")
	require.ErrorContains(t, run(t.Context(), n.w.Env, o), "there is no such user")
}
