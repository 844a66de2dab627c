package udp_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/ed-toolbox/ed/transport/udp"
	"github.com/stretchr/testify/require"
)

func open(t testing.TB, w *transporttest.World, local, remote address.Address, o transport.Options) (transport.PacketConn, *transporttest.PacketRecorder) {
	r := &transporttest.PacketRecorder{T: t, Name: local.String()}
	c, err := udp.Open(w.Loop, local, remote, o, r)
	require.NoError(t, err)
	return c, r
}

// TestBatch: what one turn sends arrives whole, in order and at the right places.
func TestBatch(t *testing.T) {
	w := transporttest.NewWorld(t)
	one, got1 := open(t, w, at("127.0.0.1:0"), address.Address{}, transport.Options{})
	two, got2 := open(t, w, at("127.0.0.1:0"), address.Address{}, transport.Options{})
	c, _ := open(t, w, at("127.0.0.1:0"), address.Address{}, transport.Options{})
	for i := range 130 {
		to := one
		if i%3 == 0 {
			to = two
		}
		require.NoError(t, c.WriteTo(fmt.Appendf(nil, "packet %d", i), to.Local()))
		require.Less(t, c.Queued(), 64, "a whole batch does not wait")
	}
	require.NotZero(t, c.Queued())
	w.Until("all arrive", func() bool { return len(got1.Packets)+len(got2.Packets) == 130 })
	for i := range 130 {
		r := got1
		if i%3 == 0 {
			r = got2
		}
		require.Equal(t, fmt.Sprintf("packet %d", i), string(r.Packets[0]))
		require.Equal(t, c.Local(), r.From[0])
		r.Packets, r.From = r.Packets[1:], r.From[1:]
	}
	s := c.Stats()
	require.EqualValues(t, 130, s.PacketsOut)
	require.Zero(t, s.Queued)
	finish(w, one, two, c)
}

// TestSmallQueue: what does not fit goes out at once rather than being refused, as long as the system takes it.
func TestSmallQueue(t *testing.T) {
	w := transporttest.NewWorld(t)
	server, got := open(t, w, at("127.0.0.1:0"), address.Address{}, transport.Options{})
	c, _ := open(t, w, address.Address{}, server.Local(), transport.Options{QueuePackets: 3})
	for i := range 20 {
		require.NoError(t, c.WriteTo([]byte{byte(i)}, address.Address{}), "packet %d", i)
	}
	w.Until("all arrive", func() bool { return len(got.Packets) == 20 })
	require.Zero(t, c.Stats().Full)
	require.Equal(t, 3, c.Stats().HighWater)
	finish(w, server, c)
}

// TestErrorBeforeTheEnd: what became of a packet is told also by a socket that is aborted in the same turn.
func TestErrorBeforeTheEnd(t *testing.T) {
	w := transporttest.NewWorld(t)
	c, r := open(t, w, at("127.0.0.1:0"), address.Address{}, transport.Options{QueuePackets: 1})
	nowhere := at("240.0.0.1:9")
	require.NoError(t, c.WriteTo([]byte("lost"), nowhere))
	require.NoError(t, c.WriteTo([]byte("makes it go"), c.Local()))
	c.Abort(nil)
	w.Idle()
	require.Equal(t, 1, r.Closed)
	require.Len(t, r.Errors, 1)
	var op *transport.OpError
	require.ErrorAs(t, r.Errors[0], &op)
	require.Equal(t, nowhere, op.Addr)
}

func finish(w *transporttest.World, conns ...transport.PacketConn) {
	for _, c := range conns {
		c.Abort(nil)
	}
	w.Idle()
}

// TestBatchWithBadPackets: one that cannot be sent does no harm to its neighbours.
func TestBatchWithBadPackets(t *testing.T) {
	w := transporttest.NewWorld(t)
	server, got := open(t, w, at("127.0.0.1:0"), address.Address{}, transport.Options{})
	c, errs := open(t, w, at("127.0.0.1:0"), address.Address{}, transport.Options{})
	nowhere := at("240.0.0.1:9")
	for i := range 10 {
		require.NoError(t, c.WriteTo([]byte{byte(i)}, server.Local()))
		if i%4 == 1 {
			require.NoError(t, c.WriteTo([]byte("lost"), nowhere))
		}
	}
	w.Until("the good ones arrive", func() bool { return len(got.Packets) == 10 })
	require.NotEmpty(t, errs.Errors)
	var op *transport.OpError
	require.ErrorAs(t, errs.Errors[0], &op)
	require.Equal(t, nowhere, op.Addr)
	require.EqualValues(t, 3, c.Stats().Errors)
	require.EqualValues(t, 10, c.Stats().PacketsOut)
	finish(w, server, c)
}

// TestBatchRefused: with nobody there, all packets are sent and the refusal told.
func TestBatchRefused(t *testing.T) {
	w := transporttest.NewWorld(t)
	c, r := open(t, w, address.Address{}, refused(t, "127.0.0.1"), transport.Options{})
	for range 200 {
		require.NoError(t, c.WriteTo([]byte("x"), address.Address{}))
	}
	w.Until("it is told", func() bool { return len(r.Errors) > 0 })
	require.ErrorIs(t, r.Errors[0], syscall.ECONNREFUSED)
	require.EqualValues(t, 200, c.Stats().PacketsOut)
	finish(w, c)
}

// TestPauseInBatch: packets that came by one call wait for Resume, in order.
func TestPauseInBatch(t *testing.T) {
	w := transporttest.NewWorld(t)
	server, got := open(t, w, at("127.0.0.1:0"), address.Address{}, transport.Options{})
	c, _ := open(t, w, address.Address{}, server.Local(), transport.Options{})
	got.On = func(s transport.PacketConn, _ []byte, _ address.Address) {
		if len(got.Packets)%10 == 0 {
			s.Pause()
		}
	}
	for i := range 45 {
		require.NoError(t, c.WriteTo([]byte{byte(i)}, address.Address{}))
	}
	for n := 10; n <= 40; n += 10 {
		w.Until("ten more arrive", func() bool { return len(got.Packets) == n })
		w.For(2 * time.Millisecond)
		require.Len(t, got.Packets, n, "paused")
		require.NoError(t, c.WriteTo([]byte{byte(44 + n/10)}, address.Address{}))
		server.Resume()
	}
	w.Until("the rest arrives", func() bool { return len(got.Packets) == 49 })
	for i, p := range got.Packets {
		require.Equal(t, byte(i), p[0])
	}
	require.EqualValues(t, 49, server.Stats().PacketsIn)
	finish(w, server, c)
}

// TestEndInBatch: after Close and Abort nothing more of a batch is handed over.
func TestEndInBatch(t *testing.T) {
	for name, end := range map[string]func(transport.PacketConn){
		"close":            func(c transport.PacketConn) { c.Close() },
		"abort":            func(c transport.PacketConn) { c.Abort(nil) },
		"pause, then end":  func(c transport.PacketConn) { c.Pause(); c.Close() },
		"pause, then gone": func(c transport.PacketConn) { c.Pause(); c.Abort(nil); c.Resume() },
	} {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			server, got := open(t, w, at("127.0.0.1:0"), address.Address{}, transport.Options{})
			c, _ := open(t, w, address.Address{}, server.Local(), transport.Options{})
			got.On = func(s transport.PacketConn, _ []byte, _ address.Address) { end(s) }
			for range 40 {
				require.NoError(t, c.WriteTo([]byte("x"), address.Address{}))
			}
			w.Until("it ends", func() bool { return got.Closed == 1 })
			require.Len(t, got.Packets, 1)
			finish(w, server, c)
		})
	}
}

// TestTruncatedInBatch: each long packet is dropped, and its neighbours are not.
func TestTruncatedInBatch(t *testing.T) {
	w := transporttest.NewWorld(t)
	server, got := open(t, w, at("127.0.0.1:0"), address.Address{}, transport.Options{MaxPacketIn: 100})
	c, _ := open(t, w, address.Address{}, server.Local(), transport.Options{})
	for i := range 30 {
		require.NoError(t, c.WriteTo(make([]byte, 99+i%3), address.Address{}))
	}
	w.Until("the short ones arrive", func() bool { return len(got.Packets) == 20 })
	require.EqualValues(t, 10, server.Stats().Truncated)
	finish(w, server, c)
}

// TestNoAllocation: receiving and answering batches from many senders does not
// allocate.
func TestNoAllocation(t *testing.T) {
	t.Setenv("ED_VERIFY", "0") // the loop's checks allocate
	w := transporttest.NewWorld(t)
	server, err := udp.Open(w.Loop, at("[::1]:0"), address.Address{}, transport.Options{}, bouncer{}) // the longer addresses
	if transporttest.NoIPv6(t, err) {
		server, err = udp.Open(w.Loop, at("127.0.0.1:0"), address.Address{}, transport.Options{}, bouncer{})
	}
	require.NoError(t, err)
	var clients []*counter
	var conns []transport.PacketConn
	for range 8 {
		n := &counter{}
		c, err := udp.Open(w.Loop, address.Address{}, server.Local(), transport.Options{}, n)
		require.NoError(t, err)
		clients, conns = append(clients, n), append(conns, c)
	}
	packet := make([]byte, 64)
	round := func() {
		for _, c := range conns {
			for range 20 {
				_ = c.WriteTo(packet, address.Address{})
			}
		}
		w.Until("all are answered", func() bool {
			for _, n := range clients {
				if n.got < 20 {
					return false
				}
			}
			return true
		})
		for _, n := range clients {
			n.got = 0
		}
	}
	round()
	allocs := testing.AllocsPerRun(5, func() {
		for range 10 {
			round()
		}
	})
	require.Less(t, allocs, 400.0, "3,200 packets in and out; Until makes some of its own")
	finish(w, append(conns, server)...)
}

type bouncer struct{}

func (bouncer) OnPacket(c transport.PacketConn, p []byte, from address.Address) {
	_ = c.WriteTo(p, from)
}
func (bouncer) OnDrain(transport.PacketConn)        {}
func (bouncer) OnClose(transport.PacketConn, error) {}

type counter struct{ got int }

func (n *counter) OnPacket(transport.PacketConn, []byte, address.Address) { n.got++ }
func (n *counter) OnDrain(transport.PacketConn)                           {}
func (n *counter) OnClose(transport.PacketConn, error)                    {}
