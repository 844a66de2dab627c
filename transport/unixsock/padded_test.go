package unixsock_test

import (
	"os"
	"testing"
	"unsafe"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/ed-toolbox/ed/transport/unixsock"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// sockaddrOf is the address of an abstract name as C++ programs fill it in.
func sockaddrOf(path string) (raw unix.RawSockaddrUnix) {
	raw.Family = unix.AF_UNIX
	for i := 1; i < len(path); i++ {
		raw.Path[i] = int8(path[i])
	}
	return raw
}

// TestPadded: who gives the size of sockaddr_un as the length of an abstract name, as the
// C++ datagram client does, reaches a socket bound to the name itself, and so does
// everybody else; both are answered.
func TestPadded(t *testing.T) {
	w := transporttest.NewWorld(t)
	path := names(t, "abstract")()
	server, got := openGram(t, w, gram(path), address.Address{}, transport.Options{})
	require.Equal(t, gram(path), server.Local())
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	to, text := sockaddrOf(path), []byte("from C++")
	_, _, errno := unix.Syscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&text[0])), uintptr(len(text)), 0,
		uintptr(unsafe.Pointer(&to)), unsafe.Sizeof(to))
	require.Zero(t, errno)
	client, answers := openGram(t, w, address.Address{}, gram(path), transport.Options{})
	var who transport.Credentials
	got.On = func(c transport.PacketConn, p []byte, from address.Address) {
		known := false
		who, known = c.(transport.PacketSender).Peer()
		require.True(t, known)
		if !from.IsZero() {
			require.NoError(t, c.WriteTo(p, from))
		}
	}
	require.NoError(t, client.WriteTo([]byte("from Go"), address.Address{}))
	w.Until("both arrive, one is answered", func() bool { return len(got.Packets) == 2 && len(answers.Packets) == 1 })
	require.Equal(t, transport.Credentials{PID: os.Getpid(), UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}, who)
	_, known := server.(transport.PacketSender).Peer()
	require.False(t, known, "only while a packet is handed over")

	// The pause concerns both names.
	server.Pause()
	require.NoError(t, client.WriteTo([]byte("later"), address.Address{}))
	_, _, errno = unix.Syscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&text[0])), uintptr(len(text)), 0,
		uintptr(unsafe.Pointer(&to)), unsafe.Sizeof(to))
	require.Zero(t, errno)
	w.For(2e6)
	require.Len(t, got.Packets, 2)
	server.Resume()
	w.Until("both arrive", func() bool { return len(got.Packets) == 4 })

	_, err = unixsock.OpenGram(w.Loop, gram(path), address.Address{}, transport.Options{}, nil)
	require.ErrorIs(t, err, unix.EADDRINUSE)
	server.Abort(nil)
	client.Abort(nil)
	w.Idle()
}

// TestPanicAtSecondName: a packet to the name with NULs that the handler panics at is lost, and none that came with it; who sent it
// is forgotten.
func TestPanicAtSecondName(t *testing.T) {
	w := transporttest.NewWorld(t)
	path := names(t, "abstract")()
	server, got := openGram(t, w, gram(path), address.Address{}, transport.Options{})
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	to := sockaddrOf(path)
	for _, text := range []string{"one", "bad", "two"} {
		_, _, errno := unix.Syscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.StringData(text))), uintptr(len(text)), 0,
			uintptr(unsafe.Pointer(&to)), unsafe.Sizeof(to))
		require.Zero(t, errno)
	}
	got.On = func(_ transport.PacketConn, p []byte, _ address.Address) {
		if string(p) == "bad" {
			panic("provoked")
		}
	}
	w.Until("the bad one arrives", func() bool { return len(got.Packets) >= 2 })
	_, known := server.(transport.PacketSender).Peer()
	require.False(t, known, "only while a packet is handed over")
	w.Until("the last arrives", func() bool { return len(got.Packets) == 3 })
	require.Equal(t, "two", string(got.Packets[2]))
	server.Abort(nil)
	w.Idle()
}

// TestLongestName: a name without room for padding has one form only.
func TestLongestName(t *testing.T) {
	w := transporttest.NewWorld(t)
	path := names(t, "abstract")()
	for len(path) < 108 {
		path += "x"
	}
	server, got := openGram(t, w, gram(path), address.Address{}, transport.Options{})
	client, _ := openGram(t, w, address.Address{}, gram(path), transport.Options{})
	require.NoError(t, client.WriteTo([]byte("x"), address.Address{}))
	w.Until("it arrives", func() bool { return len(got.Packets) == 1 })
	server.Abort(nil)
	client.Abort(nil)
	w.Idle()
}

// TestPaddedNameTaken: half a socket is none.
func TestPaddedNameTaken(t *testing.T) {
	w := transporttest.NewWorld(t)
	path := names(t, "abstract")()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	raw := sockaddrOf(path)
	_, _, errno := unix.Syscall(unix.SYS_BIND, uintptr(fd), uintptr(unsafe.Pointer(&raw)), unsafe.Sizeof(raw))
	require.Zero(t, errno)
	_, err = unixsock.OpenGram(w.Loop, gram(path), address.Address{}, transport.Options{}, nil)
	var taken *unixsock.InUseError
	require.ErrorAs(t, err, &taken)
	require.NoError(t, unix.Close(fd))
	w.Idle()
}

// TestStreamOfNoName: a C++ stream client gives strlen of the path as the length, which
// begins with a NUL: the kernel refuses that whatever anybody listens on. C++ clients
// of streams need a socket file.
func TestStreamOfNoName(t *testing.T) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	raw := sockaddrOf("@anything")
	for _, n := range []uintptr{0, unsafe.Sizeof(raw.Family)} {
		_, _, errno := unix.Syscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&raw)), n)
		require.Equal(t, unix.EINVAL, errno)
	}
}
