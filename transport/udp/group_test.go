package udp_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/ed-toolbox/ed/transport/udp"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// lo makes tests independent of the routes of the machine.
var lo = transport.Options{Interface: "lo"}

// withPort is a with the port of b.
func withPort(a string, b address.Address) address.Address {
	return address.FromAddrPort(address.UDP, netip.AddrPortFrom(netip.MustParseAddr(a), b.Port))
}

// groups are addresses, and the interface to use. IPv6 knows no groups on the loopback interface
// unless a route says so: the first interface that takes a packet is used.
func groups(t *testing.T) map[string]group {
	all := map[string]group{"IPv4": {"239.255.71.1", "239.255.71.2", lo}}
	list, err := sockaddr.Interfaces()
	require.NoError(t, err)
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	for _, i := range list {
		to := &unix.SockaddrInet6{Port: 9, ZoneId: uint32(i.Index), Addr: netip.MustParseAddr("ff02::ed:3").As16()}
		if unix.Sendto(fd, []byte("x"), 0, to) == nil {
			all["IPv6"] = group{"ff02::ed:1%" + i.Name, "ff02::ed:2%" + i.Name, transport.Options{Interface: i.Name}}
			break
		}
	}
	return all
}

type group struct {
	one, two string
	with     transport.Options
}

// wildcard is the address of the family of ip, with any port.
func wildcard(ip string) address.Address {
	if netip.MustParseAddr(ip).Is4() {
		return at("0.0.0.0:0")
	}
	return at("[::]:0")
}

// TestGroup: all members get what is sent to the group, each answers the sender from
// its own address, and who sends need not be a member.
func TestGroup(t *testing.T) {
	for name, g := range groups(t) {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			one, got1 := open(t, w, withPort(g.one, address.Address{}), address.Address{}, g.with)
			require.Equal(t, netip.MustParseAddr(g.one), one.Local().IP)
			two, got2 := open(t, w, one.Local(), address.Address{}, g.with)
			echo := func(c transport.PacketConn, p []byte, from address.Address) { require.NoError(t, c.WriteTo(p, from)) }
			got1.On, got2.On = echo, echo
			c, answers := open(t, w, address.Address{}, one.Local(), g.with)
			require.NotZero(t, c.Local().Port)
			require.NoError(t, c.WriteTo([]byte("hello"), address.Address{}))
			w.Until("both get it and answer", func() bool { return len(answers.Packets) == 2 })
			require.Len(t, got1.Packets, 1)
			require.Len(t, got2.Packets, 1)
			require.Equal(t, c.Local().Port, got1.From[0].Port)
			require.False(t, answers.From[0].IP.IsMulticast())
			finish(w, one, two, c)
		})
	}
}

// TestOtherGroups: a member of one group does not get what another on this host joined
// and was sent.
func TestOtherGroups(t *testing.T) {
	for name, g := range groups(t) {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			one, got1 := open(t, w, withPort(g.one, address.Address{}), address.Address{}, g.with)
			two, got2 := open(t, w, withPort(g.two, one.Local()), address.Address{}, g.with)
			c, _ := open(t, w, wildcard(g.one), address.Address{}, g.with)
			require.NoError(t, c.WriteTo([]byte("for two"), two.Local()))
			require.NoError(t, c.WriteTo([]byte("for one"), one.Local()))
			w.Until("each has its own", func() bool { return len(got1.Packets)+len(got2.Packets) >= 2 })
			require.Equal(t, "for one", string(got1.Packets[0]))
			require.Equal(t, "for two", string(got2.Packets[0]))
			finish(w, one, two, c)
		})
	}
}

func TestNoLoop(t *testing.T) {
	for name, g := range groups(t) {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			member, got := open(t, w, withPort(g.one, address.Address{}), address.Address{}, g.with)
			o := g.with
			o.NoLoop, o.Hops = true, 3
			quiet, _ := open(t, w, address.Address{}, member.Local(), o)
			require.NoError(t, quiet.WriteTo([]byte("quiet"), address.Address{}))
			w.For(2 * time.Millisecond)
			loud, _ := open(t, w, address.Address{}, member.Local(), g.with)
			require.NoError(t, loud.WriteTo([]byte("loud"), address.Address{}))
			w.Until("it arrives", func() bool { return len(got.Packets) > 0 })
			// The loopback interface itself brings back what it sends; only the copy of the option is missing.
			require.LessOrEqual(t, len(got.Packets), 2)
			finish(w, member, quiet, loud)
		})
	}
}

// TestGroupOptions: what the options say of packets to groups is set on the socket, be it bound to a group or sending to one, and
// nothing else.
func TestGroupOptions(t *testing.T) {
	near, err := sockaddr.FindInterface("lo")
	require.NoError(t, err)
	v4, v6 := at("239.255.71.1:0"), at("[ff02::ed:1%lo]:0")
	for name, tt := range map[string]struct {
		group address.Address
		o     transport.Options
		level int
		want  map[int]int // by number
	}{
		"IPv4": {group: v4, o: transport.Options{Interface: "lo", Hops: 7, NoLoop: true}, level: unix.IPPROTO_IP,
			want: map[int]int{unix.IP_MULTICAST_TTL: 7, unix.IP_MULTICAST_LOOP: 0}},
		"IPv4, defaults": {group: v4, o: lo, level: unix.IPPROTO_IP,
			want: map[int]int{unix.IP_MULTICAST_TTL: 1, unix.IP_MULTICAST_LOOP: 1}},
		"IPv6": {group: v6, o: transport.Options{Hops: 7, NoLoop: true}, level: unix.IPPROTO_IPV6,
			want: map[int]int{unix.IPV6_MULTICAST_HOPS: 7, unix.IPV6_MULTICAST_LOOP: 0, unix.IPV6_MULTICAST_IF: near.Index}},
		"IPv6, defaults": {group: v6, level: unix.IPPROTO_IPV6,
			want: map[int]int{unix.IPV6_MULTICAST_HOPS: 1, unix.IPV6_MULTICAST_LOOP: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			to := tt.group
			to.Port = 9
			for _, ends := range [][2]address.Address{{tt.group, {}}, {{}, to}} {
				c, err := udp.Open(w.Loop, ends[0], ends[1], tt.o, &transporttest.PacketRecorder{T: t})
				if transporttest.NoIPv6(t, err) {
					return
				}
				require.NoError(t, err)
				for option, want := range tt.want {
					got, err := unix.GetsockoptInt(w.Loop.Sources()[0].FD, tt.level, option)
					require.NoError(t, err)
					require.Equal(t, want, got, "option %d", option)
				}
				finish(w, c)
			}
		})
	}
}

func TestJoinAll(t *testing.T) {
	w := transporttest.NewWorld(t)
	member, got := open(t, w, at("239.255.71.3:0"), address.Address{}, transport.Options{Interface: udp.AllInterfaces})
	c, _ := open(t, w, address.Address{}, member.Local(), lo)
	require.NoError(t, c.WriteTo([]byte("x"), address.Address{}))
	w.Until("it arrives by the loopback interface, too", func() bool { return len(got.Packets) == 1 })
	finish(w, member, c)
}

func TestInterfaceErrors(t *testing.T) {
	w := transporttest.NewWorld(t)
	tests := map[string]struct {
		local, remote address.Address
		with, op      string
		text          string
	}{
		"join nowhere":       {local: at("239.255.71.1:0"), with: "nowhere9", op: "join", text: "interface nowhere9"},
		"send by nowhere":    {remote: at("239.255.71.1:9"), with: "nowhere9", op: "connect", text: "interface nowhere9"},
		"two interfaces":     {local: at("[ff02::1%lo]:0"), with: "eth7", op: "join", text: "the address says %lo"},
		"nobody's address":   {local: at("239.255.71.1:0"), with: "203.0.113.9", op: "join", text: "203.0.113.9"},
		"bound, no such one": {local: at("127.0.0.1:0"), with: "nowhere9", op: "bind", text: "interface nowhere9"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := udp.Open(w.Loop, tt.local, tt.remote, transport.Options{Interface: tt.with}, nil)
			var op *transport.OpError
			require.ErrorAs(t, err, &op)
			require.Equal(t, tt.op, op.Op)
			require.ErrorContains(t, err, tt.text)
			var which *udp.InterfaceError
			require.ErrorAs(t, err, &which)
		})
	}
	for _, with := range []string{"lo", "1", "127.0.0.1"} { // all of them are the loopback interface
		c, _ := open(t, w, at("239.255.71.1:0"), address.Address{}, transport.Options{Interface: with})
		finish(w, c)
	}
}

// TestBroadcastAnswered: both as the remote of a socket and as the destination of one packet;
// each receiver answers from its own address.
func TestBroadcastAnswered(t *testing.T) {
	w := transporttest.NewWorld(t)
	server, got := open(t, w, at("0.0.0.0:0"), address.Address{}, transport.Options{})
	got.On = func(c transport.PacketConn, p []byte, from address.Address) { require.NoError(t, c.WriteTo(p, from)) }
	all := withPort("127.255.255.255", server.Local())
	c, answers := open(t, w, address.Address{}, all, transport.Options{})
	require.NoError(t, c.WriteTo([]byte("to all"), address.Address{}))
	w.Until("it is answered", func() bool { return len(answers.Packets) == 1 })
	require.Equal(t, withPort("127.0.0.1", server.Local()), answers.From[0])

	d, answers := open(t, w, at("127.0.0.1:0"), address.Address{}, transport.Options{})
	require.NoError(t, d.WriteTo([]byte("first"), all))
	require.NoError(t, d.WriteTo([]byte("second"), all))
	require.NoError(t, d.WriteTo([]byte("third"), withPort("127.0.0.1", server.Local())))
	w.Until("they are answered", func() bool { return len(answers.Packets) == 3 })
	require.Equal(t, "first", string(answers.Packets[0]))
	require.Zero(t, d.Stats().Errors)
	finish(w, server, c, d)
}

// TestBroadcastReceivers: several sockets may be bound to a broadcast address.
func TestBroadcastReceivers(t *testing.T) {
	w := transporttest.NewWorld(t)
	one, got1 := open(t, w, at("127.255.255.255:0"), address.Address{}, transport.Options{})
	two, got2 := open(t, w, one.Local(), address.Address{}, transport.Options{})
	c, _ := open(t, w, address.Address{}, one.Local(), transport.Options{})
	require.NoError(t, c.WriteTo([]byte("to all"), address.Address{}))
	w.Until("both get it", func() bool { return len(got1.Packets) == 1 && len(got2.Packets) == 1 })
	_, err := udp.Open(w.Loop, c.Local(), address.Address{}, transport.Options{}, nil)
	require.ErrorIs(t, err, unix.EADDRINUSE, "an ordinary address is not shared")
	finish(w, one, two, c)
}
