package signal_test

import (
	"bufio"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
)

// world has the real network and a fake of everything else.
func world(t testing.TB) *toolkittest.World {
	w := toolkittest.New(t)
	w.Dial = toolkit.NewEnv().Dial
	w.Now = time.Now
	return w
}

// service is a peer made of our own library: it echoes every message but SILENT and counts what came.
type service struct {
	mu   sync.Mutex
	got  []string
	addr address.Address
}

// Dispatch implements link.Dispatcher, on the loop.
func (s *service) Dispatch(from dispatch.Sender, m *message.Message) dispatch.Outcome {
	s.mu.Lock()
	s.got = append(s.got, m.String())
	s.mu.Unlock()
	if m.Command() == "SILENT" {
		return dispatch.Handled
	}
	var reply message.Message
	reply.Repeat(m)
	_ = from.Send(&reply) // a peer that has gone is no matter
	return dispatch.Handled
}

func (s *service) Traced() bool          { return false }
func (s *service) Trace(*dispatch.Event) {}

// lines returns what came so far.
func (s *service) lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.got...)
}

// waitFor waits until n messages came and returns them.
func (s *service) waitFor(t testing.TB, n int) []string {
	require.Eventually(t, func() bool { return len(s.lines()) >= n }, 5*time.Second, time.Millisecond)
	return s.lines()
}

// serve starts a service at a free address of the scheme.
func serve(t testing.TB, scheme address.Scheme) *service {
	s := &service{}
	loop, err := reactor.New(reactor.Options{})
	require.NoError(t, err)
	where := address.Address{Scheme: scheme, Path: filepath.Join(t.TempDir(), "s")}
	if scheme.IsIP() {
		where, err = address.Parse("127.0.0.1:0", address.Defaults{Scheme: scheme})
		require.NoError(t, err)
	}
	if where.IsDatagram() {
		c, err := open.Packet(loop, where, address.Address{}, transport.Options{MaxPacket: 65507}, link.NewDatagram(link.Options{Dispatcher: s}, nil))
		require.NoError(t, err)
		s.addr = c.Local()
	} else {
		l, err := open.Listen(loop, where, transport.Options{}, link.NewServer(link.Options{Dispatcher: s}).Accept)
		require.NoError(t, err)
		s.addr = l.Addr()
	}
	over := make(chan error)
	go func() { over <- loop.Run(t.Context()) }()
	t.Cleanup(func() {
		<-over
		require.NoError(t, loop.Close())
	})
	return s
}

// rough is a peer that behaves as f does, on one TCP or Unix connection after the other.
func rough(t testing.TB, network string, f func(net.Conn)) string {
	where := "127.0.0.1:0"
	if network == "unix" {
		where = filepath.Join(t.TempDir(), "s")
	}
	l, err := net.Listen(network, where)
	require.NoError(t, err)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { defer c.Close(); f(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		running.Wait()
	})
	if network == "unix" {
		return "unix:" + where
	}
	return "tcp://" + l.Addr().String()
}

// mute reads nothing until the peer has gone, which it notices by reading in the end.
func mute(t testing.TB) (func(net.Conn), func()) {
	release := make(chan struct{})
	return func(c net.Conn) {
		<-release
		_, _ = io.Copy(io.Discard, c)
	}, sync.OnceFunc(func() { close(release) })
}

// readLines counts the lines of a connection until it ends.
func readLines(c net.Conn) int {
	s := bufio.NewScanner(c)
	n := 0
	for s.Scan() {
		n++
	}
	return n
}

// free is an address of the scheme where nothing listens.
func free(t testing.TB, scheme string) string {
	switch scheme {
	case "unix", "unixgram":
		return scheme + ":" + filepath.Join(t.TempDir(), "none")
	case "udp":
		c, err := net.ListenPacket("udp4", "127.0.0.1:0")
		require.NoError(t, err)
		defer c.Close()
		return "udp://" + c.LocalAddr().String()
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return "tcp://" + l.Addr().String()
}

func schemes() []address.Scheme {
	return []address.Scheme{address.TCP, address.Unix, address.UDP, address.UnixGram}
}

// numbered returns n lines to send.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("svc/SILENT n=" + string(rune('a'+i%26)) + "\n")
	}
	return b.String()
}
