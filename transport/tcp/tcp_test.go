package tcp_test

import (
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/stream"
	"github.com/ed-toolbox/ed/transport/tcp"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func at(text string) address.Address {
	return address.FromAddrPort(address.TCP, netip.MustParseAddrPort(text))
}

func TestConformance(t *testing.T) {
	for name, host := range map[string]string{"IPv4": "127.0.0.1", "IPv6": "[::1]"} {
		t.Run(name, func(t *testing.T) {
			if _, err := reserve(t, host); transporttest.NoIPv6(t, err) {
				require.ErrorContains(t, err, "listen tcp://[::1]:0: ")
				return
			}
			transporttest.RunStream(t, func(t *testing.T) transporttest.Medium {
				return transporttest.Medium{
					Listen: func(l *reactor.Loop, o transport.Options, accept transport.Accept) (transport.Listener, error) {
						return tcp.Listen(l, at(host+":0"), o, accept)
					},
					Dial:        tcp.Dial,
					Refused:     refused(t, host),
					Silent:      silent(t),
					Resets:      true,
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
	l, err := tcp.Listen(w.Loop, at(host+":0"), transport.Options{}, nil)
	if err != nil {
		return address.Address{}, err
	}
	return l.Addr(), l.Close()
}

// silent is a listener with a full backlog: the kernel drops what knocks.
func silent(t *testing.T) address.Address {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	require.NoError(t, unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	require.NoError(t, unix.Listen(fd, 0))
	name, err := unix.Getsockname(fd)
	require.NoError(t, err)
	for range 4 {
		knock, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		require.NoError(t, err)
		t.Cleanup(func() { unix.Close(knock) })
		_ = unix.Connect(knock, name)
	}
	in := name.(*unix.SockaddrInet4)
	return address.FromAddrPort(address.TCP, netip.AddrPortFrom(netip.AddrFrom4(in.Addr), uint16(in.Port)))
}

func TestSocketOptions(t *testing.T) {
	tests := map[string]struct {
		o                 transport.Options
		idle, userTimeout int
	}{
		"usual":            {transport.Options{KeepAlive: 7 * time.Second, UserTimeout: 9 * time.Second}, 7, 9000},
		"more than it can": {transport.Options{KeepAlive: 24 * time.Hour, UserTimeout: 1000 * time.Hour * 24}, 32767, math.MaxInt32},
		"less than it can": {transport.Options{KeepAlive: time.Millisecond, UserTimeout: time.Microsecond}, 1, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { checkOptions(t, tt.o, tt.idle, tt.userTimeout) })
	}
}

func checkOptions(t *testing.T, o transport.Options, idle, userTimeout int) {
	w := transporttest.NewWorld(t)
	server := &transporttest.Recorder{T: t, Name: "server"}
	l, err := tcp.Listen(w.Loop, at("127.0.0.1:0"), o, func(transport.Conn) transport.Handler { return server })
	require.NoError(t, err)
	client := &transporttest.Recorder{T: t, Name: "client"}
	_, err = tcp.Dial(w.Loop, l.Addr(), o, client)
	require.NoError(t, err)
	w.Until("both open", func() bool { return client.Opened+server.Opened == 2 })
	checked := 0
	for _, s := range w.Loop.Sources() {
		if s.Kind != "tcp" {
			continue
		}
		checked++
		for name, want := range map[[2]int]int{
			{unix.IPPROTO_TCP, unix.TCP_NODELAY}:      1,
			{unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT}: userTimeout,
			{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE}:     idle,
			{unix.SOL_SOCKET, unix.SO_KEEPALIVE}:      1,
		} {
			got, err := unix.GetsockoptInt(s.FD, name[0], name[1])
			require.NoError(t, err)
			require.Equal(t, want, got, "option %v", name)
		}
		flags, err := unix.FcntlInt(uintptr(s.FD), unix.F_GETFD, 0)
		require.NoError(t, err)
		require.Equal(t, unix.FD_CLOEXEC, flags&unix.FD_CLOEXEC)
	}
	require.Equal(t, 2, checked, "both ends inherit or get the options")
	client.Conn.Abort(nil)
	require.NoError(t, l.Close())
	w.Idle()
}

// TestRace: an address that never answers costs a head start, not the whole
// time; the slower connection is given up.
func TestRace(t *testing.T) {
	for try := 0; race(t) > 5*time.Second; try++ { // a busy machine may hold one up
		require.Less(t, try, 5, "it waits for who does not answer")
	}
}

// race dials four addresses, of which the third answers, and says how long that took.
func race(t *testing.T) (took time.Duration) {
	w := transporttest.NewWorld(t)
	server, client := &transporttest.Recorder{T: t, Name: "server"}, &transporttest.Recorder{T: t, Name: "client"}
	l, err := tcp.Listen(w.Loop, at("127.0.0.1:0"), transport.Options{}, func(transport.Conn) transport.Handler { return server })
	require.NoError(t, err)
	to := silent(t)
	began := time.Now()
	c := stream.Dial(w.Loop, tcp.Config(to, transport.Options{}), client,
		tcp.Target(to, transport.Options{}), tcp.Target(to, transport.Options{}), tcp.Target(l.Addr(), transport.Options{}), tcp.Target(refused(t, "127.0.0.1"), transport.Options{}))
	w.Until("it opens", func() bool { return client.Opened == 1 })
	took = time.Since(began)
	require.GreaterOrEqual(t, took, 500*time.Millisecond)
	require.Equal(t, l.Addr(), c.Remote())
	require.NoError(t, c.Write([]byte("hello")))
	require.NoError(t, c.Close())
	require.NoError(t, l.Close())
	w.Idle()
	require.Equal(t, "hello", string(server.Data))
	return took
}

// TestRaceWithoutWinner: the deadline ends all attempts, and so does Close.
func TestRaceWithoutWinner(t *testing.T) {
	w := transporttest.NewWorld(t)
	to := silent(t)
	for name, tt := range map[string]struct {
		o    transport.Options
		do   func(c transport.Conn)
		is   error
		says string
	}{
		"deadline":  {transport.Options{ConnectTimeout: 300 * time.Millisecond}, func(transport.Conn) {}, transport.ErrTimeout, "timed out; connect tcp://"},
		"cancelled": {transport.Options{ConnectTimeout: -1}, func(c transport.Conn) { require.NoError(t, c.Close()) }, transport.ErrClosed, "closed"},
	} {
		t.Run(name, func(t *testing.T) {
			client := &transporttest.Recorder{T: t, Name: "client"}
			tt.do(stream.Dial(w.Loop, tcp.Config(to, tt.o), client, tcp.Target(to, tt.o), tcp.Target(to, tt.o)))
			w.Idle()
			require.ErrorIs(t, client.Err, tt.is)
			require.ErrorContains(t, client.Err, tt.says)
		})
	}
}

func TestDualStack(t *testing.T) {
	tests := map[string]struct {
		dual bool
		want int
	}{"IPv6 means IPv6": {false, 0}, "both": {true, 1}}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			server := &transporttest.Recorder{T: t, Name: "server"}
			l, err := tcp.Listen(w.Loop, at("[::]:0"), transport.Options{DualStack: tt.dual}, func(transport.Conn) transport.Handler { return server })
			if transporttest.NoIPv6(t, err) {
				return
			}
			require.NoError(t, err)
			client := &transporttest.Recorder{T: t, Name: "client"}
			client.Open = func(c transport.Conn) { c.Close() }
			to := address.FromAddrPort(address.TCP, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), l.Addr().Port))
			_, err = tcp.Dial(w.Loop, to, transport.Options{}, client)
			require.NoError(t, err)
			w.Until("the client ends", func() bool { return client.Closed == 1 && server.Closed == tt.want })
			require.Equal(t, tt.want, client.Opened)
			if tt.dual {
				require.True(t, server.Conn.Remote().IP.Is4(), "an IPv4 peer is shown as one")
			}
			require.NoError(t, l.Close())
			w.Idle()
		})
	}
}

func TestRefusedArguments(t *testing.T) {
	w := transporttest.NewWorld(t)
	l, err := tcp.Listen(w.Loop, at("127.0.0.1:0"), transport.Options{}, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	tests := map[string]struct {
		a    address.Address
		want error
	}{
		"other scheme": {address.FromUnix(address.Unix, "/x"), transport.ErrUnsupported},
		"host name":    {address.Address{Scheme: address.TCP, Host: "localhost", Port: 1}, unix.EDESTADDRREQ},
		"in use":       {l.Addr(), unix.EADDRINUSE},
		"not ours":     {at("192.0.2.1:1"), unix.EADDRNOTAVAIL},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := tcp.Listen(w.Loop, tt.a, transport.Options{}, nil)
			require.ErrorIs(t, err, tt.want)
			var op *transport.OpError
			require.ErrorAs(t, err, &op)
			require.Equal(t, "listen", op.Op)
		})
	}
}
