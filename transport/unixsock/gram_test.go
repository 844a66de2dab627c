package unixsock_test

import (
	"net"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/ed-toolbox/ed/transport/unixsock"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestPacketConformance(t *testing.T) {
	for _, kind := range []string{"file", "abstract"} {
		t.Run(kind, func(t *testing.T) {
			name := names(t, kind)
			transporttest.RunPacket(t, func(t *testing.T) transporttest.PacketMedium {
				gone := name()
				if kind == "file" {
					leaveStale(t, gone, unix.SOCK_DGRAM)
				}
				return transporttest.PacketMedium{
					Open:        unixsock.OpenGram,
					Local:       func() address.Address { return gram(name()) },
					Refused:     gram(gone),
					Reliable:    true,
					Descriptors: true,
				}
			})
		})
	}
}

func openGram(t *testing.T, w *transporttest.World, local, remote address.Address, o transport.Options) (transport.PacketConn, *transporttest.PacketRecorder) {
	r := &transporttest.PacketRecorder{T: t}
	c, err := unixsock.OpenGram(w.Loop, local, remote, o, r)
	require.NoError(t, err)
	return c, r
}

// TestReceiverRestarts: a receiver that comes later, goes and comes back is
// reached without opening anything anew.
func TestReceiverRestarts(t *testing.T) {
	w := transporttest.NewWorld(t)
	to := gram(names(t, "file")())
	client, _ := openGram(t, w, address.Address{}, to, transport.Options{})
	require.ErrorIs(t, client.WriteTo([]byte("x"), address.Address{}), unix.ENOENT)
	for i := range 3 {
		server, r := openGram(t, w, to, address.Address{}, transport.Options{})
		if i == 1 { // from here on over a connected socket
			client.Abort(nil)
			client, _ = openGram(t, w, address.Address{}, to, transport.Options{})
		}
		require.NoError(t, client.WriteTo([]byte("x"), address.Address{}))
		w.Until("it arrives", func() bool { return len(r.Packets) == 1 })
		server.Abort(nil)
		w.For(time.Millisecond)
	}
	client.Abort(nil)
	w.Idle()
}

// TestReceiverIsAway: a receiver that was there is reached when it is back, whatever was sent meanwhile.
func TestReceiverIsAway(t *testing.T) {
	for _, kind := range []string{"file", "abstract"} {
		t.Run(kind, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			to := gram(names(t, kind)())
			server, _ := openGram(t, w, to, address.Address{}, transport.Options{})
			client, _ := openGram(t, w, address.Address{}, to, transport.Options{})
			server.Abort(nil)
			w.For(time.Millisecond)
			for range 3 {
				require.ErrorIs(t, client.WriteTo([]byte("lost"), address.Address{}), unix.ECONNREFUSED)
			}
			server, r := openGram(t, w, to, address.Address{}, transport.Options{})
			require.NoError(t, client.WriteTo([]byte("x"), address.Address{}))
			w.Until("it arrives", func() bool { return len(r.Packets) == 1 })
			server.Abort(nil)
			client.Abort(nil)
			w.Idle()
		})
	}
}

// TestWrongKind: the error of a socket that is there and cannot be sent to names that one, not our own.
func TestWrongKind(t *testing.T) {
	w := transporttest.NewWorld(t)
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	defer l.Close()
	_, err = unixsock.OpenGram(w.Loop, address.Address{}, gram(path), transport.Options{}, &transporttest.PacketRecorder{T: t})
	require.ErrorIs(t, err, unix.EPROTOTYPE)
	var op *transport.OpError
	require.ErrorAs(t, err, &op)
	require.Equal(t, "connect", op.Op)
	require.Equal(t, gram(path), op.Addr)
}

// TestStuckReceiver: one receiver that does not read holds up nobody else, and
// its packets are given up in the end.
func TestStuckReceiver(t *testing.T) {
	w := transporttest.NewWorld(t)
	name := names(t, "abstract")
	sender, rs := openGram(t, w, gram(name()), address.Address{}, transport.Options{CloseTimeout: 500 * time.Millisecond})
	stuck, _ := openGram(t, w, gram(name()), address.Address{}, transport.Options{})
	alive, ra := openGram(t, w, gram(name()), address.Address{}, transport.Options{})
	stuck.Pause()
	for sender.Queued() < 5 {
		require.NoError(t, sender.WriteTo([]byte("for the stuck one"), stuck.Local()))
	}
	for i := range 50 {
		require.NoError(t, sender.WriteTo([]byte(strconv.Itoa(i)), alive.Local()))
	}
	w.Until("the other gets all", func() bool { return len(ra.Packets) == 50 })
	for i, p := range ra.Packets {
		require.Equal(t, strconv.Itoa(i), string(p))
	}
	w.Until("the stuck one is given up", func() bool { return sender.Queued() == 0 })
	require.Equal(t, uint64(5), sender.Stats().Errors)
	require.ErrorIs(t, rs.Errors[0], transport.ErrTimeout)
	for _, c := range []transport.PacketConn{sender, stuck, alive} {
		c.Abort(nil)
	}
	w.Idle()
}
