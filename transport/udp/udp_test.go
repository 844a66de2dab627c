package udp_test

import (
	"net/netip"
	"syscall"
	"testing"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/dgram"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/ed-toolbox/ed/transport/udp"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func at(text string) address.Address {
	return address.FromAddrPort(address.UDP, netip.MustParseAddrPort(text))
}

func TestConformance(t *testing.T) {
	for name, host := range map[string]string{"IPv4": "127.0.0.1", "IPv6": "[::1]"} {
		t.Run(name, func(t *testing.T) {
			if _, err := reserve(t, host); transporttest.NoIPv6(t, err) {
				require.ErrorContains(t, err, "bind udp://[::1]:0: ")
				return
			}
			transporttest.RunPacket(t, func(t *testing.T) transporttest.PacketMedium {
				return transporttest.PacketMedium{
					Open:        udp.Open,
					Local:       func() address.Address { return at(host + ":0") },
					Refused:     refused(t, host),
					RefusedLate: true,
					Descriptors: true,
				}
			})
		})
	}
}

// refused is an address that was just given back.
func refused(t *testing.T, host string) address.Address {
	a, err := reserve(t, host)
	require.NoError(t, err)
	return a
}

// reserve takes an address and gives it back.
func reserve(t *testing.T, host string) (address.Address, error) {
	w := transporttest.NewWorld(t)
	c, err := udp.Open(w.Loop, at(host+":0"), address.Address{}, transport.Options{}, &transporttest.PacketRecorder{T: t})
	if err != nil {
		return address.Address{}, err
	}
	c.Abort(nil)
	w.Idle()
	return c.Local(), nil
}

// TestRefusalInTheWay: the refusal of an earlier packet must neither be taken
// for this one's nor swallow it.
func TestRefusalInTheWay(t *testing.T) {
	w := transporttest.NewWorld(t)
	r := &transporttest.PacketRecorder{T: t, Name: "client"}
	c, err := udp.Open(w.Loop, address.Address{}, refused(t, "127.0.0.1"), transport.Options{}, r)
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, c.WriteTo([]byte("x"), address.Address{}), "each second call meets the refusal of the first")
	}
	require.Empty(t, r.Errors, "OnError never comes from inside WriteTo")
	w.Until("refusals are told", func() bool { return len(r.Errors) > 0 })
	require.ErrorIs(t, r.Errors[0], syscall.ECONNREFUSED)
	require.Equal(t, uint64(3), c.Stats().PacketsOut)
	c.Abort(nil)
	w.Idle()
}

func TestDualStack(t *testing.T) {
	w := transporttest.NewWorld(t)
	server := &transporttest.PacketRecorder{T: t, Name: "server"}
	s, err := udp.Open(w.Loop, at("[::]:0"), address.Address{}, transport.Options{DualStack: true}, server)
	if transporttest.NoIPv6(t, err) {
		return
	}
	require.NoError(t, err)
	server.On = func(c transport.PacketConn, p []byte, from address.Address) { require.NoError(t, c.WriteTo(p, from)) }
	client := &transporttest.PacketRecorder{T: t, Name: "client"}
	to := address.FromAddrPort(address.UDP, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), s.Local().Port))
	c, err := udp.Open(w.Loop, address.Address{}, to, transport.Options{}, client)
	require.NoError(t, err)
	require.NoError(t, c.WriteTo([]byte("x"), address.Address{}))
	w.Until("an IPv4 peer is answered from IPv6", func() bool { return len(client.Packets) == 1 })
	require.Equal(t, c.Local(), server.From[0], "and shown as IPv4")
	c.Abort(nil)
	s.Abort(nil)
	w.Idle()
}

// TestOneStack: without the option an IPv6 socket leaves IPv4 to others.
func TestOneStack(t *testing.T) {
	w := transporttest.NewWorld(t)
	c, err := udp.Open(w.Loop, at("[::]:0"), address.Address{}, transport.Options{}, &transporttest.PacketRecorder{T: t})
	if transporttest.NoIPv6(t, err) {
		return
	}
	require.NoError(t, err)
	only, err := unix.GetsockoptInt(w.Loop.Sources()[0].FD, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY)
	require.NoError(t, err)
	require.Equal(t, 1, only)
	c.Abort(nil)
	w.Idle()
}

// TestSocketsOfOneLoop: sockets with different limits read into the same memory, now the one more packets and now the other, and each
// keeps to its limit.
func TestSocketsOfOneLoop(t *testing.T) {
	w := transporttest.NewWorld(t)
	short, _ := open(t, w, at("127.0.0.1:0"), address.Address{}, transport.Options{MaxPacketIn: 100})
	long, got := open(t, w, at("127.0.0.1:0"), address.Address{}, transport.Options{})
	c, _ := open(t, w, at("127.0.0.1:0"), address.Address{}, transport.Options{})
	toShort, toLong := 0, 0
	send := func(to address.Address, packets int) int {
		for range packets {
			require.NoError(t, c.WriteTo(make([]byte, 101), to))
		}
		return packets
	}
	for i := range 10 {
		toShort += send(short.Local(), 1+i%2*8)
		toLong += send(long.Local(), 9-i%2*8)
		w.Until("all are read", func() bool {
			return int(long.Stats().PacketsIn+long.Stats().Truncated) == toLong && int(short.Stats().PacketsIn+short.Stats().Truncated) == toShort
		})
	}
	require.Len(t, got.Packets, toLong)
	require.EqualValues(t, toShort, short.Stats().Truncated)
	finish(w, short, long, c)
}

func TestSizes(t *testing.T) {
	tests := map[string]struct {
		o    transport.Options
		n    int
		want error
	}{
		"default":          {transport.Options{}, transport.DefaultMaxPacketUDP, nil},
		"over default":     {transport.Options{}, transport.DefaultMaxPacketUDP + 1, transport.ErrTooBig},
		"largest":          {transport.Options{MaxPacket: 1 << 20}, udp.MaxPacket, nil},
		"over the largest": {transport.Options{MaxPacket: 1 << 20}, udp.MaxPacket + 1, transport.ErrTooBig},
		"all of the queue": {transport.Options{HighMark: 100}, 100, nil},
		"over the queue":   {transport.Options{HighMark: 100}, 101, transport.ErrTooBig},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			r := &transporttest.PacketRecorder{T: t}
			c, err := udp.Open(w.Loop, at("127.0.0.1:0"), address.Address{}, tt.o, r)
			require.NoError(t, err)
			require.Equal(t, tt.want, c.WriteTo(make([]byte, tt.n), c.Local()))
			c.Abort(nil)
			w.Idle()
		})
	}
}

func TestRefusedArguments(t *testing.T) {
	w := transporttest.NewWorld(t)
	tests := map[string]struct {
		local, remote address.Address
		want          error
	}{
		"nothing":      {want: unix.EAFNOSUPPORT},
		"other scheme": {local: address.FromUnix(address.UnixGram, "/x"), want: transport.ErrUnsupported},
		"host name":    {remote: address.Address{Scheme: address.UDP, Host: "localhost", Port: 1}, want: unix.EDESTADDRREQ},
		"mixed":        {local: at("127.0.0.1:0"), remote: at("[::1]:1"), want: unix.EAFNOSUPPORT},
		"not ours":     {local: at("192.0.2.1:1"), want: unix.EADDRNOTAVAIL},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := udp.Open(w.Loop, tt.local, tt.remote, transport.Options{}, nil)
			require.ErrorIs(t, err, tt.want)
			var op *transport.OpError
			require.ErrorAs(t, err, &op)
		})
	}
}

// TestAttachTooLate: a connection that ended while its name was looked up takes no socket, and none stays open.
func TestAttachTooLate(t *testing.T) {
	w := transporttest.NewWorld(t)
	remote := at("127.0.0.1:9")
	c := dgram.Prepare(w.Loop, udp.Config(address.Address{}, remote, transport.Options{}), &transporttest.PacketRecorder{T: t})
	c.Abort(nil)
	require.ErrorIs(t, udp.Attach(c, address.Address{}, remote, transport.Options{}), transport.ErrClosed)
	w.Idle()
}

// TestRefusedDestinations: what cannot be sent to from a socket is refused at once, with the address.
func TestRefusedDestinations(t *testing.T) {
	w := transporttest.NewWorld(t)
	c, err := udp.Open(w.Loop, at("127.0.0.1:0"), address.Address{}, transport.Options{}, &transporttest.PacketRecorder{T: t})
	require.NoError(t, err)
	for text, want := range map[string]error{"udp://[::1]:9": unix.EAFNOSUPPORT, "udp://localhost:9": unix.EDESTADDRREQ} {
		to, err := address.Parse(text, address.Defaults{})
		require.NoError(t, err)
		err = c.WriteTo([]byte("x"), to)
		require.ErrorIs(t, err, want)
		var op *transport.OpError
		require.ErrorAs(t, err, &op)
		require.Equal(t, to, op.Addr)
	}
	require.Zero(t, c.Queued())
	c.Abort(nil)
	w.Idle()
}

// TestBroadcast: a broadcast address can be sent to.
func TestBroadcast(t *testing.T) {
	w := transporttest.NewWorld(t)
	to, err := address.Parse("udp://127.255.255.255:9", address.Defaults{})
	require.NoError(t, err)
	c, err := udp.Open(w.Loop, address.Address{}, to, transport.Options{}, &transporttest.PacketRecorder{T: t})
	require.NoError(t, err)
	require.NoError(t, c.WriteTo([]byte("X"), address.Address{}))
	c.Abort(nil)
	w.Idle()
}
