package unixsock_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestNoneOvertakes: a packet that is sent when the receiver has room again goes behind those that wait for it, connected or not.
func TestNoneOvertakes(t *testing.T) {
	for _, connected := range []bool{true, false} {
		t.Run("connected "+strconv.FormatBool(connected), func(t *testing.T) {
			w := transporttest.NewWorld(t)
			name := names(t, "abstract")
			receiver, got := openGram(t, w, gram(name()), address.Address{}, transport.Options{})
			remote, to := receiver.Local(), address.Address{}
			if !connected {
				remote, to = to, remote
			}
			sender, _ := openGram(t, w, gram(name()), remote, transport.Options{})
			receiver.Pause()
			n := 0
			send := func() {
				require.NoError(t, sender.WriteTo([]byte(strconv.Itoa(n)), to))
				n++
			}
			for sender.Queued() < 5 {
				send()
			}
			got.On = func(transport.PacketConn, []byte, address.Address) {
				if len(got.Packets) <= 3 {
					send() // there is room by now, and nobody has looked
				}
			}
			receiver.Resume()
			w.Until("all arrive", func() bool { return len(got.Packets) == n })
			for i, p := range got.Packets {
				require.Equal(t, strconv.Itoa(i), string(p))
			}
			sender.Abort(nil)
			receiver.Abort(nil)
			w.Idle()
		})
	}
}

// TestQueuedAndRefused: packets that waited for a receiver which then goes are told as refused.
func TestQueuedAndRefused(t *testing.T) {
	w := transporttest.NewWorld(t)
	name := names(t, "abstract")
	receiver, _ := openGram(t, w, gram(name()), address.Address{}, transport.Options{})
	sender, r := openGram(t, w, gram(name()), receiver.Local(), transport.Options{})
	receiver.Pause()
	for sender.Queued() < 5 {
		require.NoError(t, sender.WriteTo([]byte("x"), address.Address{}))
	}
	receiver.Abort(nil)
	w.Until("they are given up", func() bool { return sender.Queued() == 0 })
	w.For(time.Millisecond)
	require.EqualValues(t, 5, sender.Stats().Errors)
	require.Len(t, r.Errors, 1, "the first of those in one turn")
	require.ErrorIs(t, r.Errors[0], unix.ECONNREFUSED)
	var op *transport.OpError
	require.ErrorAs(t, r.Errors[0], &op)
	require.Equal(t, receiver.Local(), op.Addr)
	sender.Abort(nil)
	w.Idle()
}

// TestTooBigForTheSystem: what the system takes for too long is, whatever our own limit says.
func TestTooBigForTheSystem(t *testing.T) {
	w := transporttest.NewWorld(t)
	name := names(t, "abstract")
	receiver, _ := openGram(t, w, gram(name()), address.Address{}, transport.Options{})
	sender, _ := openGram(t, w, gram(name()), receiver.Local(), transport.Options{MaxPacket: 64 << 20, HighMark: 64 << 20})
	require.Equal(t, transport.ErrTooBig, sender.WriteTo(make([]byte, 32<<20), address.Address{}))
	receiver.Abort(nil)
	sender.Abort(nil)
	w.Idle()
}
