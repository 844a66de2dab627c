package tail_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/tools/tail"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/control"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
)

// watched is a service in this process that can be watched: SLOW takes 5 ms, FAIL fails, the others are echoed.
type watched struct {
	t    *testing.T
	path string // of the service
	stop func()
	conn *link.Blocking
}

// serve starts one whose control socket stands in dir.
func serve(t *testing.T, dir, name string) *watched {
	t.Helper()
	loop, err := reactor.New(reactor.Options{Name: name})
	require.NoError(t, err)
	d := dispatch.New(dispatch.Options{OnError: func(*message.Message, string, error) {}})
	require.NoError(t, d.Add(dispatch.Match{Glob: "*", Name: "echo", Handler: func(from dispatch.Sender, m *message.Message) error {
		switch m.Command() {
		case "SLOW":
			for begin := time.Now(); time.Since(begin) < 5*time.Millisecond; {
				continue
			}
		case "FAIL":
			return errors.Join(errors.New("out of luck"), errors.New("12:00:00.000000 clock <- forged STOP"))
		}
		reply := m.Reply(m.Command())
		reply.CopyParams(m)
		return from.Send(reply)
	}}))
	server := link.NewServer(link.Options{Dispatcher: d})
	w := &watched{t: t, path: filepath.Join(t.TempDir(), "s")}
	listener, err := open.Listen(loop, address.FromUnix(address.Unix, w.path), transport.Options{}, server.Accept)
	require.NoError(t, err)
	c, err := control.Serve(loop, control.Options{Name: name, Dispatcher: d, Server: server,
		Path: filepath.Join(dir, fmt.Sprintf("%s.%d.sock", name, os.Getpid()))})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- loop.Run(ctx) }()
	w.conn, err = link.Dial(t.Context(), func(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
		return open.Dial(l, listener.Addr(), transport.Options{}, h)
	}, link.BlockingOptions{})
	require.NoError(t, err)
	w.stop = func() {
		if cancel == nil {
			return
		}
		w.conn.Abort(nil)
		_ = w.conn.Close()
		cancel()
		cancel = nil
		require.ErrorIs(t, <-done, context.Canceled)
		require.NoError(t, c.Close())
		require.NoError(t, listener.Close())
		require.NoError(t, loop.Close())
	}
	t.Cleanup(w.stop)
	return w
}

// send sends lines, and waits for the answers to all but those that fail.
func (w *watched) send(lines ...string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	for _, line := range lines {
		m, err := message.Parse([]byte(line))
		require.NoError(w.t, err)
		require.NoError(w.t, w.conn.Send(m))
		if m.Command() != "FAIL" {
			_, err = w.conn.Recv(ctx)
			require.NoError(w.t, err)
		}
	}
}

// startWatch runs `ed watch` until it watches so many services.
func startWatch(t *testing.T, services int, args ...string) *running {
	t.Helper()
	r := &running{t: t, Running: toolkittest.Start(t, toolkittest.New(t), tail.Watch, append([]string{"watch"}, args...)...)}
	r.WaitFor(r.Err, func(s string) bool { return strings.Count(s, "watching ") >= services })
	return r
}

func controlDir(t *testing.T) string {
	dir := t.TempDir()
	t.Setenv(control.DirVariable, dir)
	return dir
}

func TestWatchAsText(t *testing.T) {
	dir := controlDir(t)
	s := serve(t, dir, "clock")
	r := startWatch(t, 1, "-n", "5", "--timestamps", "none")
	s.send(`<h:me NOW serial=1;password=hush`, "FAIL x=1", "SLOW")
	require.NoError(t, r.End())
	out := strings.ReplaceAll(r.Out.String(), fmt.Sprintf(".%d ", os.Getpid()), " ")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 5)
	require.Regexp(t, `^clock <- unix:\S+#\d+ <h:me NOW password=\*\*\*;serial=1  # handled in \S+s, answered after \S+s$`, lines[0])
	require.Regexp(t, `^clock -> unix:\S+#\d+ h:me/NOW password=\*\*\*;serial=1$`, lines[1])
	require.Regexp(t, `^clock <- unix:\S+#\d+ FAIL x=1  # failed in \S+s, out of luck\\x0A12:00:00.000000 clock <- forged STOP$`, lines[2])
	require.Regexp(t, `SLOW  # handled in \d\S+ms, answered after \d\S+ms$`, lines[3])
	require.Contains(t, r.Err.String(), "5 messages of 1 service, in ")
}

func TestWatchAsJSONIsInputForSend(t *testing.T) {
	s := serve(t, controlDir(t), "clock")
	r := startWatch(t, 0, "--json", "-n", "4", "--no-pairs")
	r.WaitOut(`"event":"attached"`)
	s.send(`<h:me NOW v="a;b"`, "X bin=\xff")
	require.NoError(t, r.End())
	in := toolkit.NewMessageReader(strings.NewReader(r.Out.String()), "out")
	defer in.Stop()
	var got []string
	for range 4 {
		rec, err := in.Next(t.Context())
		require.NoError(t, err)
		require.NoError(t, rec.Err)
		require.False(t, rec.Time.IsZero())
		got = append(got, rec.Direction+" "+rec.Message.String())
	}
	require.Equal(t, []string{`in <h:me NOW v="a;b"`, `out h:me/NOW v="a;b"`, "in X bin=\xff", "out X bin=\xff"}, got)
	require.Equal(t, 1, in.Skipped(), "the event")
	require.Contains(t, r.Out.String(), `"outcome":"handled","handler":"echo","took_ns":`)
}

func TestWatchFilters(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want int
	}{
		"command":      {[]string{"--filter", "NOW"}, 2},
		"direction":    {[]string{"--filter", "NOW,direction=in"}, 1},
		"outcome":      {[]string{"--filter", "outcome=failed"}, 1},
		"or":           {[]string{"--filter", "outcome=failed", "--filter", "SLOW,direction=out"}, 2},
		"slower":       {[]string{"--slower", "5ms"}, 1},
		"both":         {[]string{"--slower", "5ms", "--filter", "NOW"}, 0},
		"hidden bytes": {[]string{"--bytes", "0", "--filter", "NOW", "--filter", "param.x=1"}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, controlDir(t), "clock")
			r := startWatch(t, 1, append(c.args, "--window", "1ms")...)
			s.send("NOW", "SLOW y=2", "FAIL x=1")
			end := startWatch(t, 1, "-n", "1") // what it sees comes behind all that
			s.send("END")
			require.NoError(t, end.End())
			r.WaitFor(r.Out, func(out string) bool { return strings.Count(out, "\n") >= c.want })
			require.ErrorContains(t, r.Stop(), "interrupted")
			require.Equal(t, c.want, strings.Count(r.Out.String(), "\n"), r.Out.String())
			require.Equal(t, name == "hidden bytes", !strings.Contains(r.Out.String(), "x=1") && strings.Contains(r.Out.String(), "FAIL"))
		})
	}
}

func TestWatchSummary(t *testing.T) {
	s := serve(t, controlDir(t), "clock")
	for _, args := range [][]string{{"--summary"}, {"--summary", "--json"}} {
		r := startWatch(t, 1, append(args, "-n", "9")...)
		s.send("NOW", "NOW", "SLOW", "FAIL", "NOW")
		require.NoError(t, r.End())
		out := r.Out.String()
		lines := bufio.NewScanner(strings.NewReader(out))
		n := 0
		for lines.Scan() {
			n++
		}
		if len(args) == 1 {
			require.Regexp(t, `(?m)^NOW +6 +\d+\.\d +0 +\S+s +\S+s +\S+s +\S+s +\S+s$`, out)
			require.Regexp(t, `(?m)^FAIL +1 +\d+\.\d +1 +\S+s +\S+s +\S+s +- +-$`, out)
			require.Equal(t, 4, n)
		} else {
			require.Contains(t, out, `{"v":1,"summary":"NOW","count":6,"in":3,"out":3,`)
			require.Equal(t, 3, n)
		}
	}
}

// A summary says how many messages are not in it, to whoever reads nothing else.
func TestWatchSummaryTellsWhatWasLost(t *testing.T) {
	s := serve(t, controlDir(t), "clock")
	for want, args := range map[string][]string{
		`(?m)^\(lost, not in this\) +(\d+)$`:               {"--summary", "-q=false"},
		`(?m)^{"v":1,"event":"lost","slow":0,"rate":(\d+)`: {"--summary", "-q=false", "--json"},
	} {
		r := startWatch(t, 1, append(args, "--rate", "20", "--filter", "direction=in")...)
		const n = 500
		for range n {
			s.send("NOW")
		}
		require.Error(t, r.Stop())
		out := r.Out.String()
		require.Regexp(t, want, out)
		lost, err := strconv.Atoi(regexp.MustCompile(want).FindStringSubmatch(out)[1])
		require.NoError(t, err)
		shown := regexp.MustCompile(`NOW(?: +|","count":)(\d+)`).FindStringSubmatch(out)
		require.NotNil(t, shown, out)
		count, err := strconv.Atoi(shown[1])
		require.NoError(t, err)
		require.Equal(t, n, count+lost, out)
	}
}

func TestWatchRecords(t *testing.T) {
	s := serve(t, controlDir(t), "clock")
	path := filepath.Join(t.TempDir(), "r.jsonl")
	r := startWatch(t, 1, "--record", path, "--summary", "-n", "4", "-q=false")
	s.send("A n=1", "B n=2")
	require.NoError(t, r.End())
	w := toolkittest.New(t)
	require.NoError(t, w.Run(t.Context(), tail.Replay, "replay", "--dry-run", "--speed", "max", path))
	require.Equal(t, "A n=1\nB n=2\n", withoutTimes(w.Out.String()))
}

func withoutTimes(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		if i := strings.IndexAny(line, "AB"); i >= 0 {
			line = line[i:]
		}
		b.WriteString(line)
	}
	return b.String()
}

func TestWatchServicesThatComeAndGo(t *testing.T) {
	dir := controlDir(t)
	one, two := serve(t, dir, "one"), serve(t, dir, "two")
	r := startWatch(t, 1, "--window", "1ms", "two", "three", "--wait")
	one.send("HIDDEN")
	two.send("SEEN a=1")
	r.WaitOut("SEEN a=1")
	two.stop()
	r.WaitOut("(has gone)")
	two = serve(t, dir, "two")
	r.WaitOut("(watched again; what happened in ")
	two.send("SEEN a=2")
	r.WaitOut("SEEN a=2")
	serve(t, dir, "three").send("EARLY") // before we are there, as far as anyone knows
	r.WaitErr("watching three")
	require.ErrorContains(t, r.Stop(), "interrupted")
	require.NotContains(t, r.Out.String(), "HIDDEN")
	require.Contains(t, r.Err.String(), "of 2 services, gaps: 1")
	require.Contains(t, r.Err.String(), "waiting for three")
}

func TestWatchErrors(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		kind toolkit.Kind
		text string
		hint string
	}{
		"unknown":     {[]string{"klock"}, toolkit.Unavailable, `no service or process "klock"`, "did you mean clock?"},
		"far off":     {[]string{"nothing"}, toolkit.Unavailable, `no service or process "nothing"`, "there are clock;"},
		"killed":      {[]string{"dead"}, toolkit.Unavailable, `no service or process "dead"`, "there are clock;"},
		"no socket":   {[]string{"/nonexistent/x.1.sock"}, toolkit.Unavailable, "no such file", ""},
		"filter":      {[]string{"--filter", "pear=x"}, toolkit.Usage, "did you mean peer?", ""},
		"sample":      {[]string{"--sample", "0"}, toolkit.Usage, `option --sample: "0" is not`, ""},
		"count":       {[]string{"--count", "0"}, toolkit.Usage, `option --count: "0" is not`, ""},
		"bytes":       {[]string{"--bytes", "-1"}, toolkit.Usage, `option --bytes: "-1" is not a number from 0`, ""},
		"rate":        {[]string{"--rate", "-1"}, toolkit.Usage, `option --rate: "-1" is not`, ""},
		"empty":       {[]string{""}, toolkit.Usage, "a target is empty", ""},
		"append":      {[]string{"--append"}, toolkit.Usage, "need --record", ""},
		"timeout":     {[]string{"-n", "1", "--timeout", "2s"}, toolkit.Timeout, "0 of 1 messages came in 2s", ""},
		"nobody came": {[]string{"--wait", "x", "--timeout", "50ms"}, toolkit.Timeout, "nothing could be watched", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := controlDir(t)
			left, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "dead.1.sock"), Net: "unix"}) // its number is another's now
			require.NoError(t, err)
			left.SetUnlinkOnClose(false)
			require.NoError(t, left.Close())
			serve(t, dir, "clock")
			err = toolkittest.New(t).Run(t.Context(), tail.Watch, append([]string{"watch"}, c.args...)...)
			require.ErrorContains(t, err, c.text)
			require.Equal(t, c.kind, toolkit.KindOf(err))
			require.Contains(t, toolkit.HintOf(err), c.hint)
		})
	}
	controlDir(t)
	err := toolkittest.New(t).Run(t.Context(), tail.Watch, "watch")
	require.ErrorContains(t, err, "no service has a control socket")
	require.NoError(t, toolkittest.New(t).Run(t.Context(), tail.Watch, "watch", "--wait", "--duration", "10ms"))
}

// Nobody waits at the end for a service that has not answered yet.
func TestWatchOfAMuteService(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	target := "tcp://" + l.Addr().String()
	err = toolkittest.New(t).Run(t.Context(), tail.Watch, "watch", "--timeout", "50ms", target)
	require.EqualError(t, err, "nothing could be watched in 50ms")
	require.Equal(t, toolkit.Timeout, toolkit.KindOf(err))

	ctx, stop := context.WithCancelCause(t.Context())
	go func() {
		if c, err := l.Accept(); err == nil { // of the watch above
			c.Close()
		}
		if c, err := l.Accept(); err == nil {
			defer c.Close()
		}
		stop(&toolkit.Interrupted{Signal: os.Interrupt})
	}()
	err = toolkittest.New(t).Run(ctx, tail.Watch, "watch", target)
	require.Equal(t, toolkit.Interrupt, toolkit.KindOf(err), "%v", err)
}

// A service at which all places are taken says so; whoever may wait gets the place that is free later.
func TestWatchBusyService(t *testing.T) {
	serve(t, controlDir(t), "clock")
	release := toolkittest.Occupy(t, "clock")
	err := toolkittest.New(t).Run(t.Context(), tail.Watch, "watch", "clock")
	require.ErrorContains(t, err, "busy: 256 visitors")
	require.Equal(t, toolkit.Temporary, toolkit.KindOf(err))
	require.Contains(t, toolkit.HintOf(err), "have to end first")
	r := &running{t: t, Running: toolkittest.Start(t, toolkittest.New(t), tail.Watch, "watch", "--wait", "clock")}
	r.WaitErr("busy: 256 visitors")
	release()
	r.WaitErr("watching clock")
	require.Equal(t, 1, strings.Count(r.Err.String(), "busy"))
	require.ErrorContains(t, r.Stop(), "interrupted")
}

// What a client sent at full speed is shown or told to be lost.
func TestWatchLosesNothingSilently(t *testing.T) {
	for name, args := range map[string][]string{"all": {"--rate", "0"}, "rate": {"--rate", "50"}} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, controlDir(t), "clock")
			r := startWatch(t, 1, append(args, "--json", "--window", "1ms", "--filter", "direction=in", "-q=false")...)
			const n = 2000
			for i := range n {
				s.send(fmt.Sprintf("N n=%d", i))
			}
			count := func(out string) (shown, lost int) {
				for line := range strings.Lines(out) {
					if strings.Contains(line, `"command":"N"`) {
						shown++
					}
					var k int
					if _, after, ok := strings.Cut(line, `"rate":`); ok {
						_, _ = fmt.Sscanf(after, "%d", &k)
						lost += k
					}
				}
				return shown, lost
			}
			r.WaitFor(r.Out, func(out string) bool { shown, lost := count(out); return shown+lost >= n })
			require.Error(t, r.Stop())
			shown, lost := count(r.Out.String())
			require.Equal(t, n, shown+lost)
			require.Equal(t, name == "all", lost == 0)
		})
	}
}

// TestWatchOnATerminal: neither messages nor events steer it, in whatever form.
func TestWatchOnATerminal(t *testing.T) {
	s := serve(t, controlDir(t), "clo\u009bck")
	for _, form := range []string{"--plain", "--json"} {
		w := toolkittest.New(t)
		w.Terminal(80)
		r := &running{t: t, Running: toolkittest.Start(t, w, tail.Watch, "watch", form, "-n", "2")}
		r.WaitErr("watching")
		s.send("NOW x=\u009b1m")
		require.NoError(t, r.End())
		require.NotContains(t, r.Out.String()+r.Err.String(), "\u009b")
		require.Contains(t, r.Out.String(), "NOW")
	}
	w := toolkittest.New(t)
	w.Terminal(80)
	r := &running{t: t, Running: toolkittest.Start(t, w, tail.Watch, "watch", "--plain")}
	r.WaitErr("watching")
	require.ErrorContains(t, r.Stop(), "interrupted")
	require.Contains(t, r.Err.String(), "\r0 messages of 1 service", "behind the ^C of the terminal")
}
