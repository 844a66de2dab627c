package stream_test

import (
	"net/netip"
	"testing"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/stream"
	"github.com/ed-toolbox/ed/transport/tcp"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func unacked(t *testing.T, c transport.Conn) int {
	n, known := c.(transport.Acknowledger).Unacked()
	require.True(t, known)
	return n
}

// Over a Unix socket what was read is acknowledged.
func TestUnackedUnix(t *testing.T) {
	w := transporttest.NewWorld(t)
	a, b := &transporttest.Recorder{T: t, Name: "a"}, &transporttest.Recorder{T: t, Name: "b"}
	ca, cb := pair(t, w.Loop, transport.Options{}, a, b)
	require.Zero(t, unacked(t, ca), "nothing was sent")
	cb.Pause()
	require.NoError(t, ca.Write(make([]byte, 1000)))
	w.Until("it is sent", func() bool { return ca.Stats().BytesOut == 1000 })
	require.Equal(t, 1000, unacked(t, ca), "never more than was sent, whatever the kernel counts")
	cb.Resume()
	w.Until("it is read", func() bool { return b.Received == 1000 })
	require.Zero(t, unacked(t, ca))
	cb.Pause()
	require.NoError(t, ca.Write(make([]byte, 10)))
	w.Until("more is sent", func() bool { return ca.Stats().BytesOut == 1010 })
	before := unacked(t, ca)
	require.GreaterOrEqual(t, before, 10)
	ca.Abort(nil)
	w.Until("it ends", func() bool { return a.Closed == 1 })
	require.Equal(t, before, unacked(t, ca), "it is known after the end")
	cb.Abort(nil)
	w.Idle()
}

// Over TCP what the peer's kernel has is acknowledged; here that has no room.
func TestUnackedTCP(t *testing.T) {
	w := transporttest.NewWorld(t)
	server, client := &transporttest.Recorder{T: t, Name: "server"}, &transporttest.Recorder{T: t, Name: "client"}
	server.Open = func(c transport.Conn) { c.Pause() }
	any4 := address.FromAddrPort(address.TCP, netip.MustParseAddrPort("127.0.0.1:0"))
	l, err := tcp.Listen(w.Loop, any4, transport.Options{}, func(transport.Conn) transport.Handler { return server })
	require.NoError(t, err)
	c, err := tcp.Dial(w.Loop, l.Addr(), transport.Options{HighMark: 64 << 20}, client)
	require.NoError(t, err)
	require.Zero(t, unacked(t, c), "not even connected")
	require.NoError(t, c.Write([]byte("small")))
	w.Until("all is acknowledged", func() bool { return c.Stats().BytesOut == 5 && unacked(t, c) == 0 })
	require.Zero(t, server.Received, "though nobody has read it")
	require.NoError(t, c.Write(make([]byte, 64<<20)))
	w.Until("the peer's kernel is full", func() bool { return c.Queued() > 0 && unacked(t, c) > 0 })
	server.Conn.Abort(nil)
	w.Until("it breaks", func() bool { return client.Closed == 1 })
	require.ErrorIs(t, client.Err, unix.ECONNRESET)
	require.Positive(t, unacked(t, c))
	require.Less(t, uint64(unacked(t, c)), c.Stats().BytesOut)
	require.NoError(t, l.Close())
	w.Idle()
}

func TestUnackedPipe(t *testing.T) {
	w := transporttest.NewWorld(t)
	var fds [2]int
	require.NoError(t, unix.Pipe2(fds[:], unix.O_NONBLOCK|unix.O_CLOEXEC))
	c, err := stream.New(w.Loop, fds[1], stream.Config{Plain: true}, &transporttest.Recorder{T: t, Name: "writer"})
	require.NoError(t, err)
	_, known := c.Unacked()
	require.False(t, known)
	c.Abort(nil)
	require.NoError(t, unix.Close(fds[0]))
	w.Idle()
}
