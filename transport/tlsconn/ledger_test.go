package tlsconn_test

import (
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/stream"
	"github.com/ed-toolbox/ed/transport/tcp"
	"github.com/ed-toolbox/ed/transport/tlsconn"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/ed-toolbox/ed/transport/unixsock"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// unacked asks c, which must know.
func unacked(t *testing.T, c transport.Conn) int {
	t.Helper()
	n, known := c.(transport.Acknowledger).Unacked()
	require.True(t, known)
	return n
}

// TestWhatReachedThePeer: wherever a connection is cut, BytesOut is what the peer could read, to the byte, and what is
// said to be acknowledged was read.
func TestWhatReachedThePeer(t *testing.T) {
	config := both(t)
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		chance := rand.New(rand.NewPCG(seed, seed))
		n := transporttest.NewNetwork(transporttest.Faults{
			Seed: seed, Chunk: rapid.SampledFrom([]int{0, 3000}).Draw(rt, "chunk"), Window: rapid.SampledFrom([]int{999, 10_000, 200_000}).Draw(rt, "window"),
			CutAfter: rapid.IntRange(5000, 150_000).Draw(rt, "cut"),
		})
		w := transporttest.NewWorld(t)
		longest := rapid.SampledFrom([]int{1, 100, 5000, 70_000}).Draw(rt, "longest")
		client := &transporttest.Recorder{T: t, Name: "client", Discard: true}
		server := &transporttest.Recorder{T: t, Name: "server", Discard: true}
		more := func(c transport.Conn) {
			for err := error(nil); err == nil; {
				err = c.Write(make([]byte, 1+chance.IntN(longest)))
			}
		}
		client.Drain = more
		client.On = func(c transport.Conn, _ []byte) { more(c) }
		server.Open = func(c transport.Conn) { require.NoError(t, c.Write([]byte("go"))) } // what comes before would be lost
		server.On = func(c transport.Conn, p []byte) {
			out := client.Conn.Stats().BytesOut
			if uint64(server.Received) > out {
				t.Fatalf("the peer has %d bytes, of %d that are out", server.Received, out)
			}
			if acked := int(out) - unacked(t, client.Conn); acked > server.Received {
				t.Fatalf("the peer is said to have %d bytes, and has %d", acked, server.Received)
			}
			_ = c.Write(p[:1])
		}
		l, err := tlsconn.Listen(w.Loop, n.Listen, at(address.TLS, 0), transport.Options{}, config, func(transport.Conn) transport.Handler { return server })
		require.NoError(t, err)
		_, err = tlsconn.Dial(w.Loop, n.Dial, l.Addr(), transport.Options{HighMark: 300_000}, config, client)
		require.NoError(t, err)
		w.Until("both end", func() bool { return client.Closed == 1 && server.Closed == 1 })
		require.Error(t, client.Err)
		require.EqualValues(t, server.Received, client.Conn.Stats().BytesOut)
		require.NoError(t, l.Close())
		w.Idle()
	})
}

// TestPauseBeforeOpen: a handler that pauses while the handshake goes on is not read for when that is over.
func TestPauseBeforeOpen(t *testing.T) {
	w, c := transporttest.NewWorld(t), both(t)
	server, client := &transporttest.Recorder{T: t, Name: "server"}, &transporttest.Recorder{T: t, Name: "client"}
	reading := 0
	server.Open = func(transport.Conn) {
		for _, s := range w.Loop.Sources() {
			if s.Kind == "tcp" && s.Interest&reactor.Read != 0 {
				reading++
			}
		}
	}
	l, err := tlsconn.Listen(w.Loop, tcp.Listen, at(address.TLS, 0), transport.Options{}, c, func(c transport.Conn) transport.Handler {
		c.Pause()
		return server
	})
	require.NoError(t, err)
	conn, err := tlsconn.Dial(w.Loop, tcp.Dial, l.Addr(), transport.Options{}, c, client)
	require.NoError(t, err)
	require.NoError(t, conn.Write([]byte("hello")))
	w.Until("both are open", func() bool { return server.Opened == 1 && conn.Stats().BytesOut == 5 })
	require.Equal(t, 1, reading, "the client alone")
	server.Conn.Resume()
	w.Until("it comes", func() bool { return server.Received == 5 })
	require.NoError(t, conn.Close())
	require.NoError(t, l.Close())
	w.Idle()
}

// TestUnacked: over TCP the peer's kernel acknowledges; here it has no room in the end.
func TestUnacked(t *testing.T) {
	w, c := transporttest.NewWorld(t), both(t)
	server, client := &transporttest.Recorder{T: t, Name: "server"}, &transporttest.Recorder{T: t, Name: "client"}
	server.Open = func(c transport.Conn) { c.Pause() }
	l, err := tlsconn.Listen(w.Loop, tcp.Listen, at(address.TLS, 0), transport.Options{}, c, func(transport.Conn) transport.Handler { return server })
	require.NoError(t, err)
	conn, err := tlsconn.Dial(w.Loop, tcp.Dial, l.Addr(), transport.Options{HighMark: 64 << 20}, c, client)
	require.NoError(t, err)
	require.NoError(t, conn.Write([]byte("small")))
	require.Zero(t, unacked(t, conn), "not even connected")
	w.Until("all is acknowledged", func() bool { return conn.Stats().BytesOut == 5 && unacked(t, conn) == 0 })
	require.Zero(t, server.Received, "though nobody has read it")
	require.NoError(t, conn.Write(make([]byte, 64<<20)))
	w.Until("the peer's kernel is full", func() bool { return conn.Queued() > 0 && unacked(t, conn) > 0 })
	server.Conn.Abort(nil)
	w.Until("it breaks", func() bool { return client.Closed == 1 })
	require.ErrorIs(t, client.Err, unix.ECONNRESET)
	require.Positive(t, unacked(t, conn), "it is known after the end")
	require.Less(t, uint64(unacked(t, conn)), conn.Stats().BytesOut)
	require.NoError(t, l.Close())
	w.Idle()
}

// TestUnackedEnd: a peer that has not read our end of stream cannot have known of it.
func TestUnackedEnd(t *testing.T) {
	w, c := transporttest.NewWorld(t), both(t)
	server, client := &transporttest.HalfRecorder{Recorder: transporttest.Recorder{T: t, Name: "server"}}, &transporttest.HalfRecorder{Recorder: transporttest.Recorder{T: t, Name: "client"}}
	l, err := tlsconn.Listen(w.Loop, unixsock.Listen, address.FromUnix(address.Unix, filepath.Join(t.TempDir(), "s")), transport.Options{}, c,
		func(transport.Conn) transport.Handler { return server })
	require.NoError(t, err)
	conn, err := tlsconn.Dial(w.Loop, unixsock.Dial, l.Addr(), transport.Options{}, c, client)
	require.NoError(t, err)
	require.NoError(t, conn.Write([]byte("all")))
	w.Until("it was read", func() bool { return server.Received == 3 && unacked(t, conn) == 0 })
	server.Conn.Pause()
	require.NoError(t, conn.CloseWrite())
	w.Until("our end waits to be read", func() bool { return unacked(t, conn) > 0 })
	server.Conn.Resume()
	w.Until("it sees the end", func() bool { return server.EOFs == 1 && unacked(t, conn) == 0 })
	require.NoError(t, server.Conn.Close())
	require.NoError(t, l.Close())
	w.Idle()
	require.NoError(t, client.Err)
}

// TestUnackedAfterTheEnd: what was acknowledged before a good end stays so, though nobody waits for our end of stream to be.
func TestUnackedAfterTheEnd(t *testing.T) {
	w, c, n := transporttest.NewWorld(t), both(t), transporttest.NewNetwork(transporttest.Faults{})
	server, client := &transporttest.Recorder{T: t, Name: "server"}, &transporttest.Recorder{T: t, Name: "client"}
	l, err := tlsconn.Listen(w.Loop, n.Listen, at(address.TLS, 0), transport.Options{}, c, func(transport.Conn) transport.Handler { return server })
	require.NoError(t, err)
	conn, err := tlsconn.Dial(w.Loop, n.Dial, l.Addr(), transport.Options{}, c, client)
	require.NoError(t, err)
	require.NoError(t, conn.Write([]byte("all")))
	w.Until("it was read", func() bool { return server.Received == 3 && unacked(t, conn) == 0 })
	server.Conn.Pause()
	require.NoError(t, conn.Close())
	w.Until("it is over", func() bool { return client.Closed == 1 })
	require.NoError(t, client.Err)
	require.Zero(t, unacked(t, conn))
	server.Conn.Resume()
	require.NoError(t, l.Close())
	w.Idle()
}

// TestUnackedPipe: where the connection below cannot tell, nor can this one.
func TestUnackedPipe(t *testing.T) {
	w := transporttest.NewWorld(t)
	var fds [2]int
	require.NoError(t, unix.Pipe2(fds[:], unix.O_NONBLOCK|unix.O_CLOEXEC))
	dial := func(l *reactor.Loop, _ address.Address, o transport.Options, h transport.Handler) (transport.Conn, error) {
		return stream.New(l, fds[1], stream.Config{Options: o, Plain: true}, h)
	}
	c, err := tlsconn.Dial(w.Loop, dial, at(address.TLS, 1), transport.Options{}, both(t), &transporttest.Recorder{T: t, Name: "client"})
	require.NoError(t, err)
	_, known := c.(transport.Acknowledger).Unacked()
	require.False(t, known)
	c.Abort(nil)
	require.NoError(t, unix.Close(fds[0]))
	w.Idle()
}
