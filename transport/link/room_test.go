package link_test

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
)

// TestSendInOrder: however a handler sends, and whatever is done with the connection between, all arrives in order.
func TestSendInOrder(t *testing.T) {
	send := []func(l *link.Link, text string) error{
		func(l *link.Link, text string) error { return l.Send(message.New("SENT").Set("text", text)) },
		func(l *link.Link, text string) error { return l.SendText([]byte("SENT text=" + text)) },
		func(l *link.Link, text string) error { return l.Conn().Write([]byte("SENT text=" + text + "\n")) },
		func(l *link.Link, text string) error {
			l.Conn().Queued()
			return l.Send(message.New("SENT").Set("text", text))
		},
	}
	marks := map[string]transport.Options{"usual": {}, "low": {LowMark: 50}, "no room": {LowMark: 1}, "tight": {HighMark: 300 << 10, LowMark: 200 << 10}}
	for name, o := range marks {
		t.Run(name, func(t *testing.T) {
			d := dispatch.New(dispatch.Options{})
			n := 0
			var want strings.Builder
			require.NoError(t, d.On("GO", func(from dispatch.Sender, m *message.Message) error {
				n++
				long, _ := m.Int("long")
				text := fmt.Sprint(n) + strings.Repeat("x", int(long))
				err := send[n%7%len(send)](from.(*link.Link), text)
				if err == nil {
					fmt.Fprintf(&want, "SENT text=%s\n", text)
				}
				return err
			}))
			require.NoError(t, d.On("END", func(from dispatch.Sender, m *message.Message) error {
				require.NoError(t, from.(*link.Link).SendText([]byte("LAST")))
				return from.(*link.Link).Close()
			}))
			s := serve(t, "unix:"+filepath.Join(t.TempDir(), "s"), link.Options{Dispatcher: d}, o)
			var in strings.Builder
			for i := range 2000 {
				fmt.Fprintf(&in, "GO long=%d\n", []int{0, 1, 10, 600, 60, 20_000, 100, 7}[i%8]*(i%5))
			}
			got := ask(t, s.at, in.String()+"END\nGO long=1\n")
			sent := make(chan string)
			require.NoError(t, s.loop.Post(func() { sent <- want.String() }))
			require.Equal(t, <-sent+"LAST\n", got)
			require.Equal(t, 2000, strings.Count(got, "\n")-1)
		})
	}
}

// TestSendToOthers: messages that go to several links in turn, and to none, arrive at each in order.
func TestSendToOthers(t *testing.T) {
	d := dispatch.New(dispatch.Options{})
	links := map[string]*link.Link{}
	require.NoError(t, d.On("REGISTER", func(from dispatch.Sender, m *message.Message) error {
		name, _ := m.Get("service")
		links[name] = from.(*link.Link)
		return from.Send(message.New("READY"))
	}))
	require.NoError(t, d.Add(dispatch.Match{CatchAll: true, Handler: func(from dispatch.Sender, m *message.Message) error {
		if to := links[m.Service()]; to != nil {
			return to.Send(m)
		}
		return from.Send(message.New("UNKNOWN"))
	}}))
	s := serve(t, "unix:"+filepath.Join(t.TempDir(), "s"), link.Options{Dispatcher: d}, transport.Options{})
	a, b := raw(t, s.at), raw(t, s.at)
	for name, c := range map[string]net.Conn{"a": a, "b": b} {
		_, err := io.WriteString(c, "REGISTER service="+name+"\n")
		require.NoError(t, err)
		require.Equal(t, "READY\n", read(t, c, 6))
	}
	var in, toA, toB strings.Builder
	for i := range 500 {
		service := []string{"a", "b", "b", "a", "none", "a"}[i%6]
		line := fmt.Sprintf("<:x %s/HELLO n=%d\n", service, i)
		in.WriteString(line)
		switch service {
		case "a":
			toA.WriteString(line)
		case "b":
			toB.WriteString(line)
		}
	}
	require.Equal(t, strings.Repeat("UNKNOWN\n", 83), ask(t, s.at, in.String()))
	require.Equal(t, toA.String(), read(t, a, toA.Len()))
	require.Equal(t, toB.String(), read(t, b, toB.Len()))
}

// read reads n bytes.
func read(t *testing.T, c net.Conn, n int) string {
	p := make([]byte, n)
	_, err := io.ReadFull(c, p)
	require.NoError(t, err)
	return string(p)
}

// TestTraceBegins: a hook that a handler adds sees what that handler sends.
func TestTraceBegins(t *testing.T) {
	d := dispatch.New(dispatch.Options{})
	seen := make(chan string, 10)
	require.NoError(t, d.Add(dispatch.Match{CatchAll: true, Handler: func(from dispatch.Sender, m *message.Message) error {
		if m.Command() == "TRACE" {
			d.SetTrace(func(ev *dispatch.Event) {
				if ev.Direction == dispatch.Out {
					seen <- string(ev.Raw)
				}
			})
		}
		return from.Send(m)
	}}))
	s := serve(t, "unix:"+filepath.Join(t.TempDir(), "s"), link.Options{Dispatcher: d}, transport.Options{})
	require.Equal(t, "A\nTRACE\nB\n", ask(t, s.at, "A\nTRACE\nB\n"))
	require.Equal(t, "TRACE", <-seen)
	require.Equal(t, "B", <-seen)
}

// TestSendOfEveryLength: lines that come back as they came are copied in steps; none is cut, and none gets bytes of another.
func TestSendOfEveryLength(t *testing.T) {
	d := dispatch.New(dispatch.Options{})
	var reply message.Message
	require.NoError(t, d.Add(dispatch.Match{CatchAll: true, Handler: func(from dispatch.Sender, m *message.Message) error {
		reply.Repeat(m)
		return from.Send(&reply)
	}}))
	var in strings.Builder
	for i := range 600 {
		fmt.Fprintf(&in, "A v=%s%d\n", strings.Repeat(string(rune('a'+i%26)), i*7%300), i)
	}
	for name, low := range map[string]int{"usual": 0, "little room": 200, "tight": 120} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, "unix:"+filepath.Join(t.TempDir(), "s"), link.Options{Dispatcher: d}, transport.Options{LowMark: low})
			require.Equal(t, in.String(), ask(t, s.at, in.String()))
		})
	}
}
