package router

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// TestReload: what can change changes while clients stay, what cannot is told, and a mistake changes nothing.
func TestReload(t *testing.T) {
	dir := t.TempDir()
	services := serviceFiles(t, "gamma")
	file := func(text string) string { return write(t, filepath.Join(dir, "r.conf"), text) }
	n := beginWith(t, options{files: []string{file("signal_secret=one\nlog_format=text\nclient_rate=0\npolicy=\n")}}, "services="+services)
	beta := n.service("beta")
	udp, err := net.Dial("udp", n.at("signal"))
	require.NoError(t, err)
	defer udp.Close()

	policy := write(t, filepath.Join(dir, "policy"), "deny register evil")
	file("signal_secret=two\nlog_format=json\nline_limit=1K\nlog_level=info\npolicy=" + policy)
	write(t, services+"/delta.service", "")
	n.do(n.d.reload)
	n.logged(`setting changes at the next start only" name=log_format where=.*r.conf:2`)
	n.logged(`configuration was read again`)
	beta.send(`delta/KEPT`, "SERVICE_STATUS service=delta")
	beta.skip(`service=delta;status=down`)
	delta := n.unix()
	delta.send("REGISTER service=evil;version=1")
	delta.want(`INVALID command=REGISTER;message=.*policy`)
	delta.send("REGISTER service=delta;version=1")
	delta.want("HELP$")
	delta.want("READY")
	delta.want(`^<n1:beta delta/KEPT$`)
	delta.send("COMMANDS list=" + strings.Repeat("X", 1100))
	delta.want(`INVALID message=line longer than 1024 bytes`)
	delta.gone()
	for _, packet := range []string{"beta/OLD secret_code=one", "beta/NEW secret_code=two"} {
		_, err = udp.Write([]byte(packet))
		require.NoError(t, err)
	}
	beta.want(`beta/NEW$`)

	file("signal_secret=three\nnonsense=1")
	n.do(n.d.reload)
	n.logged(`configuration stays as it was" error=".*r.conf:2: there is no key`)
	_, err = udp.Write([]byte("beta/STILL secret_code=two"))
	require.NoError(t, err)
	beta.want(`beta/STILL$`)
}

// TestRotate: LOG_ROTATE opens the file anew, whatever happened to the old one.
func TestRotate(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "r.log")
	n := begin(t, "log_file="+file, "log_format=json")
	has := func(path, text string) {
		t.Helper()
		eventually(t, path+" has "+text, func() bool {
			data, _ := os.ReadFile(path)
			return bytes.Contains(data, []byte(text))
		})
	}
	has(file, "router is ready")
	require.NoError(t, os.Rename(file, file+".1"))
	alpha := n.service("alpha")
	alpha.send("LOG_ROTATE")
	alpha.sync()
	has(file+".1", "opened anew")
	eventually(t, "the new file is there", func() bool { _, err := os.Stat(file); return err == nil })
	require.NoError(t, os.Rename(file, file+".2"))
	require.NoError(t, os.Mkdir(file, 0o755))
	alpha.send("LOG_ROTATE", "STOP")
	alpha.gone()
	n.end()
	require.Contains(t, n.w.Err.String(), "the log file stays as it is")
	data, err := os.ReadFile(file + ".2")
	require.NoError(t, err)
	require.Contains(t, string(data), "router has ended")
	for line := range strings.Lines(string(data)) {
		require.True(t, json.Valid([]byte(line)), line)
	}
}

func TestMetrics(t *testing.T) {
	sock := filepath.Join(t.TempDir(), "m")
	for _, where := range []string{"unix:" + sock, "127.0.0.1:0"} {
		t.Run(where[:4], func(t *testing.T) {
			n := begin(t, "metrics_listen="+where)
			at := n.at("metrics_listen")
			client := http.Client{Timeout: patience, Transport: &http.Transport{
				DisableKeepAlives: true,
				DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
					var d net.Dialer
					if strings.HasPrefix(where, "unix:") {
						return d.DialContext(ctx, "unix", at)
					}
					return d.DialContext(ctx, "tcp", at)
				},
			}}
			get := func(path string) (int, string) {
				r, err := client.Get("http://router" + path)
				require.NoError(t, err)
				defer r.Body.Close()
				text, err := io.ReadAll(r.Body)
				require.NoError(t, err)
				return r.StatusCode, string(text)
			}
			alpha, beta := n.service("alpha"), n.service("beta")
			beta.send("alpha/ONE", "alpha/TWO", "A*B", "nobody/X")
			beta.want("INVALID")
			alpha.want("ONE$")
			beta.sync()
			code, text := get("/metrics")
			require.Equal(t, 200, code)
			for _, line := range []string{
				`ed_router_info{server="n1"} 1`, `ed_router_clients{kind="unix"} 2`, "ed_router_services 2", "ed_router_messages_forwarded_total 2",
				"ed_router_messages_malformed_total 1", "ed_router_messages_undelivered_total 1", "ed_router_cluster_up 1",
			} {
				require.Contains(t, "\n"+text, "\n"+line+"\n")
			}
			checkExposition(t, text)
			code, text = get("/")
			require.Equal(t, 200, code)
			require.Contains(t, text, "/metrics")
			code, _ = get("/nothing")
			require.Equal(t, 404, code)

			if where[0] != 'u' {
				return
			}
			// A loop that is busy does not answer, and a request does not wait for it.
			release, busy := make(chan struct{}), make(chan struct{})
			require.NoError(t, n.d.loop.Post(func() { close(busy); <-release }))
			<-busy
			func() {
				defer close(release)
				code, text = get("/metrics")
			}()
			require.Equal(t, 503, code)
			require.Contains(t, text, "the router is too busy: no figures within 1s\n")
		})
	}
	require.NoFileExists(t, sock)
}

// checkExposition: every figure has its help and its type, no name comes twice, every line has the form.
func checkExposition(t *testing.T, text string) {
	sample := regexp.MustCompile(`^(ed_router_[a-z_]+)(\{[a-z]+="[^"]*"\})? [0-9.e+-]+$`)
	help, kind, seen := "", "", map[string]bool{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		f := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "# HELP "):
			help = f[2]
			require.False(t, seen[help], help)
			seen[help] = true
		case strings.HasPrefix(line, "# TYPE "):
			require.Equal(t, help, f[2])
			kind = f[3]
		default:
			m := sample.FindStringSubmatch(line)
			require.NotNil(t, m, line)
			require.Equal(t, help, m[1])
			require.Equal(t, strings.HasSuffix(help, "_total"), kind == "counter", line)
		}
	}
	require.Greater(t, len(seen), 30)
}

// TestJournal: priorities as systemd reads them, no time of our own, and attributes survive With.
func TestJournal(t *testing.T) {
	var out bytes.Buffer
	var level slog.LevelVar
	log := newLogger(&out, formatOf("auto", "", func(string) string { return "8:1" }), &level)
	log.Debug("no")
	log.Info("one", "a", 1)
	log.With("b", 2).WithGroup("g").Warn("two", "c", 3)
	level.Set(levelOf("debug"))
	log.Error("three")
	log.Debug("four")
	require.Equal(t, "<6>msg=one a=1\n<4>msg=two b=2 g.c=3\n<3>msg=three\n<7>msg=four\n", out.String())
	require.Equal(t, "text", formatOf("auto", "", func(string) string { return "" }))
	require.Equal(t, "text", formatOf("auto", "file", func(string) string { return "8:1" }))
	require.Equal(t, "json", formatOf("json", "", nil))
	require.Equal(t, []slog.Level{slog.LevelInfo, slog.LevelWarn, slog.LevelError}, []slog.Level{levelOf("info"), levelOf("warning"), levelOf("error")})
}

// TestLogToFIFO: one that nobody reads keeps no router from starting, and says so.
func TestLogToFIFO(t *testing.T) {
	t.Parallel()
	fifo := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	_, err := openSink(fifo, io.Discard)
	require.EqualError(t, err, "open "+fifo+": nobody reads it")
	reader, err := os.OpenFile(fifo, os.O_RDWR, 0) // the goroutine that waits has what it waits for
	require.NoError(t, err)
	defer reader.Close()
	s, err := openSink(fifo, io.Discard)
	require.NoError(t, err)
	_, err = s.Write([]byte("x\n"))
	require.NoError(t, err)
	n, err := reader.Read(make([]byte, 8))
	require.NoError(t, err)
	require.Equal(t, 2, n)
	s.Close(time.Second)
}

// stuck is a writer that takes nothing until it is let go.
type stuck struct{ release chan struct{} }

func (s stuck) Write(p []byte) (int, error) { <-s.release; return len(p), nil }

// TestStuckLog: a log that nobody reads loses records, it does not stop the router, and it is told afterwards.
func TestStuckLog(t *testing.T) {
	w := stuck{make(chan struct{})}
	s, err := openSink("", w)
	require.NoError(t, err)
	for range maxRecords + 100 {
		_, err := s.Write([]byte("x\n"))
		require.NoError(t, err)
	}
	lost := s.lost.Load()
	require.InDelta(t, 99, lost, 1)
	s.Close(time.Millisecond)
	close(w.release)
	<-s.over
	require.EqualValues(t, maxRecords+100, s.written.Load()+lost)
}

// TestFullDisk: that the log file takes nothing is told once, and the router lives on.
func TestFullDisk(t *testing.T) {
	n := begin(t, "log_file=/dev/full")
	n.logged("log records are lost until the log file takes them again: write /dev/full: no space left on device")
	n.service("alpha").sync()
	n.do(func() { n.d.log.Info("one more") })
	eventually(t, "it is lost", func() bool { return n.d.sink.lost.Load() > 2 })
	require.Equal(t, 1, strings.Count(n.w.Err.String(), "records are lost"))

	var o options
	n = prepare(t, &o, "log_file="+t.TempDir())
	err := run(t.Context(), n.w.Env, o)
	require.ErrorContains(t, err, "log_file: open ")
	require.Equal(t, toolkit.CantCreate, toolkit.KindOf(err))
	require.Contains(t, toolkit.HintOf(err), "--log-file FILE takes another")
	require.NotContains(t, n.w.Err.String(), "router has ended", "it had not begun")
}

// TestTaken: the error of an address that somebody has names who it is, and nothing is left behind.
func TestTaken(t *testing.T) {
	first := begin(t)
	for _, settings := range [][]string{
		{"unix_listen=" + first.path("s"), "unix_datagram=none"},
		{"local_listen=" + first.at("local_listen")},
		{"signal=" + first.at("signal")},
		{"unix_datagram=" + first.path("s.dgram")},
	} {
		var o options
		n := prepare(t, &o, settings...)
		err := run(t.Context(), n.w.Env, o)
		require.Equal(t, toolkit.Unavailable, toolkit.KindOf(err), "%v", err)
		require.ErrorContains(t, err, ", process "+pid())
		require.Contains(t, toolkit.HintOf(err), "none does without")
		require.NoFileExists(t, n.path("s"))
	}
	var o options
	n := prepare(t, &o, "my_address=192.0.2.77")
	err := run(t.Context(), n.w.Env, o)
	require.ErrorContains(t, err, "my_address: no interface of this host has 192.0.2.77")
	require.FileExists(t, first.path("s"), "the first one is undisturbed")
	first.service("alpha").sync()
}

// TestPanicInTheClock: it goes on, or the rules would forget nothing and dial nobody from then on.
func TestPanicInTheClock(t *testing.T) {
	n := begin(t)
	n.do(func() {
		rules := n.d.rules
		n.d.rules = nil // a mistake, as far as there can be one
		n.d.tick.Reset(0)
		n.d.loop.After(5*time.Millisecond, "mend", func() { n.d.rules = rules })
	})
	eventually(t, "it has panicked", func() bool {
		panics := uint64(0)
		n.do(func() { panics = uint64(n.d.loop.Stats().Panics) })
		return panics > 0
	})
	eventually(t, "the clock goes on", func() bool {
		goesOn := false
		n.do(func() { goesOn = n.d.rules != nil && n.d.tick.Active() })
		return goesOn
	})
	n.service("alpha").sync()
}
