package router

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/proc"
)

// TestSlowReader: a service that does not read is closed when its queue is full; what it did not get is counted and
// reported, and others do not notice.
func TestSlowReader(t *testing.T) {
	n := begin(t, "client_queue=256K", "log_level=info")
	slow, quick := n.service("slow"), n.service("quick")
	quick.sync()
	slow.sync()
	sender := n.service("sender")
	payload := strings.Repeat("x", 1000)
	sent, failed := 0, 0
	for failed == 0 {
		require.Less(t, sent, 100_000)
		for range 100 {
			sender.send(fmt.Sprintf("slow/DATA n=%d;transmission_report=failure;p=%s", sent, payload))
			sent++
		}
		sender.send("quick/PROBE")
		quick.want("PROBE$")
		sender.send("ALIVE serial=4711")
		for line := sender.line(); !strings.Contains(line, "ABSOLUTELY"); line = sender.line() {
			require.Regexp(t, `TRANSMISSION_REPORT command=DATA;status=failed$`, line)
			failed++
		}
	}
	got := 0
	for {
		line, err := slow.r.ReadString('\n')
		if err != nil {
			break
		}
		require.Contains(t, line, fmt.Sprintf("n=%d;", got), "what arrives is in order and whole")
		got++
	}
	require.NotZero(t, got)
	stats := n.figures().rules
	require.NotZero(t, stats.Lost)
	require.LessOrEqual(t, uint64(got+failed), uint64(sent)+stats.Uncertain, "what was reported did not arrive, but for what is uncertain")
	require.GreaterOrEqual(t, got+failed, sent, "every message arrived or was reported")
	sender.send("SERVICE_STATUS service=slow")
	sender.want(`service=slow;status=down`)
}

// TestRate: a client that sends too fast has to wait, it loses nothing.
func TestRate(t *testing.T) {
	n := begin(t, "client_rate=200")
	alpha, beta := n.service("alpha"), n.service("beta")
	began := time.Now()
	var lines []string
	for i := range 300 {
		lines = append(lines, fmt.Sprintf("alpha/N n=%d", i))
	}
	beta.send(lines...)
	for i := range 300 {
		alpha.want(fmt.Sprintf("n=%d$", i))
	}
	require.Greater(t, time.Since(began), 400*time.Millisecond)
}

func TestMaxClients(t *testing.T) {
	n := begin(t, "max_clients=2")
	n.service("alpha").sync()
	n.service("beta").sync()
	n.unix().gone()
	n.tcp().sync() // each address has a limit of its own
	n.do(func() { n.d.tell() })
	n.logged(`level=WARN msg="connections were refused: there are too many, or they came from where none may come" count=1`)
	n.do(func() { n.d.tell() })
	require.Equal(t, 1, strings.Count(n.w.Err.String(), "connections were refused"))
}

// TestRotationIsNotAFlood: whoever can send can ask for it, and a line about each would fill what it empties.
func TestRotationIsNotAFlood(t *testing.T) {
	n := begin(t)
	n.do(func() {
		for range 100 {
			n.d.RotateLog()
		}
		n.d.log.Info("that was all")
	})
	n.logged("that was all")
	require.Equal(t, 1, strings.Count(n.w.Err.String(), "opened anew"))
}

// TestLostIsLogged: one line says with whom messages were lost, and how many.
func TestLostIsLogged(t *testing.T) {
	n := begin(t, "client_queue=8M")
	alpha, beta := n.service("alpha"), n.service("beta")
	beta.sync()
	for i := range 3000 {
		alpha.send(fmt.Sprintf("beta/X n=%d;text=%0300d", i, 0))
	}
	alpha.sync()
	require.NoError(t, beta.c.Close())
	n.logged(`level=WARN msg="messages were lost with a client" client="beta \(unix\)" lost=\d+ uncertain=\d+`)
	require.Equal(t, 1, strings.Count(n.w.Err.String(), "were lost"))
}

// TestLongLine: it is answered, then the connection ends; others live.
func TestLongLine(t *testing.T) {
	n := begin(t, "line_limit=1000")
	c := n.unix()
	c.send("X p=" + strings.Repeat("x", 996))
	c.want("UNKNOWN command=X$")
	c.send("X p=" + strings.Repeat("x", 997))
	c.want(`INVALID message=line longer than 1000 bytes$`)
	c.gone()
	n.service("alpha").sync()
}

// TestNoDescriptors: a router without any left turns new clients away at once and serves those it has; when there are
// some again it takes new ones.
func TestNoDescriptors(t *testing.T) {
	p := spawn(t, nil)
	alpha, beta := p.unix().register("alpha"), p.unix().register("beta")
	alpha.sync()
	beta.sync()
	used, polls := 0, 0
	for _, e := range descriptors(t, p.cmd.Process.Pid) {
		used++
		if target, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", p.cmd.Process.Pid, e.Name())); err == nil && target == "anon_inode:[eventpoll]" {
			polls++
		}
	}
	require.Equal(t, 2, polls, "the loop's and the runtime's, which must be there before none can be had")
	limit := syscall.Rlimit{Cur: uint64(used + 20), Max: uint64(used + 20)}
	require.NoError(t, prlimit(p.cmd.Process.Pid, &limit))
	var crowd []net.Conn
	refused := 0
	for range 200 {
		c, err := net.Dial("unix", p.path("s"))
		require.NoError(t, err)
		crowd = append(crowd, c)
		require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
		_, err = c.Write([]byte("ALIVE serial=1\n"))
		buf := make([]byte, 100)
		if err == nil {
			_, err = c.Read(buf)
		}
		if err != nil {
			require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
			refused++
		}
	}
	require.Greater(t, refused, 150)
	beta.send("alpha/STILL")
	alpha.want("STILL$")
	for _, c := range crowd {
		c.Close()
	}
	eventually(t, "a new client is taken", func() bool {
		c, err := net.Dial("unix", p.path("s"))
		if err != nil {
			return false
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(time.Second))
		_, _ = c.Write([]byte("ALIVE serial=1\n"))
		n, _ := c.Read(make([]byte, 100))
		return n > 0
	})
	p.ends(syscall.SIGTERM)
}

func descriptors(t *testing.T, pid int) []os.DirEntry {
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	require.NoError(t, err)
	return list
}

// TestIdleServices: thousands of registered services that rest cost little memory, and forwarding between two of them takes
// as long as without the others.
func TestIdleServices(t *testing.T) {
	p := spawn(t, func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, "GOMAXPROCS=2") })
	limit, err := proc.FDLimit()
	require.NoError(t, err)
	crowd := min(10_000, int(limit.Hard)-500)
	require.NoError(t, proc.SetFDLimit(limit.Hard))
	alpha, beta := p.unix().register("alpha"), p.unix().register("beta")
	ping := func() time.Duration {
		slowest := []time.Duration{}
		for range 300 {
			began := time.Now()
			beta.send("alpha/PING")
			alpha.skip("PING$")
			slowest = append(slowest, time.Since(began))
		}
		return percentile(slowest, 0.5)
	}
	alone := ping()
	buf := make([]byte, 4096)
	for i := range crowd {
		c, err := net.Dial("unix", p.path("s"))
		require.NoError(t, err)
		t.Cleanup(func() { c.Close() })
		_, err = fmt.Fprintf(c, "REGISTER service=idle%d;version=1\nCOMMANDS list=HELP,READY,QUITTING,STOP,UNKNOWN\n", i)
		require.NoError(t, err)
		for got := ""; !strings.Contains(got, "READY"); {
			n, err := c.Read(buf)
			require.NoError(t, err)
			got += string(buf[:n])
		}
	}
	crowded := ping()
	for try := 0; try < 20 && crowded >= 5*alone+time.Millisecond; try++ { // the machine may have been busier than before
		crowded = min(crowded, ping())
	}
	rss := rss(t, p.cmd.Process.Pid)
	t.Logf("%d idle services: %d KiB resident, median of a forward %v alone, %v with them", crowd, rss/1024, alone, crowded)
	if !watched {
		require.Less(t, rss, 40<<20)
	}
	require.Less(t, crowded, 5*alone+10*time.Millisecond)
}

func rss(t *testing.T, pid int) int {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(t, err)
	m := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(data)
	require.NotNil(t, m)
	kib, err := strconv.Atoi(string(m[1]))
	require.NoError(t, err)
	return kib << 10
}
