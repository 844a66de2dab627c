package transporttest_test

import (
	"context"
	"io"
	"log/slog"
	"net/netip"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/stretchr/testify/require"
)

func at(s address.Scheme, port uint16) address.Address {
	return address.FromAddrPort(s, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port))
}

func TestStreams(t *testing.T) {
	tests := map[string]transporttest.Faults{
		"plain":   {},
		"hostile": {Chunk: 5000, Window: 20_000, Delay: 10 * time.Microsecond, Jitter: 20 * time.Microsecond, Seed: 7},
	}
	for name, f := range tests {
		t.Run(name, func(t *testing.T) {
			transporttest.RunStream(t, func(*testing.T) transporttest.Medium {
				n := transporttest.NewNetwork(f)
				n.Silence(at(address.TCP, 2))
				return transporttest.Medium{
					Listen: func(l *reactor.Loop, o transport.Options, accept transport.Accept) (transport.Listener, error) {
						return n.Listen(l, at(address.TCP, 0), o, accept)
					},
					Dial:    n.Dial,
					Refused: at(address.TCP, 1),
					Silent:  at(address.TCP, 2),
					Resets:  true,
				}
			})
		})
	}
}

func TestPackets(t *testing.T) {
	transporttest.RunPacket(t, func(*testing.T) transporttest.PacketMedium {
		n := transporttest.NewNetwork(transporttest.Faults{Delay: 10 * time.Microsecond})
		return transporttest.PacketMedium{
			Open:    n.Packet,
			Local:   func() address.Address { return at(address.UDP, 0) },
			Refused: at(address.UDP, 1),
		}
	})
}

// TestFaults: packets are lost and overtaken, the same ones for the same seed.
func TestFaults(t *testing.T) {
	run := func(seed uint64) (got []string) {
		w := transporttest.NewWorld(t)
		n := transporttest.NewNetwork(transporttest.Faults{Seed: seed, Drop: 0.2, Reorder: 0.1})
		server := &transporttest.PacketRecorder{T: t}
		s, err := n.Packet(w.Loop, at(address.UDP, 0), address.Address{}, transport.Options{}, server)
		require.NoError(t, err)
		c, err := n.Packet(w.Loop, address.Address{}, s.Local(), transport.Options{}, &transporttest.PacketRecorder{T: t})
		require.NoError(t, err)
		for i := range 200 {
			require.NoError(t, c.WriteTo([]byte(strconv.Itoa(i)), address.Address{}))
		}
		w.For(20 * time.Millisecond)
		for _, p := range server.Packets {
			got = append(got, string(p))
		}
		c.Abort(nil)
		s.Abort(nil)
		w.Idle()
		return got
	}
	first := run(1)
	require.Less(t, len(first), 190)
	require.Greater(t, len(first), 130)
	overtaken := 0
	for i := 1; i < len(first); i++ {
		a, _ := strconv.Atoi(first[i-1])
		b, _ := strconv.Atoi(first[i])
		if b < a {
			overtaken++
		}
	}
	require.Positive(t, overtaken)
	require.ElementsMatch(t, first, run(1))
	require.NotEqual(t, first, run(2))
}

func TestCut(t *testing.T) {
	w := transporttest.NewWorld(t)
	n := transporttest.NewNetwork(transporttest.Faults{CutAfter: 1000})
	server, client := &transporttest.Recorder{T: t, Name: "server"}, &transporttest.Recorder{T: t, Name: "client"}
	l, err := n.Listen(w.Loop, at(address.TCP, 0), transport.Options{}, func(transport.Conn) transport.Handler { return server })
	require.NoError(t, err)
	client.Open = func(c transport.Conn) { require.NoError(t, c.Write(make([]byte, 5000))) }
	server.Open = func(transport.Conn) { require.NoError(t, l.Close()) }
	_, err = n.Dial(w.Loop, l.Addr(), transport.Options{}, client)
	require.NoError(t, err)
	w.Idle()
	require.Equal(t, 1000, server.Received)
	require.ErrorIs(t, server.Err, syscall.ECONNRESET)
	require.ErrorIs(t, client.Err, syscall.ECONNRESET)
}

// TestTwoLoops: the ends may be on different goroutines.
func TestTwoLoops(t *testing.T) {
	w := transporttest.NewWorld(t)
	n := transporttest.NewNetwork(transporttest.Faults{})
	far, err := reactor.New(reactor.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	require.NoError(t, err)
	var l transport.Listener
	l, err = n.Listen(far, at(address.TCP, 0), transport.Options{}, func(transport.Conn) transport.Handler {
		r := &transporttest.Recorder{T: t, Name: "server"}
		r.On = func(c transport.Conn, p []byte) {
			if err := c.Write(p); err != nil {
				t.Error(err)
			}
		}
		r.Close = func(transport.Conn, error) { l.Close() }
		return r
	})
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- far.Run(context.Background()) }()
	client := &transporttest.Recorder{T: t, Name: "client"}
	c, err := n.Dial(w.Loop, l.Addr(), transport.Options{}, client)
	require.NoError(t, err)
	for range 100 {
		require.NoError(t, c.Write([]byte("0123456789")))
	}
	w.Until("all comes back", func() bool { return client.Received == 1000 })
	require.NoError(t, c.Close())
	w.Idle()
	require.NoError(t, <-done)
	require.NoError(t, far.Close())
}
