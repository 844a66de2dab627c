package router

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// playService is a service that registers as alpha and copies what it gets to its standard output. It copies before it takes: what
// it was killed before it could copy was not read.
func playService(socket string) {
	fail := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, "service:", err)
			os.Exit(1)
		}
	}
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	fail(err)
	fail(syscall.Connect(fd, &syscall.SockaddrUnix{Name: socket}))
	_, err = syscall.Write(fd, []byte("REGISTER service=alpha;version=1\n"))
	fail(err)
	buf := make([]byte, 8<<10)
	for {
		n, _, err := syscall.Recvfrom(fd, buf, syscall.MSG_PEEK)
		fail(err)
		if n == 0 {
			return
		}
		_, err = os.Stdout.Write(buf[:n])
		fail(err)
		_, err = syscall.Read(fd, buf[:n])
		fail(err)
	}
}

// alpha is such a service in a process of its own.
type alpha struct {
	cmd  *exec.Cmd
	mu   sync.Mutex
	got  []int // numbers of the messages
	over chan struct{}
}

var number = regexp.MustCompile(`alpha/D(\d+)`)

func startAlpha(t *testing.T, socket string) *alpha {
	t.Helper()
	a := &alpha{cmd: exec.Command(os.Args[0]), over: make(chan struct{})}
	a.cmd.Env = append(os.Environ(), roleVariable+"=service", settingsVariable+"="+socket)
	a.cmd.Stderr = os.Stderr
	out, err := a.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, a.cmd.Start())
	t.Cleanup(func() { _ = a.cmd.Process.Kill(); <-a.over })
	ready := make(chan struct{})
	go func() {
		defer close(a.over)
		lines := bufio.NewReader(out)
		for {
			line, err := lines.ReadString('\n')
			if err != nil { // what is left is a line that was cut: not a message, and its number may be cut, too
				break
			}
			if strings.Contains(line, "READY") {
				close(ready)
			}
			if m := number.FindStringSubmatch(line); m != nil {
				n, _ := strconv.Atoi(m[1])
				a.mu.Lock()
				a.got = append(a.got, n)
				a.mu.Unlock()
			}
		}
		_ = a.cmd.Wait()
	}()
	select {
	case <-ready:
	case <-time.After(patience):
		t.Fatal("the service does not start")
	}
	return a
}

// kill ends it with SIGKILL and returns what it got.
func (a *alpha) kill() []int {
	_ = a.cmd.Process.Kill()
	<-a.over
	return a.got
}

func (a *alpha) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.got)
}

// tell is a sender whose messages have numbers, and which gathers the reports.
type tell struct {
	*peer
	sent     int
	mu       sync.Mutex
	reported map[int]int
	over     chan struct{}
}

func newTell(p *peer) *tell {
	s := &tell{peer: p, reported: map[int]int{}, over: make(chan struct{})}
	_ = p.c.SetDeadline(time.Time{}) // the handshake had one: on a busy machine it would end the reports in midst of them
	report := regexp.MustCompile(`TRANSMISSION_REPORT .*\bcommand=D(\d+);.*status=failed`)
	go func() {
		defer close(s.over)
		for {
			line, err := p.r.ReadString('\n')
			if err != nil {
				return
			}
			if m := report.FindStringSubmatch(line); m != nil {
				n, _ := strconv.Atoi(m[1])
				s.mu.Lock()
				s.reported[n]++
				s.mu.Unlock()
			}
		}
	}()
	return s
}

// some sends a burst to alpha.
func (s *tell) some(n int) { s.t.Helper(); s.someTo("alpha", n) }

func (s *tell) someTo(to string, n int) {
	s.t.Helper()
	var b strings.Builder
	for range n {
		fmt.Fprintf(&b, "%s/D%d transmission_report=failure;p=%0100d\n", to, s.sent, s.sent)
		s.sent++
	}
	_, err := s.c.Write([]byte(b.String()))
	require.NoError(s.t, err)
}

// lost has a peer end with a reset: all messages are reported then. It is the last thing that the sender hears.
func (s *tell) lost(to *peer, all int) {
	s.t.Helper()
	require.NoError(s.t, to.c.(*net.TCPConn).SetLinger(0))
	require.NoError(s.t, to.c.Close())
	s.all(all)
	require.NoError(s.t, s.c.Close())
	<-s.over
}

// open counts the messages that neither arrived nor were reported.
func (s *tell) open(got []int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := s.sent - len(s.reported)
	for _, n := range got {
		if s.reported[n] == 0 {
			left--
		}
	}
	return left
}

// checkDelivered: every message arrived or was reported, none arrived twice or was reported twice, and few are both: those of
// which nobody can know.
func checkDelivered(t *testing.T, s *tell, got []int, uncertain uint64) {
	t.Helper()
	arrived := map[int]bool{}
	for i, n := range got {
		require.False(t, arrived[n], "message %d arrived twice", n)
		require.True(t, i == 0 || n > got[i-1], "message %d arrived after %d", n, got[max(i-1, 0)])
		arrived[n] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	both := 0
	for n := range s.sent {
		require.LessOrEqual(t, s.reported[n], 1, "message %d was reported twice", n)
		require.True(t, arrived[n] || s.reported[n] > 0, "message %d neither arrived nor was reported", n)
		if arrived[n] && s.reported[n] > 0 {
			both++
		}
	}
	require.LessOrEqual(t, uint64(both), uncertain)
}

// TestKilledServices: a service is killed again and again while it is sent messages. Each arrives or is reported.
func TestKilledServices(t *testing.T) {
	n := begin(t, "log_level=info")
	sender := newTell(n.service("sender"))
	var got []int
	for range 4 {
		a := startAlpha(t, n.path("s"))
		first := sender.sent
		for a.count() < 200+rand.IntN(200) || sender.sent < first+600 {
			sender.some(1 + rand.IntN(50))
		}
		got = append(got, a.kill()...)
		eventually(t, "the end is noticed", func() bool { return n.figures().rules.Services == 1 })
		sender.some(3) // to nobody
	}
	eventually(t, "all arrived or is reported", func() bool { return sender.open(got) == 0 })
	checkDelivered(t, sender, got, n.figures().rules.Uncertain)
	require.NoError(t, sender.c.Close())
	<-sender.over
}

// TestKilledRouter: a router is killed again and again while it carries messages. The next one takes its place at once, nothing
// arrives twice or out of order, and what it accepted after the start arrives.
func TestKilledRouter(t *testing.T) {
	dir := t.TempDir()
	highest := -1
	next := 0
	for range 3 {
		p := spawn(t, nil, "unix_listen="+dir+"/s")
		a := startAlpha(t, dir+"/s")
		sender := newTell(dial(t, "unix", dir+"/s").register("sender"))
		sender.sent = next
		for a.count() < 300 {
			sender.some(1 + rand.IntN(20))
		}
		require.NoError(t, p.cmd.Process.Kill())
		<-p.over
		<-sender.over
		<-a.over // its connection ended
		next = sender.sent
		require.Empty(t, sender.reported)
		for _, n := range a.got {
			require.Greater(t, n, highest)
			highest = n
		}
		require.FileExists(t, dir+"/s", "the socket file of a killed router stays, and is replaced")
	}
}

// sweep looks at all clients, as happens every few seconds.
func (n *node) sweep() {
	n.t.Helper()
	n.do(func() {
		for _, c := range n.d.crowd.list {
			c.sweep(n.d.crowd.unread)
		}
	})
}

// doubt is how many messages are in doubt that went to a client: that of a service, or a router.
func (n *node) doubt(name string) (messages int) {
	n.t.Helper()
	n.do(func() {
		for c := range n.d.rules.Clients() {
			if c.Service() == name || c.Server() == name {
				messages = c.Conn().(*client).wire.pending()
			}
		}
	})
	return messages
}

// all waits until so many messages were reported.
func (s *tell) all(n int) {
	s.t.Helper()
	eventually(s.t, "all is reported", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.reported) == n
	})
}

// TestSilentService: the kernel takes what is sent over TCP to a service that is suspended. Whatever time passes, it is reported when
// that is killed; what it has read is not.
func TestSilentService(t *testing.T) {
	n := begin(t, "log_level=info")
	sender := newTell(n.service("sender"))
	alpha := n.tcp().register("alpha")
	sender.some(10)
	for i := range 10 {
		alpha.skip(fmt.Sprintf("alpha/D%d ", i))
	}
	eventually(t, "what it has read is not in doubt", func() bool { n.sweep(); return n.doubt("alpha") == 0 })
	sender.some(10)
	eventually(t, "it was sent", func() bool { return n.doubt("alpha") >= 10 })
	for range 5 {
		n.sweep()
	}
	require.Equal(t, 10, n.doubt("alpha"))
	sender.lost(alpha, 10)
}

// TestSuspendedRouterOfOthers: a communicatord is asked for a sign of life, too.
func TestSuspendedRouterOfOthers(t *testing.T) {
	ports := freePorts(t, 2)
	where := fmt.Sprintf("127.0.0.1:%d", ports[0])
	n := member(t, "n1", ports[0], "remote_listen="+where)
	other := dial(t, "tcp", where).introduce(ports[1], "ACCEPT")
	sender := newTell(n.service("sender"))
	sender.someTo("n2:alpha", 5)
	eventually(t, "it was sent", func() bool { return n.doubt("n2") >= 5 })
	eventually(t, "as it never answered, time has to do", func() bool { n.sweep(); return n.doubt("n2") == 0 })
	other.skip("ALIVE serial=1$")
	other.send("n1:communicatord/ABSOLUTELY reply_timestamp=1.5;serial=1", "<n2:communicatord n1:communicatord/PUBLIC_IP")
	other.skip("SERVER_PUBLIC_IP")
	sender.someTo("n2:alpha", 10)
	eventually(t, "it was sent", func() bool { return n.doubt("n2") >= 10 })
	for range 5 {
		n.sweep()
	}
	require.GreaterOrEqual(t, n.doubt("n2"), 10)
	sender.lost(other, 10)
}

// TestRoutersAreAskedSoon: what another router has read is soon not in doubt, or its end would be told of messages that arrived.
func TestRoutersAreAskedSoon(t *testing.T) {
	ports := freePorts(t, 2)
	n1 := member(t, "n1", ports[0], fmt.Sprintf("remote_listen=127.0.0.1:%d", ports[0]))
	n2 := member(t, "n2", ports[1], fmt.Sprintf("neighbors=127.0.0.1:%d", ports[0]))
	n1.linked(1)
	alpha, sender := n2.service("alpha"), newTell(n1.service("sender"))
	for round, soon := 0, 0; soon < 3; round++ { // now and then a busy machine holds one up
		require.Less(t, round, 10, "only a sweep asks")
		began := time.Now()
		sender.someTo("n2:alpha", 10)
		alpha.skip(fmt.Sprintf("alpha/D%d ", 10*round+9))
		eventually(t, "it is not in doubt", func() bool {
			owes := true
			n1.do(func() {
				for c := range n1.d.rules.Clients() {
					owes = owes && (c.Server() != "n2" || c.Owes())
				}
			})
			return !owes
		})
		if time.Since(began) < sweepEvery/2 {
			soon++
		}
	}
	require.NoError(t, sender.c.Close())
	<-sender.over
}

// TestStrangersDoNotStay: a connection over which no router was accepted ends, whatever is said over it; that of a router stays.
func TestStrangersDoNotStay(t *testing.T) {
	ports := freePorts(t, 2)
	where := fmt.Sprintf("127.0.0.1:%d", ports[0])
	n := member(t, "n1", ports[0], "remote_listen="+where)
	other, stranger := dial(t, "tcp", where).introduce(ports[1]), dial(t, "tcp", where)
	stranger.sync()
	n.do(func() { n.d.dropStrangers(n.d.env.Now().Add(strangerTimeout / 2)) })
	stranger.sync()
	n.do(func() { n.d.dropStrangers(n.d.env.Now().Add(strangerTimeout)) })
	stranger.gone()
	other.sync()
}

// TestSuspendedRouter: the kernel of a router that is suspended acknowledges what nobody reads. Whatever time passes, it is reported
// when that router is killed.
func TestSuspendedRouter(t *testing.T) {
	ports := freePorts(t, 2)
	at := func(i int) string { return fmt.Sprintf("127.0.0.1:%d", ports[i]) }
	n1 := member(t, "n1", ports[0], "remote_listen="+at(0))
	p := spawn(t, nil, "server_name=n2", "loopback_peers=yes", "my_address="+at(1), "remote_listen="+at(1), "neighbors="+at(0))
	n1.linked(1)
	alpha := p.unix().register("alpha")
	sender := newTell(n1.service("sender"))
	sender.someTo("n2:alpha", 10)
	for i := range 10 {
		alpha.skip(fmt.Sprintf("alpha/D%d ", i))
	}
	eventually(t, "what a living one has read is not in doubt", func() bool { n1.sweep(); return n1.doubt("n2") == 0 })

	require.NoError(t, p.cmd.Process.Signal(syscall.SIGSTOP))
	eventually(t, "all of its threads stand still", func() bool {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.cmd.Process.Pid))
		for _, file := range threads {
			text, _ := os.ReadFile(file)
			if _, state, _ := strings.Cut(string(text), ") "); !strings.HasPrefix(state, "T") {
				return false
			}
		}
		return err == nil && len(threads) > 0
	})
	sender.someTo("n2:alpha", 10)
	eventually(t, "it was sent", func() bool { return n1.doubt("n2") >= 10 })
	for range 5 {
		n1.sweep()
	}
	require.GreaterOrEqual(t, n1.doubt("n2"), 10)
	require.NoError(t, p.cmd.Process.Kill())
	<-p.over
	sender.all(10)
	require.NoError(t, sender.c.Close())
	<-sender.over
}
