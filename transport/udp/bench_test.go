package udp_test

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/udp"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// BenchmarkReceive tells the receiver's processor time per datagram (cpu-ns/op), from
// the socket to the handler of a message, with one call for many datagrams and, for
// comparison, with one call for each:
//
//	go test -bench Receive -run - -count 6 ./transport/udp
//
// A burst is sent while the receiver's clock stands still: the sender's work, which on the
// loopback interface includes the network's, is not counted.
func BenchmarkReceive(b *testing.B) {
	receivers := []struct {
		name string
		open func(testing.TB, *reactor.Loop, transport.PacketHandler) (to address.Address, end func())
	}{
		{"recvmmsg", openBatches},
		{"recvmsg", openOneByOne},
	}
	for _, burst := range []int{1, 8, 64, 200} {
		for _, r := range receivers {
			b.Run(name(r.name, burst), func(b *testing.B) { receive(b, burst, r.open) })
		}
	}
}

func name(call string, burst int) string {
	return map[int]string{1: "burst=1", 8: "burst=8", 64: "burst=64", 200: "burst=200"}[burst] + "/" + call
}

func receive(b *testing.B, burst int, open func(testing.TB, *reactor.Loop, transport.PacketHandler) (address.Address, func())) {
	runtime.LockOSThread() // the clock is the thread's
	defer runtime.UnlockOSThread()
	loop, err := reactor.New(reactor.Options{})
	require.NoError(b, err)
	defer loop.Close()
	got, sent := burst, 0
	d := dispatch.New(dispatch.Options{})
	require.NoError(b, d.On("TICK", func(dispatch.Sender, *message.Message) error {
		got++
		return nil
	}))
	to, end := open(b, loop, link.NewDatagram(link.Options{Dispatcher: d}, nil))
	defer end()
	sender, err := net.Dial("udp", to.AddrPort().String())
	require.NoError(b, err)
	defer sender.Close()
	packet := []byte("<me:client service/TICK count=123456;name=abcdefgh;path=/var/lib")
	var spent, since time.Duration
	loop.BeforeWait(func() {
		if got < burst {
			return
		}
		spent += cpu(b) - since
		if sent >= b.N {
			loop.Stop()
		}
		for range burst {
			if _, err := sender.Write(packet); err != nil {
				b.Error(err)
			}
		}
		sent += burst
		got, since = 0, cpu(b)
	})
	b.ReportAllocs()
	since = cpu(b)
	if err := loop.Run(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(spent.Nanoseconds())/float64(sent-burst), "cpu-ns/op")
}

// cpu is the processor time of this thread.
func cpu(b *testing.B) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		b.Fatal(err)
	}
	return time.Duration(t.Nano())
}

func openBatches(t testing.TB, l *reactor.Loop, h transport.PacketHandler) (address.Address, func()) {
	c, err := udp.Open(l, at("127.0.0.1:0"), address.Address{}, transport.Options{}, h)
	require.NoError(t, err)
	return c.Local(), func() {
		c.Abort(nil)
		require.NoError(t, l.Run(context.Background()))
	}
}

// oneByOne receives as one would without recvmmsg: a call for each datagram, and one
// that says that there is no more.
type oneByOne struct {
	fd  int
	buf []byte
	h   transport.PacketHandler
}

func (o *oneByOne) OnReady(reactor.Source, reactor.Interest) {
	var from unix.RawSockaddrInet4
	for range 256 {
		size := uint32(unix.SizeofSockaddrInet4)
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(o.fd), uintptr(unsafe.Pointer(&o.buf[0])), uintptr(len(o.buf)),
			unix.MSG_TRUNC, uintptr(unsafe.Pointer(&from)), uintptr(unsafe.Pointer(&size)))
		if errno != 0 {
			return
		}
		if int(n) <= len(o.buf) {
			port := (*[2]byte)(unsafe.Pointer(&from.Port))
			peer := netip.AddrPortFrom(netip.AddrFrom4(from.Addr), binary.BigEndian.Uint16(port[:]))
			o.h.OnPacket(nil, o.buf[:n], address.FromAddrPort(address.UDP, peer))
		}
	}
}

func openOneByOne(t testing.TB, l *reactor.Loop, h transport.PacketHandler) (address.Address, func()) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	require.NoError(t, unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	name, err := sockaddr.Local(fd)
	require.NoError(t, err)
	s, err := l.Add(fd, &oneByOne{fd, make([]byte, 64<<10), h}, reactor.SourceOptions{Interest: reactor.Read})
	require.NoError(t, err)
	return name.Address(address.UDP), func() {
		s.Remove()
		require.NoError(t, unix.Close(fd))
	}
}
