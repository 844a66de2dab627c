package link_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
	"github.com/ed-toolbox/ed/transport/pipe"
	"github.com/ed-toolbox/ed/transport/tlsconn"
	"github.com/ed-toolbox/ed/transport/tlsconn/tlsconntest"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

// echoVariable makes the test's own program a service on its standard input and output.
const echoVariable = "ED_LINK_TEST_ECHO"

// A Permanent does over every stream medium what it does over TCP: it asks for a sign of life, sends its queue, hears the
// replies, and comes again when its peer has gone.
func TestPermanentOverEachMedium(t *testing.T) {
	dir, ca := t.TempDir(), tlsconntest.NewCA(t)
	pair := ca.Issue([]string{"127.0.0.1"})
	config, err := tlsconn.New(tlsconn.Options{CertFile: pair.CertFile, KeyFile: pair.KeyFile, CAFile: ca.File})
	require.NoError(t, err)
	op := open.Opener{TLS: config}
	t.Setenv(echoVariable, "1")
	for medium, where := range map[string]string{
		"tcp": "tcp://127.0.0.1:0", "tcp6": "tcp://[::1]:0", "tls": "tls://127.0.0.1:0", "unix": "unix:" + filepath.Join(dir, "s"), "abstract": fmt.Sprintf("unix:@ed-test-%d", os.Getpid()),
		"packets": "unixpacket:" + filepath.Join(dir, "p"), "exec": "exec:" + os.Args[0],
	} {
		t.Run(medium, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			at, server := parse(t, where), link.NewServer(link.Options{Dispatcher: echo(t, dispatch.Options{})})
			var ln transport.Listener
			if at.Scheme != address.Exec {
				var err error
				ln, err = op.Listen(w.Loop, at, transport.Options{}, server.Accept)
				if medium == "tcp6" && transporttest.NoIPv6(t, err) {
					return
				}
				require.NoError(t, err)
				at = ln.Addr()
			}
			d, got := dispatch.New(dispatch.Options{}), []string{}
			require.NoError(t, d.On("PING", func(_ dispatch.Sender, m *message.Message) error {
				got = append(got, m.String())
				return nil
			}))
			p, err := link.NewPermanent(w.Loop, func(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
				return op.Dial(l, at, transport.Options{}, h)
			}, link.PermanentOptions{
				Options: link.Options{Dispatcher: d}, Pauses: link.Pauses{time.Millisecond},
				Heartbeat: link.Heartbeat{Interval: 10 * time.Millisecond, Timeout: 10 * time.Second},
			})
			require.NoError(t, err)
			for round := range 3 {
				for i := range 3 {
					require.NoError(t, p.Send(message.New("PING").SetInt("n", int64(3*round+i))))
				}
				w.Until("the replies come", func() bool { return len(got) == 3*round+3 })
				w.Until("nothing is in doubt", func() bool { return p.Status().Counts.InDoubt == 0 })
				p.Link().Abort(nil)
				w.Until("it is found out", func() bool { return p.Status().State != link.Up })
			}
			require.Equal(t, strings.Fields("n=0 n=1 n=2 n=3 n=4 n=5 n=6 n=7 n=8"), strings.Fields(strings.ReplaceAll(strings.Join(got, " "), "PING ", "")))
			p.Close()
			w.Until("it is closed", func() bool { return p.Status().State == link.Closed })
			require.Zero(t, p.Status().Counts.Uncertain)
			if ln != nil {
				require.NoError(t, ln.Close())
			}
			w.Idle()
		})
	}
}

// runEcho is that service.
func runEcho() {
	d := dispatch.New(dispatch.Options{})
	back := func(from dispatch.Sender, m *message.Message) error {
		r := m.Reply(m.Command())
		r.CopyParams(m)
		return from.Send(r)
	}
	loop, err := reactor.New(reactor.Options{})
	if err != nil || d.On("PING", back) != nil || d.Defaults(dispatch.DefaultsOptions{}) != nil {
		panic(err)
	}
	if _, err := pipe.Stdio(loop, transport.Options{}, link.NewClient(link.Options{Dispatcher: d})); err != nil {
		panic(err)
	}
	_ = loop.Run(context.Background()) // until its input ends
}

// Over a FIFO nothing comes back; the absence of a reader is that of a connection.
func TestPermanentOverFIFO(t *testing.T) {
	w := transporttest.NewWorld(t)
	at := address.Address{Scheme: address.FIFO, Path: filepath.Join(t.TempDir(), "fifo")}
	require.NoError(t, syscall.Mkfifo(at.Path, 0o600))
	got := &counter{}
	p, err := link.NewPermanent(w.Loop, func(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
		return open.Dial(l, at, transport.Options{}, h)
	}, link.PermanentOptions{Pauses: link.Pauses{time.Millisecond}})
	require.NoError(t, err)
	for round := range 3 {
		w.Until("nobody reads", func() bool { return p.Status().State == link.Waiting })
		for i := range 100 {
			require.NoError(t, p.Send(message.New("COUNT").SetInt("serial", int64(100*round+i))))
		}
		server := link.NewServer(link.Options{Dispatcher: got})
		ln, err := open.Listen(w.Loop, at, transport.Options{}, server.Accept)
		require.NoError(t, err)
		w.Until("all arrives", func() bool { return got.len() == 100*round+100 })
		require.NoError(t, ln.Close())
		for l := range server.Links() {
			l.Abort(nil)
		}
	}
	p.Close()
	w.Idle()
	for i, serial := range got.got {
		require.EqualValues(t, i, serial)
	}
	require.EqualValues(t, 300, p.Status().Counts.Sent)
}
