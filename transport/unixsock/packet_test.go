package unixsock_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/ed-toolbox/ed/transport/unixsock"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func packet(path string) address.Address { return address.FromUnix(address.UnixPacket, path) }

// What differs between files and abstract names is tested with files of each kind, in file_test.go.
func TestSeqpacketConformance(t *testing.T) {
	name := names(t, "abstract")
	transporttest.RunStream(t, func(t *testing.T) transporttest.Medium {
		return transporttest.Medium{
			Listen: func(l *reactor.Loop, o transport.Options, accept transport.Accept) (transport.Listener, error) {
				return unixsock.Listen(l, packet(name()), o, accept)
			},
			Dial:        unixsock.Dial,
			Refused:     packet(name()),
			Silent:      silent(t, packet(name())),
			Descriptors: true,
		}
	})
}

// packetPair connects two recorders over packets.
func packetPair(t *testing.T, o transport.Options) (w *transporttest.World, client, server *transporttest.Recorder) {
	w = transporttest.NewWorld(t)
	client, server = &transporttest.Recorder{T: t, Name: "client"}, &transporttest.Recorder{T: t, Name: "server"}
	l, err := unixsock.Listen(w.Loop, packet(names(t, "abstract")()), o, func(transport.Conn) transport.Handler { return server })
	require.NoError(t, err)
	_, err = unixsock.Dial(w.Loop, l.Addr(), transport.Options{}, client)
	require.NoError(t, err)
	w.Until("both open", func() bool { return client.Opened+server.Opened == 2 })
	require.NoError(t, l.Close())
	return w, client, server
}

// collect notes each packet by itself.
func collect(r *transporttest.Recorder) *[]string {
	var got []string
	r.On = func(_ transport.Conn, p []byte) { got = append(got, string(p)) }
	return &got
}

// TestPacketsStayApart: one Write is one OnData, whether it went out at once or
// waited in the queue.
func TestPacketsStayApart(t *testing.T) {
	w, client, server := packetPair(t, transport.Options{})
	require.True(t, transport.KeepsPackets(client.Conn))
	got := collect(server)
	server.Conn.Pause()
	var want []string
	for i := 0; client.Conn.Queued() < 200_000; i++ {
		text := strings.Repeat("x", 1+i*7%900) + strconv.Itoa(i)
		want = append(want, text)
		require.NoError(t, client.Conn.Write([]byte(text)))
		if i%50 == 0 {
			w.For(0)
		}
	}
	require.NoError(t, client.Conn.Write(nil), "writing nothing sends nothing")
	require.NoError(t, client.Conn.CloseWrite())
	w.For(time.Millisecond)
	server.Conn.Resume()
	w.Until("all arrive, and the end", func() bool { return server.Closed == 1 })
	require.Equal(t, want, *got)
	require.NoError(t, server.Err)
	w.Idle()
}

func TestPacketLimits(t *testing.T) {
	w, client, server := packetPair(t, transport.Options{MaxPacketIn: 1000})
	got := collect(server)
	require.Equal(t, transport.ErrTooBig, client.Conn.Write(make([]byte, 64<<10+1)))
	for _, n := range []int{1001, 1000, 64 << 10, 1} {
		require.NoError(t, client.Conn.Write(make([]byte, n)))
	}
	w.Until("two arrive", func() bool { return len(*got) == 2 })
	require.EqualValues(t, 2, server.Conn.Stats().Truncated, "longer ones are dropped and counted")
	require.Len(t, (*got)[0], 1000)
	client.Conn.Close()
	w.Idle()
}

// TestEmptyPacket: an empty packet reads like the end of the connection, and is not.
func TestEmptyPacket(t *testing.T) {
	w := transporttest.NewWorld(t)
	server := &transporttest.Recorder{T: t, Name: "server"}
	a := packet(names(t, "abstract")())
	l, err := unixsock.Listen(w.Loop, a, transport.Options{}, func(transport.Conn) transport.Handler { return server })
	require.NoError(t, err)
	got := collect(server)
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	require.NoError(t, unix.Connect(fd, &unix.SockaddrUnix{Name: a.Path}))
	for _, text := range []string{"", "one", "", "", "two", ""} {
		require.NoError(t, unix.Send(fd, []byte(text), 0))
	}
	w.Until("what is between arrives", func() bool { return len(*got) == 2 })
	require.Zero(t, server.Closed)
	for _, text := range []string{"", "three", "", ""} {
		require.NoError(t, unix.Send(fd, []byte(text), 0))
	}
	require.NoError(t, unix.Close(fd))
	w.Until("it ends", func() bool { return server.Closed == 1 })
	require.Equal(t, []string{"one", "two", "three"}, *got)
	require.NoError(t, server.Err)
	require.NoError(t, l.Close())
	w.Idle()
}

// TestOtherKind: a socket of another kind is neither connected to nor replaced.
func TestOtherKind(t *testing.T) {
	w := transporttest.NewWorld(t)
	path := names(t, "file")()
	l, err := unixsock.Listen(w.Loop, packet(path), transport.Options{}, nil)
	require.NoError(t, err)
	client := &transporttest.Recorder{T: t, Name: "client"}
	_, err = unixsock.Dial(w.Loop, at(path), transport.Options{}, client)
	require.NoError(t, err)
	w.Until("it is refused", func() bool { return client.Closed == 1 })
	require.ErrorIs(t, client.Err, unix.EPROTOTYPE)
	_, err = unixsock.Listen(w.Loop, at(path), transport.Options{}, nil)
	require.ErrorIs(t, err, unix.EADDRINUSE)
	require.NoError(t, l.Close())
	w.Idle()
}
