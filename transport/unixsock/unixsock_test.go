package unixsock_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/ed-toolbox/ed/transport/unixsock"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func at(path string) address.Address   { return address.FromUnix(address.Unix, path) }
func gram(path string) address.Address { return address.FromUnix(address.UnixGram, path) }

// names makes addresses that no other test uses.
func names(t *testing.T, kind string) func() string {
	n := 0
	dir := t.TempDir()
	return func() string {
		n++
		if kind == "file" {
			return filepath.Join(dir, fmt.Sprint(n))
		}
		return fmt.Sprintf("@ed-test-%d-%s-%d", os.Getpid(), filepath.Base(filepath.Dir(dir)), n)
	}
}

func TestConformance(t *testing.T) {
	for _, kind := range []string{"file", "abstract"} {
		t.Run(kind, func(t *testing.T) {
			name := names(t, kind)
			transporttest.RunStream(t, func(t *testing.T) transporttest.Medium {
				return transporttest.Medium{
					Listen: func(l *reactor.Loop, o transport.Options, accept transport.Accept) (transport.Listener, error) {
						return unixsock.Listen(l, at(name()), o, accept)
					},
					Dial:        unixsock.Dial,
					Refused:     refused(t, kind, name()),
					Silent:      silent(t, at(name())),
					Descriptors: true,
				}
			})
		})
	}
}

// refused is an address that nobody listens on: a socket file that was left
// behind, or an abstract name.
func refused(t *testing.T, kind, name string) address.Address {
	if kind == "file" {
		leaveStale(t, name, unix.SOCK_STREAM)
	}
	return at(name)
}

func leaveStale(t *testing.T, path string, kind int) {
	fd, err := unix.Socket(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	require.NoError(t, unix.Bind(fd, &unix.SockaddrUnix{Name: path}))
	require.NoError(t, unix.Close(fd))
}

// silent is a listener with a full backlog.
func silent(t *testing.T, a address.Address) address.Address {
	kind, name := unix.SOCK_STREAM, a.Path
	if a.Scheme == address.UnixPacket {
		kind = unix.SOCK_SEQPACKET
	}
	fd, err := unix.Socket(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	require.NoError(t, unix.Bind(fd, &unix.SockaddrUnix{Name: name}))
	require.NoError(t, unix.Listen(fd, 0))
	for range 4 {
		knock, err := unix.Socket(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		require.NoError(t, err)
		t.Cleanup(func() { unix.Close(knock) })
		_ = unix.Connect(knock, &unix.SockaddrUnix{Name: name})
	}
	return a
}

func TestPeer(t *testing.T) {
	w := transporttest.NewWorld(t)
	server := &transporttest.Recorder{T: t, Name: "server"}
	inAccept := false
	l, err := unixsock.Listen(w.Loop, at(filepath.Join(t.TempDir(), "s")), transport.Options{}, func(c transport.Conn) transport.Handler {
		_, inAccept = c.Peer()
		return server
	})
	require.NoError(t, err)
	client := &transporttest.Recorder{T: t, Name: "client"}
	_, err = unixsock.Dial(w.Loop, l.Addr(), transport.Options{}, client)
	require.NoError(t, err)
	w.Until("both open", func() bool { return client.Opened+server.Opened == 2 })
	want := transport.Credentials{PID: os.Getpid(), UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}
	for _, r := range []*transporttest.Recorder{client, server} {
		got, ok := r.Conn.Peer()
		require.True(t, ok)
		require.Equal(t, want, got, r.Name)
	}
	require.True(t, inAccept, "Accept can check who comes")
	for _, s := range w.Loop.Sources() {
		if strings.HasPrefix(s.Kind, "unix") { // peers of Unix sockets have no names: the listener's says where they came
			require.Equal(t, l.Addr().String(), s.Name, s.Kind)
		}
	}
	client.Conn.Abort(nil)
	require.NoError(t, l.Close())
	w.Idle()
}
