package stream

import (
	"bytes"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// listenTCP makes a listener with these callbacks and a way to knock on it.
func listenTCP(t *testing.T, w *transporttest.World, o transport.Options, accept transport.Accept) (l *Listener, knock func() int) {
	any4 := address.FromAddrPort(address.TCP, netip.MustParseAddrPort("127.0.0.1:0"))
	raw, err := sockaddr.From(any4, 0)
	require.NoError(t, err)
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	require.NoError(t, sockaddr.Bind(fd, &raw))
	require.NoError(t, unix.Listen(fd, 128))
	raw, err = sockaddr.Local(fd)
	require.NoError(t, err)
	l, err = Listen(w.Loop, fd, Config{Options: o, Scheme: address.TCP, Local: raw.Address(address.TCP)}, accept)
	require.NoError(t, err)
	return l, func() int {
		peer, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		require.NoError(t, err)
		require.NoError(t, sockaddr.Connect(peer, &raw))
		return peer
	}
}

// TestNoReserve: when even the reserve is gone, the listener waits instead of
// spinning, and goes on by itself.
func TestNoReserve(t *testing.T) {
	w := transporttest.NewWorld(t)
	var log bytes.Buffer
	h := &transporttest.Recorder{T: t, Name: "server"}
	l, knock := listenTCP(t, w, transport.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))},
		func(transport.Conn) transport.Handler { return h })
	peer := knock()
	l.giveReserve()
	restore := transporttest.UseUpDescriptors(t)
	defer restore()
	w.Until("accepting fails", func() bool { return l.stats.Failed >= 2 })
	require.Zero(t, l.stats.Accepted)
	turns := w.Loop.Stats().Events
	require.Less(t, turns, uint64(20), "it does not spin")
	restore()
	w.Until("it goes on", func() bool { return h.Opened == 1 })
	require.GreaterOrEqual(t, l.reserve, 0)
	require.ErrorIs(t, l.stats.LastError, unix.EMFILE)
	require.Equal(t, 1, strings.Count(log.String(), "accept failed"), "at most one line a second: %s", log.String())
	require.NoError(t, unix.Close(peer))
	require.NoError(t, l.Close())
	w.Idle()
}

// TestUnwatched: a connection that the loop does not take is closed and counted; the next one is served.
func TestUnwatched(t *testing.T) {
	w := transporttest.NewWorld(t)
	h := &transporttest.Recorder{T: t, Name: "server"}
	l, knock := listenTCP(t, w, transport.Options{}, func(transport.Conn) transport.Handler { return h })
	peer := knock()
	// The number that it gets belongs to a source whose descriptor was closed, against the rule.
	lost, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	require.NoError(t, err)
	s, err := w.Loop.Add(lost, l, reactor.SourceOptions{})
	require.NoError(t, err)
	require.NoError(t, unix.Close(lost))
	w.Until("it is accepted", func() bool { return l.stats.Failed == 1 })
	require.ErrorIs(t, l.stats.LastError, unix.EEXIST)
	require.Zero(t, l.stats.Open)
	n, err := unix.Read(peer, make([]byte, 1))
	require.NoError(t, err)
	require.Zero(t, n, "the peer sees the end")
	s.Remove()
	next := knock()
	w.Until("the next is served", func() bool { return h.Opened == 1 })
	require.NoError(t, unix.Close(peer))
	require.NoError(t, unix.Close(next))
	require.NoError(t, l.Close())
	w.Idle()
}

// TestEndInAccept: a connection may be ended before its handler is known.
func TestEndInAccept(t *testing.T) {
	cause := errors.New("not you")
	tests := map[string]struct {
		do     func(c transport.Conn)
		opened int
		err    error
	}{
		"close":           {func(c transport.Conn) { c.Close() }, 1, nil},
		"abort":           {func(c transport.Conn) { c.Abort(cause) }, 0, cause},
		"write and close": {func(c transport.Conn) { _ = c.Write([]byte("no")); c.Close() }, 1, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			h := &transporttest.Recorder{T: t, Name: "server"}
			l, knock := listenTCP(t, w, transport.Options{}, func(c transport.Conn) transport.Handler {
				tt.do(c)
				return h
			})
			peer := knock()
			w.Until("it is closed", func() bool { return h.Closed == 1 })
			require.Equal(t, tt.opened, h.Opened)
			require.Equal(t, tt.err, h.Err)
			require.NoError(t, unix.Close(peer))
			require.NoError(t, l.Close())
			w.Idle()
			require.Zero(t, l.stats.Open)
		})
	}
}

// TestPanicInAccept: the connection is lost, the listener is not.
func TestPanicInAccept(t *testing.T) {
	w := transporttest.NewWorld(t)
	calls := 0
	l, knock := listenTCP(t, w, transport.Options{}, func(transport.Conn) transport.Handler {
		calls++
		panic("provoked")
	})
	peers := []int{knock(), knock()}
	w.Until("both are tried", func() bool { return calls == 2 })
	require.Equal(t, uint64(0), l.stats.Accepted)
	require.Zero(t, l.stats.Open)
	for _, fd := range peers {
		n, err := unix.Read(fd, make([]byte, 1))
		require.NoError(t, err)
		require.Zero(t, n, "the peer sees the end")
		require.NoError(t, unix.Close(fd))
	}
	require.NoError(t, l.Close())
	w.Idle()
}

// TestCloseThenStop: OnClose comes even if the loop is stopped in the same turn.
func TestCloseThenStop(t *testing.T) {
	w := transporttest.NewWorld(t)
	h := &transporttest.Recorder{T: t, Name: "server"}
	h.Open = func(c transport.Conn) {
		_ = c.Close()
		w.Loop.Stop()
	}
	l, knock := listenTCP(t, w, transport.Options{}, func(transport.Conn) transport.Handler { return h })
	peer := knock()
	w.For(1e9)
	require.Equal(t, 1, h.Closed)
	require.NoError(t, unix.Close(peer))
	require.NoError(t, l.Close())
	w.Idle()
}
