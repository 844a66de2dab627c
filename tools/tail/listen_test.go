package tail_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/tools/tail"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

const patience = 40 * time.Second

func TestMain(m *testing.M) {
	transporttest.Prepare()
	goleak.VerifyTestMain(m)
}

// running is an `ed listen` that a test talks to.
type running struct {
	*toolkittest.Running
	t   *testing.T
	dir string
}

// start runs `ed listen` with args; SOCK in them is the path of a socket that does not exist yet. It returns when it listens on
// as many addresses as it was given.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	r := &running{t: t, dir: t.TempDir()}
	addresses := 0
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, "SOCK", filepath.Join(r.dir, "s"))
		if scheme, _, ok := strings.Cut(a, ":"); ok && strings.Contains("tcp udp unix unixgram unixpacket", scheme) {
			addresses++
		}
	}
	r.Running = toolkittest.Start(t, toolkittest.New(t), tail.Listen, append([]string{"listen"}, args...)...)
	r.WaitFor(r.Err, func(s string) bool {
		return strings.Count(s, "listening on ")+strings.Count(s, "connected to ") >= addresses
	})
	return r
}

// address is the n-th one that it said it listens on.
func (r *running) address(n int) (network, address string) {
	found := regexp.MustCompile(`listening on (\w+):(?://)?(\S+)`).FindAllStringSubmatch(r.Err.String(), -1)
	require.Greater(r.t, len(found), n)
	return found[n][1], found[n][2]
}

func (r *running) dial(n int) net.Conn {
	r.t.Helper()
	network, address := r.address(n)
	var c net.Conn
	var err error
	if network == "unixgram" {
		local := &net.UnixAddr{Net: "unixgram", Name: filepath.Join(r.dir, fmt.Sprintf("c%d", n))}
		c, err = net.DialUnix("unixgram", local, &net.UnixAddr{Net: "unixgram", Name: address})
	} else {
		c, err = net.Dial(network, address)
	}
	require.NoError(r.t, err)
	r.t.Cleanup(func() { c.Close() })
	r.t.Cleanup(func() { c.Close() })
	require.NoError(r.t, c.SetDeadline(time.Now().Add(patience)))
	return c
}

func send(t *testing.T, c io.Writer, lines ...string) {
	t.Helper()
	for _, line := range lines {
		_, err := io.WriteString(c, line)
		require.NoError(t, err)
	}
}

func readLine(t *testing.T, c io.Reader) string {
	t.Helper()
	line, err := bufio.NewReader(c).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSuffix(line, "\n")
}

func readPacket(t *testing.T, c io.Reader) string {
	t.Helper()
	buf := make([]byte, 70000)
	n, err := c.Read(buf)
	require.NoError(t, err)
	return string(buf[:n])
}

func kinds() map[string]string {
	return map[string]string{"tcp": "tcp://127.0.0.1:0", "udp": "udp://127.0.0.1:0", "unix": "unix:SOCK", "unixgram": "unixgram:SOCK"}
}

func TestListenShowsWhatComes(t *testing.T) {
	for kind, address := range kinds() {
		t.Run(kind, func(t *testing.T) {
			r := start(t, address, "--timestamps=none")
			c := r.dial(0)
			send(t, c, "<a:b cluckd/LOCKED tag=7\n")
			r.WaitOut(" <a:b cluckd/LOCKED tag=7\n")
			require.True(t, strings.HasPrefix(r.Out.String(), "<- "+kind+":"), r.Out)
			err := r.Stop()
			var by *toolkit.Interrupted
			require.ErrorAs(t, err, &by)
			require.Contains(t, r.Err.String(), "1 message in (24 bytes), 0 broken lines, ")
			require.Contains(t, r.Err.String(), "  LOCKED                           1  24 bytes\n")
			require.NoFileExists(t, filepath.Join(r.dir, "s"))
		})
	}
}

// TestListenCountsLongPackets: what cannot be shown is told at the end.
func TestListenCountsLongPackets(t *testing.T) {
	for _, kind := range []string{"unixgram", "unixpacket"} {
		t.Run(kind, func(t *testing.T) {
			r := start(t, kind+":SOCK", "-n1")
			c := r.dial(0)
			send(t, c, "LONG v="+strings.Repeat("x", transport.DefaultMaxPacketIn), "SHORT")
			require.NoError(t, r.End())
			require.Contains(t, r.Err.String(), "1 message in (5 bytes), 0 broken lines, ")
			require.Contains(t, r.Err.String(), "1 packet dropped: longer than 65536 bytes\n")
		})
	}
}

func TestListenAnswersNothingByItself(t *testing.T) {
	r := start(t, "tcp://127.0.0.1:0", "-n1")
	c := r.dial(0)
	send(t, c, "A*B\n", "ALIVE x=1\n")
	rest, err := io.ReadAll(c)
	require.NoError(t, err)
	require.Empty(t, rest, "neither INVALID nor ABSOLUTELY")
	require.NoError(t, r.End())
}

func TestListenOnManyAddressesAtOnce(t *testing.T) {
	r := start(t, "tcp://127.0.0.1:0", "udp://127.0.0.1:0", "unix:SOCK", "unixgram:SOCK2", "tcp://127.0.0.1:0", "--echo", "--filter", "direction=in", "-n", "5")
	for n := range 5 {
		c := r.dial(n)
		send(t, c, fmt.Sprintf("HELLO n=%d\n", n))
		require.Equal(t, fmt.Sprintf("HELLO n=%d", n), strings.TrimSuffix(readPacket(t, c), "\n"))
	}
	require.NoError(t, r.End())
	require.Contains(t, r.Err.String(), "5 messages in (45 bytes), 5 out")
}

// What kills the C++ servers is shown, and the listener lives.
func TestListenLivesThroughBadInput(t *testing.T) {
	r := start(t, "tcp://127.0.0.1:0", "udp://127.0.0.1:0", "--timestamps=none")
	c, u := r.dial(0), r.dial(1)
	send(t, c, "A*B\n", "{\"server\":\"x\"}\n", "\xff\xfe\n", "A b=\x00\n", "GOOD a=1\n")
	for _, want := range []string{
		"(broken at byte 1: bad command: '*' is not allowed, only A-Z 0-9 _) A*B\n",
		"(broken at byte 13: the JSON object has no command) {\"server\":\"x\"}\n",
		") \\xFF\\xFE\n", ") A b=\\x00\n", "GOOD a=1\n",
	} {
		r.WaitOut(want)
	}
	send(t, u, "A*B")
	r.WaitOut("udp://" + u.LocalAddr().String() + " (broken at byte 1: ")
	send(t, c, "LONG v="+strings.Repeat("x", 65536)+"\n")
	r.WaitOut("(broken at byte 65536: line longer than 65536 bytes)\n")
	_, err := io.ReadAll(c)
	require.NoError(t, err, "only this connection is closed")
	send(t, r.dial(0), "STILL b=2\n")
	r.WaitOut("STILL b=2\n")
	require.Error(t, r.Stop())
	require.Contains(t, r.Err.String(), "2 messages in (17 bytes), 6 broken lines, 2 links")
}

func TestListenEcho(t *testing.T) {
	for kind, address := range kinds() {
		t.Run(kind, func(t *testing.T) {
			r := start(t, address, "--echo", "--timestamps=none")
			c := r.dial(0)
			for _, mute := range []string{"INVALID command=X\n", "UNKNOWN command=X\n", "ABSOLUTELY serial=1\n", "COMMANDS list=A\n"} {
				send(t, c, mute)
			}
			send(t, c, "<srv:me you/DO b=\"x;y\";a=1\n")
			require.Equal(t, "srv:me/DO a=1;b=\"x;y\"", strings.TrimSuffix(readPacket(t, c), "\n"))
			r.WaitOut(" srv:me/DO a=1;b=\"x;y\"\n")
			require.Error(t, r.Stop())
			require.Contains(t, r.Err.String(), "5 messages in")
			require.Contains(t, r.Err.String(), ", 1 out")
		})
	}
}

func TestListenReply(t *testing.T) {
	r := start(t, "tcp://127.0.0.1:0", "--reply", "READY a=1", "--reply", "<me:x other/NEXT")
	c := r.dial(0)
	send(t, c, "<:me HELLO\n")
	in := bufio.NewReader(c)
	for _, want := range []string{"me/READY a=1\n", "<me:x other/NEXT\n"} {
		line, err := in.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, want, line)
	}
	send(t, c, "{\"command\":\"HELLO\"}\n")
	line, err := in.ReadString('\n')
	require.NoError(t, err)
	require.JSONEq(t, `{"command":"READY","parameters":{"a":"1"}}`, line, "a peer that speaks JSON is answered in JSON")
	require.Error(t, r.Stop())
}

func TestListenSendsOnNewConnections(t *testing.T) {
	r := start(t, "tcp://127.0.0.1:0", "--send", "HELLO v=1")
	require.Equal(t, "HELLO v=1", readLine(t, r.dial(0)))
	require.Error(t, r.Stop())
}

func TestListenConnects(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	r := start(t, "--connect", "tcp://"+l.Addr().String(), "--send", "REGISTER service=x;version=1", "--timestamps=none", "--echo")
	c, err := l.Accept()
	require.NoError(t, err)
	in := bufio.NewReader(c)
	line, err := in.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "REGISTER service=x;version=1\n", line)
	send(t, c, "PING n=1\n")
	line, err = in.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "PING n=1\n", line)
	require.NoError(t, c.Close())
	require.NoError(t, r.End(), "the peer has gone, and nothing was waited for")
	require.Equal(t, 3, strings.Count(r.Out.String(), "tcp://"+l.Addr().String()), r.Out)
}

func TestListenConnectRefused(t *testing.T) {
	w := toolkittest.New(t)
	err := w.Run(t.Context(), tail.Listen, "listen", "--connect", "unix:"+filepath.Join(t.TempDir(), "none"))
	require.Equal(t, toolkit.Unavailable, toolkit.KindOf(err), err)
}

// A peer that takes no connection is no success, though nothing was waited for.
func TestListenConnectNever(t *testing.T) {
	path := filepath.Join(t.TempDir(), "full")
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = syscall.Close(fd) })
	require.NoError(t, syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}))
	require.NoError(t, syscall.Listen(fd, 0))
	first, err := net.Dial("unix", path) // it fills the backlog
	require.NoError(t, err)
	t.Cleanup(func() { _ = first.Close() })
	err = toolkittest.New(t).Run(t.Context(), tail.Listen, "listen", "--connect", "--timeout", "0.1", "unix:"+path)
	require.EqualError(t, err, "0 of 1 connection made in 100ms")
	require.Equal(t, toolkit.Timeout, toolkit.KindOf(err))
}

func TestListenEnds(t *testing.T) {
	for name, c := range map[string]struct {
		args  []string
		lines string
		kind  toolkit.Kind
		err   string // "" for none
		out   int    // lines
	}{
		"count":                {[]string{"-n", "3", "--timeout", "10s"}, "A\nB\nC\nD\nE\n", 0, "", 3},
		"too few in time":      {[]string{"-n", "3", "--timeout", "2s"}, "A\nB\n", toolkit.Timeout, "2 of 3 messages came in 2s", 2},
		"count of the shown":   {[]string{"-n", "2", "--filter", "B*"}, "A\nB1\nA\nB2\nB3\n", 0, "", 2},
		"broken do not count":  {[]string{"-n", "1"}, "A*B\nA\n", 0, "", 2},
		"until":                {[]string{"--until", "EN?"}, "A\nEND\nB\n", 0, "", 2},
		"until what is hidden": {[]string{"--until", "END", "--filter", "A"}, "A\nEND\nB\n", 0, "", 1},
		"until in vain":        {[]string{"--until", "END", "--timeout=2"}, "A\nB\n", toolkit.Timeout, "no END came in 2s", 2},
		"time given":           {[]string{"--timeout", "2"}, "A\n", 0, "", 1},
		"idle":                 {[]string{"--idle", "2"}, "A\n", 0, "", 1},
		"idle in vain":         {[]string{"--idle", "2", "-n9"}, "A\n", toolkit.Timeout, "1 of 9 messages came when nothing came for 2s", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // what ends by time is given enough for a slow machine
			r := start(t, append(c.args, "tcp://127.0.0.1:0")...)
			send(t, r.dial(0), c.lines)
			err := r.End()
			if c.err == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, c.err)
				require.Equal(t, c.kind, toolkit.KindOf(err))
			}
			require.Equal(t, c.out, strings.Count(r.Out.String(), "\n"), r.Out)
		})
	}
}

func TestListenQuiet(t *testing.T) {
	w := toolkittest.New(t)
	require.NoError(t, w.Run(t.Context(), tail.Listen, "listen", "-q", "tcp://127.0.0.1:0", "--timeout", "0.01"))
	require.Empty(t, w.Err.String())
}

func TestListenRecords(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	for _, form := range [][]string{{}, {"--json", "--append"}} {
		r := start(t, append(form, "tcp://127.0.0.1:0", "--record", path, "--filter", "!B", "--reply", "OK", "-n2")...)
		c := r.dial(0)
		send(t, c, "A x=1\nB\nA*B\nC\n")
		_, err := io.ReadAll(c)
		require.NoError(t, err)
		require.NoError(t, r.End())
	}
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var got []string
	for line := range strings.Lines(string(data)) {
		got = append(got, regexp.MustCompile(`^.*"direction":|"raw.*`).ReplaceAllString(strings.TrimSpace(line), ""))
	}
	once := []string{
		`"in","command":"A","parameters":{"x":"1"}}`, `"out","command":"OK"}`, `"out","command":"OK"}`,
		`"in","error":"bad message at byte 1: bad command: '*' is not allowed, only A-Z 0-9 _","offset":1,`,
		`"in","command":"C"}`, `"out","command":"OK"}`,
	}
	require.Equal(t, append(once, once...), got)
}

func TestListenOnAFullDisk(t *testing.T) {
	r := start(t, "tcp://127.0.0.1:0", "--record", "/dev/full")
	send(t, r.dial(0), "A\n")
	err := r.End()
	require.EqualError(t, err, "record to /dev/full: no space left on device (0 whole lines are in it)")
	require.Equal(t, toolkit.IO, toolkit.KindOf(err))
}

// TestRecordToNobody: a FIFO that nobody reads is waited for as long as --timeout says.
func TestRecordToNobody(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	err := toolkittest.New(t).Run(t.Context(), tail.Listen, "listen", "tcp://127.0.0.1:0", "--record", fifo, "--timeout", "20ms")
	require.EqualError(t, err, "record to "+fifo+": nobody read it for 20ms")
	require.Equal(t, toolkit.CantCreate, toolkit.KindOf(err))
	toolkittest.Release(t, fifo)
}

func TestListenWithoutReaderOfItsOutput(t *testing.T) {
	world := toolkittest.New(t)
	in, out := io.Pipe()
	in.CloseWithError(syscall.EPIPE)
	world.Stdout.Writer = out
	r := &running{t: t, Running: toolkittest.Start(t, world, tail.Listen, "listen", "tcp://127.0.0.1:0")}
	r.WaitErr("listening on ")
	send(t, r.dial(0), "A\n")
	err := r.End()
	require.ErrorIs(t, err, syscall.EPIPE)
}

// Ten thousand are too many for a quick test; two thousand show that nothing is done for each.
func TestListenTakesThousandsOfConnections(t *testing.T) {
	limit, err := proc.FDLimit()
	require.NoError(t, err)
	n := min(2000, (int(limit.Hard)-200)/2) // both ends are ours
	require.NoError(t, proc.SetFDLimit(limit.Hard))
	r := start(t, "unix:SOCK", "--echo", "--filter", "NONE")
	conns := make([]net.Conn, n)
	for i := range conns {
		conns[i] = r.dialPath(filepath.Join(r.dir, "s"))
	}
	for i, c := range conns {
		send(t, c, fmt.Sprintf("HELLO n=%d\n", i))
	}
	for i, c := range conns {
		require.Equal(t, fmt.Sprintf("HELLO n=%d", i), readLine(t, c))
	}
	require.Error(t, r.Stop())
	for _, c := range conns {
		_, err := c.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
		c.Close()
	}
}

// TestAnswerOverTheLimit: what cannot be sent is told for what it is, also where only messages are printed.
func TestAnswerOverTheLimit(t *testing.T) {
	for _, form := range []string{"--raw", "--timestamps=none"} {
		r := start(t, "udp://127.0.0.1:0", "--echo", "--max-datagram=100", form)
		c := r.dial(0)
		_, err := io.WriteString(c, "A a="+strings.Repeat("x", 100))
		require.NoError(t, err)
		text := "not sent: larger than the limit of a datagram; --max-datagram raises it"
		if form == "--raw" {
			r.WaitFor(r.Err, func(s string) bool { return strings.Contains(s, "to udp://"+c.LocalAddr().String()+": "+text) })
			require.NotContains(t, r.Err.String(), "from udp:")
		} else {
			r.WaitOut("(" + text + ")")
		}
	}
}

func (r *running) dialPath(path string) net.Conn {
	r.t.Helper()
	var c net.Conn
	require.Eventually(r.t, func() bool {
		var err error
		c, err = net.Dial("unix", path)
		require.True(r.t, err == nil || errors.Is(err, syscall.EAGAIN), err) // the queue of the listener is full
		return err == nil
	}, patience, time.Millisecond)
	r.t.Cleanup(func() { c.Close() })
	require.NoError(r.t, c.SetDeadline(time.Now().Add(patience)))
	return c
}
