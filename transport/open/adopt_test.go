package open_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/open"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// given makes a socket as systemd does: bound, blocking, and inherited by children.
func given(t *testing.T, family, kind int, name unix.Sockaddr, listen bool) int {
	fd, err := unix.Socket(family, kind, 0)
	require.NoError(t, err)
	require.NoError(t, unix.Bind(fd, name))
	if listen {
		require.NoError(t, unix.Listen(fd, 8))
	}
	return fd
}

func TestAdoptStreams(t *testing.T) {
	file := filepath.Join(t.TempDir(), "s")
	op := secure(t, "127.0.0.1")
	tests := map[string]struct {
		family, kind int
		name         unix.Sockaddr
		want, as     address.Scheme
	}{
		"tcp":        {unix.AF_INET, unix.SOCK_STREAM, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}, address.TCP, address.TCP},
		"tcp6":       {unix.AF_INET6, unix.SOCK_STREAM, &unix.SockaddrInet6{Addr: [16]byte{15: 1}}, address.TCP, address.TCP},
		"tls":        {unix.AF_INET, unix.SOCK_STREAM, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}, address.TCP, address.TLS},
		"unix":       {unix.AF_UNIX, unix.SOCK_STREAM, &unix.SockaddrUnix{Name: file}, address.Unix, address.Unix},
		"unixpacket": {unix.AF_UNIX, unix.SOCK_SEQPACKET, &unix.SockaddrUnix{Name: file + "p"}, address.UnixPacket, address.UnixPacket},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			if tt.family == unix.AF_INET6 {
				l, err := open.Listen(w.Loop, parse(t, "tcp://[::1]:0"), transport.Options{}, nil)
				if transporttest.NoIPv6(t, err) {
					return
				}
				require.NoError(t, err)
				require.NoError(t, l.Close())
			}
			fd := given(t, tt.family, tt.kind, tt.name, true)
			a, err := open.Inherited(fd)
			require.NoError(t, err)
			require.Equal(t, tt.want, a.Scheme)
			a.Scheme = tt.as
			server := &transporttest.Recorder{T: t, Name: "server"}
			l, err := op.Adopt(w.Loop, fd, a, transport.Options{}, func(transport.Conn) transport.Handler { return server })
			require.NoError(t, err)
			require.Equal(t, a, l.Addr())
			client := &transporttest.Recorder{T: t, Name: "client"}
			c, err := op.Dial(w.Loop, l.Addr(), transport.Options{}, client)
			require.NoError(t, err)
			require.NoError(t, c.Write([]byte("hello")))
			w.Until("it arrives", func() bool { return string(server.Data) == "hello" })
			require.NoError(t, c.Close())
			w.Until("it ends", func() bool { return server.Closed == 1 && client.Closed == 1 })
			require.NoError(t, l.Close())
			if tt.family == unix.AF_UNIX {
				_, err := os.Stat(tt.name.(*unix.SockaddrUnix).Name)
				require.NoError(t, err, "the file belongs to who made it")
			}
		})
	}
}

// TestAdoptMPTCP: such a socket, which systemd and Go make, lacks some options; that is no reason to refuse it.
func TestAdoptMPTCP(t *testing.T) {
	w := transporttest.NewWorld(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f, err := l.(*net.TCPListener).File()
	require.NoError(t, err)
	defer l.Close()
	fd, err := open.Detach(f)
	require.NoError(t, err)
	require.Error(t, f.Close(), "it is closed")
	a, err := open.Inherited(fd)
	require.NoError(t, err)
	adopted, err := open.Opener{}.Adopt(w.Loop, fd, a, transport.Options{UserTimeout: time.Second}, nil)
	require.NoError(t, err)
	require.NoError(t, adopted.Close())
}

func TestAdoptPackets(t *testing.T) {
	tests := map[string]struct {
		family int
		name   unix.Sockaddr
		want   address.Scheme
	}{
		"udp":      {unix.AF_INET, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}, address.UDP},
		"unixgram": {unix.AF_UNIX, &unix.SockaddrUnix{Name: filepath.Join(t.TempDir(), "d")}, address.UnixGram},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			fd := given(t, tt.family, unix.SOCK_DGRAM, tt.name, false)
			a, err := open.Inherited(fd)
			require.NoError(t, err)
			require.Equal(t, tt.want, a.Scheme)
			known := false
			here, there := &transporttest.PacketRecorder{T: t, Name: "here"}, &transporttest.PacketRecorder{T: t, Name: "there"}
			here.On = func(c transport.PacketConn, _ []byte, _ address.Address) {
				if s, ok := c.(transport.PacketSender); ok {
					_, known = s.Peer()
				}
			}
			p, err := open.AdoptPacket(w.Loop, fd, a, transport.Options{}, here)
			require.NoError(t, err)
			c, err := open.Packet(w.Loop, address.Address{}, a, transport.Options{}, there)
			require.NoError(t, err)
			require.NoError(t, c.WriteTo([]byte("hello"), address.Address{}))
			w.Until("it arrives", func() bool { return len(here.Packets) == 1 })
			require.Equal(t, tt.want == address.UnixGram, known, "a Unix packet comes with its sender's credentials")
			require.NoError(t, p.Close())
			require.NoError(t, c.Close())
			w.Until("it ends", func() bool { return here.Closed == 1 && there.Closed == 1 })
		})
	}
}

func TestAdoptRefuses(t *testing.T) {
	w := transporttest.NewWorld(t)
	deaf := given(t, unix.AF_INET, unix.SOCK_STREAM, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}, false)
	defer unix.Close(deaf)
	raw, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE)
	require.NoError(t, err)
	defer unix.Close(raw)
	file, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer file.Close()
	tests := map[string]struct {
		fd   int
		want string
	}{
		"does not listen": {deaf, "adopt: the socket does not listen"},
		"netlink":         {raw, "adopt: a socket of a kind that is not known here"},
		"no socket":       {int(file.Fd()), "adopt: getsockopt: socket operation on non-socket"},
		"nothing":         {1 << 20, "adopt: getsockopt: bad file descriptor"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := open.Inherited(tt.fd)
			require.ErrorContains(t, err, tt.want)
			_, err = open.Opener{}.Adopt(w.Loop, tt.fd, parse(t, "tcp://127.0.0.1:1"), transport.Options{}, nil)
			require.Error(t, err)
			_, err = open.AdoptPacket(w.Loop, tt.fd, parse(t, "udp://127.0.0.1:1"), transport.Options{}, nil)
			require.Error(t, err)
			_, err = open.Opener{}.Adopt(w.Loop, tt.fd, parse(t, "udp://127.0.0.1:1"), transport.Options{}, nil)
			require.ErrorIs(t, err, transport.ErrUnsupported)
			_, err = open.AdoptPacket(w.Loop, tt.fd, parse(t, "tcp://127.0.0.1:1"), transport.Options{}, nil)
			require.ErrorIs(t, err, transport.ErrUnsupported)
		})
	}
}
