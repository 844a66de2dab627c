package link_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

func TestMain(m *testing.M) {
	transporttest.Prepare()
	if where := os.Getenv(serviceVariable); where != "" {
		runService(where)
		return
	}
	if os.Getenv(echoVariable) != "" {
		runEcho()
		return
	}
	goleak.VerifyTestMain(m)
}

// service is a server under test on a loop of its own.
type service struct {
	loop   *reactor.Loop
	server *link.Server
	at     address.Address
}

// serve starts an echoing server; more is called before the loop runs.
func serve(t *testing.T, where string, o link.Options, to transport.Options) *service {
	t.Helper()
	transporttest.NoLeaks(t)
	loop, err := reactor.New(reactor.Options{})
	require.NoError(t, err)
	s := &service{loop: loop}
	if o.Dispatcher == nil {
		o.Dispatcher = echo(t, dispatch.Options{})
	}
	s.server = link.NewServer(o)
	listener, err := open.Listen(loop, parse(t, where), to, s.server.Accept)
	require.NoError(t, err)
	s.at = listener.Addr()
	done := make(chan error, 1)
	go func() { done <- loop.Run(context.Background()) }()
	t.Cleanup(func() {
		require.NoError(t, loop.Post(func() {
			listener.Close()
			for l := range s.server.Links() {
				l.Abort(nil)
			}
		}))
		select {
		case err := <-done:
			require.NoError(t, err)
		case <-time.After(10 * time.Second):
			t.Error("the loop did not end")
		}
		loop.Close()
	})
	return s
}

// echo answers every message with the same command and parameters.
func echo(t *testing.T, o dispatch.Options) *dispatch.Dispatcher {
	d := dispatch.New(o)
	require.NoError(t, d.Add(dispatch.Match{CatchAll: true, Handler: func(from dispatch.Sender, m *message.Message) error {
		r := m.Reply(m.Command())
		r.CopyParams(m)
		return from.Send(r)
	}}))
	require.NoError(t, d.Defaults(dispatch.DefaultsOptions{NoCatchAll: true}))
	return d
}

func parse(t *testing.T, text string) address.Address {
	a, err := address.Parse(text, address.Defaults{Scheme: address.TCP})
	require.NoError(t, err)
	return a
}

// places are the stream addresses that every test of a server runs over.
func places(t *testing.T) map[string]string {
	return map[string]string{"tcp": "tcp://127.0.0.1:0", "unix": "unix:" + filepath.Join(t.TempDir(), "s")}
}

// raw connects without our own code.
func raw(t *testing.T, a address.Address) net.Conn {
	t.Helper()
	network, where := "unix", a.Path
	if a.Scheme == address.TCP {
		network, where = "tcp", a.AddrPort().String()
	}
	c, err := net.Dial(network, where)
	require.NoError(t, err)
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	t.Cleanup(func() { c.Close() })
	return c
}

// ask writes text, half-closes and returns all that comes back.
func ask(t *testing.T, a address.Address, text string) string {
	t.Helper()
	c := raw(t, a)
	_, err := io.WriteString(c, text)
	require.NoError(t, err)
	require.NoError(t, c.(interface{ CloseWrite() error }).CloseWrite())
	all, err := io.ReadAll(c)
	require.NoError(t, err)
	return string(all)
}

func TestServerAnswers(t *testing.T) {
	long := strings.Repeat("x", 65536)
	cases := []struct{ name, in, out string }{
		{"a line", "PING a=1\n", "PING a=1\n"},
		{"CR LF", "PING a=1\r\n", "PING a=1\n"},
		{"the last line without an end", "PING a=1\nPONG", "PING a=1\nPONG\n"},
		{"blank lines", "\n \n\r\nPING\n", "PING\n"},
		{"to its sender", "<a:b PING\n", "a:b/PING\n"},
		{"canonical", "PING b=2;a=\"1\";\n", "PING a=1;b=2\n"},
		{"json", `{"command":"PING","parameters":{"a":1.50}}` + "\n", `{"command":"PING","parameters":{"a":"1.50"}}` + "\n"},
		{"the form used last", "{\"command\":\"A\"}\nB\n", "{\"command\":\"A\"}\nB\n"},
		{"a bad line", "A*B\nPING\n", "INVALID message=bad message at byte 1"},
		{"JSON without a command", "{}\nPING\n", "INVALID"},
		{"bytes FF FE", "\xff\xfe\nPING\n", "INVALID"},
		{"NUL", "PING a=\x00\nPING\n", "INVALID"},
		{"a line over the limit", "PING a=" + long + "\nPING\n", "INVALID message="},
		{"no echo of INVALID", "INVALID message=x\nPING\n", "PING\n"},
	}
	for medium, where := range places(t) {
		s := serve(t, where, link.Options{}, transport.Options{})
		for _, c := range cases {
			t.Run(medium+"/"+c.name, func(t *testing.T) {
				got := ask(t, s.at, c.in)
				switch {
				case !strings.HasPrefix(c.out, "INVALID"):
					require.Equal(t, c.out, got)
				case strings.Contains(c.in, long):
					require.Contains(t, got, c.out)
					require.NotContains(t, got, "\nPING", "the connection is closed after a line over the limit")
				default:
					lines := strings.Split(got, "\n")
					require.Contains(t, lines[0], c.out)
					require.Contains(t, got, "PING", "the connection stays")
				}
			})
		}
	}
}

func TestPipelinedThenHalfClosed(t *testing.T) {
	const n = 10_000
	for medium, where := range places(t) {
		for name, high := range map[string]int{"wide": 0, "narrow": 8 << 10} {
			t.Run(medium+"/"+name, func(t *testing.T) {
				s := serve(t, where, link.Options{}, transport.Options{HighMark: high})
				c := raw(t, s.at)
				go func() {
					w := bufio.NewWriter(c)
					for i := range n {
						fmt.Fprintf(w, "PING pad=%s;serial=%d\n", strings.Repeat("p", 200), i)
					}
					w.Flush()
					c.(interface{ CloseWrite() error }).CloseWrite()
				}()
				r := bufio.NewScanner(c)
				got := 0
				for r.Scan() {
					require.True(t, strings.HasSuffix(r.Text(), fmt.Sprintf(";serial=%d", got)), r.Text())
					got++
				}
				require.NoError(t, r.Err())
				require.Equal(t, n, got)
			})
		}
	}
}

// A peer that asks and never reads must neither fill our memory nor be cut off.
func TestPeerThatDoesNotRead(t *testing.T) {
	s := serve(t, "unix:"+filepath.Join(t.TempDir(), "s"), link.Options{}, transport.Options{HighMark: 64 << 10})
	c := raw(t, s.at)
	block := strings.Repeat("PING pad="+strings.Repeat("p", 1000)+"\n", 100)
	require.NoError(t, c.SetWriteDeadline(time.Now().Add(300*time.Millisecond)))
	sent := 0
	for {
		n, err := io.WriteString(c, block)
		sent += n
		if err != nil {
			break // the kernel takes no more: the server stopped reading
		}
		require.Less(t, sent, 64<<20)
	}
	require.Equal(t, "PONG\n", ask(t, s.at, "PONG\n"), "others are served")
	held := make(chan int, 1)
	require.NoError(t, s.loop.Post(func() {
		n := 0
		for l := range s.server.Links() {
			n += l.Conn().Queued()
		}
		held <- n
	}))
	require.LessOrEqual(t, <-held, 64<<10)
}

func TestSlowPolicy(t *testing.T) {
	for name, policy := range map[string]link.Slow{"drop": link.SlowDrop, "close": link.SlowClose} {
		t.Run(name, func(t *testing.T) {
			var closed atomic.Bool
			opened := make(chan *link.Link, 1)
			s := serve(t, "unix:"+filepath.Join(t.TempDir(), "s"), link.Options{Slow: policy,
				OnOpen:  func(l *link.Link) { opened <- l },
				OnClose: func(*link.Link, error) { closed.Store(true) },
			}, transport.Options{HighMark: 16 << 10})
			raw(t, s.at)
			l := <-opened
			failed := make(chan error, 1)
			require.NoError(t, s.loop.Post(func() {
				m := message.New("NEWS").Set("text", strings.Repeat("n", 1000))
				for range 10_000 {
					if err := l.Send(m); err != nil {
						failed <- err
						return
					}
				}
				failed <- nil
			}))
			require.ErrorIs(t, <-failed, transport.ErrFull)
			stats := make(chan link.Stats, 1)
			require.Eventually(t, func() bool {
				require.NoError(t, s.loop.Post(func() { stats <- s.server.Stats() }))
				return (<-stats).Links == 0 == (policy == link.SlowClose)
			}, 5*time.Second, time.Millisecond)
			require.Equal(t, policy == link.SlowClose, closed.Load())
		})
	}
}

func TestTraceSeesBothDirections(t *testing.T) {
	var seen []string
	d := echo(t, dispatch.Options{Trace: func(ev *dispatch.Event) {
		text := string(ev.Raw)
		if ev.Message != nil {
			line, err := ev.Message.AppendText(nil)
			if err != nil {
				line = []byte(err.Error())
			}
			text = string(line)
		}
		if ev.Link == 0 || ev.Time.IsZero() || !strings.HasPrefix(ev.Name, "tcp://127.0.0.1:") || !strings.HasPrefix(ev.Peer, "tcp://127.0.0.1:") {
			text = fmt.Sprintf("badly labelled: %+v", *ev)
		}
		seen = append(seen, fmt.Sprintf("%s %s %s", ev.Direction, ev.Outcome, text))
	}})
	s := serve(t, "tcp://127.0.0.1:0", link.Options{Dispatcher: d}, transport.Options{})
	ask(t, s.at, "PING a=1\na*b\n")
	got := make(chan []string, 1)
	require.NoError(t, s.loop.Post(func() { got <- seen }))
	require.Equal(t, []string{
		"out sent PING a=1",
		"in handled PING a=1",
		"in malformed a*b",
		"out sent INVALID message=bad message at byte 0: bad command: 'a' is not allowed, only A-Z 0-9 _",
	}, <-got)
}

// Links may end in any order: those left are still found, and no others.
func TestLinksEndInAnyOrder(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {1, 2, 0}} {
		opened, closed := make(chan struct{}, 3), make(chan struct{}, 3)
		s := serve(t, "tcp://127.0.0.1:0", link.Options{
			OnOpen:  func(*link.Link) { opened <- struct{}{} },
			OnClose: func(*link.Link, error) { closed <- struct{}{} },
		}, transport.Options{})
		var peers []net.Conn
		for range 3 {
			peers = append(peers, raw(t, s.at))
			<-opened
		}
		for gone, i := range order {
			require.NoError(t, peers[i].Close())
			<-closed
			left := make(chan int, 1)
			require.NoError(t, s.loop.Post(func() {
				n := 0
				for range s.server.Links() {
					n++
				}
				left <- n
			}))
			require.Equal(t, 2-gone, <-left)
		}
	}
}

// A hook may send what it sees on, over links of the same role; its event stays what it was.
func TestTraceHookMaySend(t *testing.T) {
	var seen []string
	var server *link.Server // the loop's
	d := echo(t, dispatch.Options{Trace: func(ev *dispatch.Event) {
		before := fmt.Sprintf("%+v", *ev)
		server.Broadcast(message.New("SEEN"))
		if after := fmt.Sprintf("%+v", *ev); after != before {
			before = "changed: " + after
		}
		seen = append(seen, before)
	}})
	s := serve(t, "tcp://127.0.0.1:0", link.Options{Dispatcher: d}, transport.Options{})
	require.NoError(t, s.loop.Post(func() { server = s.server }))
	ask(t, s.at, "PING a=1\na*b\n")
	got := make(chan []string, 1)
	require.NoError(t, s.loop.Post(func() { got <- seen }))
	events := <-got
	require.Len(t, events, 4)
	for _, ev := range events {
		require.NotContains(t, ev, "changed")
	}
}

func TestBroadcastAndCount(t *testing.T) {
	opened := make(chan struct{}, 8)
	s := serve(t, "tcp://127.0.0.1:0", link.Options{OnOpen: func(*link.Link) { opened <- struct{}{} }}, transport.Options{})
	var peers []net.Conn
	for range 3 {
		peers = append(peers, raw(t, s.at))
		<-opened
	}
	took := make(chan int, 1)
	require.NoError(t, s.loop.Post(func() { took <- s.server.Broadcast(message.New("NEWS")) }))
	require.Equal(t, 3, <-took)
	for _, p := range peers {
		line, err := bufio.NewReader(p).ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, "NEWS\n", line)
	}
}
