package router

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ed-toolbox/ed/core/config"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

func TestMain(m *testing.M) {
	transporttest.Prepare()
	if role := os.Getenv(roleVariable); role != "" {
		play(role)
		return
	}
	goleak.VerifyTestMain(m)
}

// patience is how long a test waits for anything; it passes only when something is wrong.
const patience = 40 * time.Second

// node is a router in this process, with real sockets.
type node struct {
	t    testing.TB
	w    *toolkittest.World
	dir  string
	over chan error
	stop context.CancelFunc
	d    *daemon // its fields belong to its loop: see do
}

// begin starts a router with its files in a folder of its own. settings are NAME=VALUE.
func begin(t testing.TB, settings ...string) *node {
	t.Helper()
	return beginWith(t, options{}, settings...)
}

func beginWith(t testing.TB, o options, settings ...string) *node {
	t.Helper()
	n := prepare(t, &o, settings...)
	n.start(o)
	return n
}

// beginIn is begin in a world, with nothing set but what the options say.
func beginIn(t testing.TB, w *toolkittest.World, o options) *node {
	t.Helper()
	w.Now = time.Now
	o.inherit = func() []*os.File { return nil }
	n := &node{t: t, w: w, dir: w.Root}
	n.start(o)
	return n
}

// start runs the router until the end of the test.
func (n *node) start(o options) {
	t := n.t
	t.Helper()
	ready := make(chan *daemon, 1)
	o.started = func(d *daemon) { ready <- d }
	ctx, cancel := context.WithCancel(context.Background())
	n.stop, n.over = cancel, make(chan error, 1)
	go func() { n.over <- run(ctx, n.w.Env, o) }()
	select {
	case n.d = <-ready:
	case err := <-n.over:
		cancel()
		t.Fatalf("router did not start: %v\n%s", err, n.w.Err)
	case <-time.After(patience):
		t.Fatal("router does not start")
	}
	t.Cleanup(n.end)
}

// prepare makes a world and the options for a run: no network but what the settings name.
func prepare(t testing.TB, o *options, settings ...string) *node {
	n := &node{t: t, w: toolkittest.New(t), dir: t.TempDir()}
	n.w.Now = time.Now
	defaults := []string{
		"server_name=n1", "unix_listen=" + n.path("s"), "local_listen=127.0.0.1:0", "signal=127.0.0.1:0", "services=none",
		"data_path=" + n.path("data"), "log_level=debug", "stop_timeout=5s", "control=" + n.path("control"),
	}
	for _, text := range append(defaults, settings...) {
		name, value, _ := strings.Cut(text, "=")
		o.given = append(o.given, config.Given{Name: name, Value: value})
	}
	if o.inherit == nil {
		o.inherit = func() []*os.File { return nil }
	}
	return n
}

func (n *node) path(name string) string { return filepath.Join(n.dir, name) }

// end stops the router and checks that it ended well. Calling it again does nothing.
func (n *node) end() {
	n.stop()
	select {
	case err := <-n.over:
		if err != nil {
			n.t.Errorf("router ended with %v", err)
		}
		n.over <- nil
	case <-time.After(patience):
		n.t.Error("router does not end")
	}
	if n.t.Failed() {
		n.t.Logf("log of the router:\n%s", n.w.Err)
	}
}

// do runs f, which must not fail the test, on the router's loop.
func (n *node) do(f func()) {
	n.t.Helper()
	done := make(chan struct{})
	require.NoError(n.t, n.d.loop.Post(func() { f(); close(done) }))
	select {
	case <-done:
	case <-time.After(patience):
		n.t.Fatal("the loop does nothing")
	}
}

// figures are those of the metrics.
func (n *node) figures() (f figures) {
	n.t.Helper()
	n.do(func() { f = n.d.figures() })
	return f
}

// logged waits for a line of the log that matches.
func (n *node) logged(pattern string) string {
	n.t.Helper()
	expr := regexp.MustCompile(pattern)
	found := ""
	eventually(n.t, "log has "+pattern, func() bool {
		found = expr.FindString(n.w.Err.String())
		return found != ""
	})
	return found
}

// at is the address of a listener: the part of its log line behind "tcp://" or the like.
func (n *node) at(key string) string {
	n.t.Helper()
	line := n.logged(`for=` + key + ` address=\S+`)
	_, where, _ := strings.Cut(line, "address=")
	_, where, _ = strings.Cut(where, ":")
	return strings.TrimPrefix(where, "//")
}

func eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !f() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("it did not happen: %s", what)
		}
	}
}

// peer is a client on a raw connection.
type peer struct {
	t    testing.TB
	c    net.Conn
	r    *bufio.Reader
	name string
}

// dial connects without our own code.
func dial(t testing.TB, network, where string) *peer {
	t.Helper()
	c, err := net.Dial(network, where)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return &peer{t: t, c: c, r: bufio.NewReader(c)}
}

// unix connects to the node's socket.
func (n *node) unix() *peer { n.t.Helper(); return dial(n.t, "unix", n.path("s")) }

// tcp connects to its loopback address.
func (n *node) tcp() *peer { n.t.Helper(); return dial(n.t, "tcp", n.at("local_listen")) }

// service registers a new client and tells that it understands the commands beside the usual ones.
func (n *node) service(name string, commands ...string) *peer {
	n.t.Helper()
	return n.unix().register(name, commands...)
}

func (p *peer) register(name string, commands ...string) *peer {
	p.t.Helper()
	p.name = name
	p.send("REGISTER service=" + name + ";version=1")
	p.want(`^<\w+:communicatord HELP$`)
	p.want(`^<\w+:communicatord READY my_address=`)
	p.send("COMMANDS list=" + strings.Join(append(commands, "ALIVE", "HELP", "QUITTING", "READY", "STOP", "UNKNOWN"), ","))
	return p
}

// introduce tells a router at whose remote_listen p is that this is the router n2, of that port, which understands the commands beside
// the usual ones.
func (p *peer) introduce(port int, commands ...string) *peer {
	p.t.Helper()
	p.name = "n2"
	p.send(fmt.Sprintf("<n2:communicatord CONNECT my_address=127.0.0.1:%d;server_name=n2;version=1", port))
	p.skip("HELP$")
	p.send("n1:communicatord/COMMANDS list=" + strings.Join(append(commands, "ALIVE", "HELP", "QUITTING", "STOP", "UNKNOWN"), ","))
	p.sync()
	return p
}

func (p *peer) send(lines ...string) {
	p.t.Helper()
	p.wait()
	_, err := fmt.Fprint(p.c, strings.Join(lines, "\n")+"\n")
	require.NoError(p.t, err)
}

// wait limits the next wait.
func (p *peer) wait() { _ = p.c.SetDeadline(time.Now().Add(patience)) }

// line is the next line.
func (p *peer) line() string {
	p.t.Helper()
	p.wait()
	line, err := p.r.ReadString('\n')
	require.NoError(p.t, err, "%s: after %q", p.name, line)
	return strings.TrimSuffix(line, "\n")
}

// want is the next line, which must match.
func (p *peer) want(pattern string) string {
	p.t.Helper()
	line := p.line()
	require.Regexp(p.t, pattern, line)
	return line
}

// skip reads until a line matches.
func (p *peer) skip(pattern string) string {
	p.t.Helper()
	expr := regexp.MustCompile(pattern)
	for {
		if line := p.line(); expr.MatchString(line) {
			return line
		}
	}
}

// all reads until each pattern has matched a line, in whatever order.
func (p *peer) all(patterns ...string) {
	p.t.Helper()
	for len(patterns) > 0 {
		line := p.line()
		patterns = slices.DeleteFunc(patterns, func(pattern string) bool { return regexp.MustCompile(pattern).MatchString(line) })
	}
}

// sync waits until the router has treated what was sent before.
func (p *peer) sync() {
	p.t.Helper()
	p.send("ALIVE serial=4711")
	p.skip(`ABSOLUTELY .*serial=4711`)
}

// gone waits for the end of the connection.
func (p *peer) gone() {
	p.t.Helper()
	p.wait()
	for {
		if _, err := p.r.ReadString('\n'); err != nil {
			require.NotErrorIs(p.t, err, os.ErrDeadlineExceeded)
			return
		}
	}
}
