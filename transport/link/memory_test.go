package link_test

import (
	"net/netip"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

// Limits for a link at rest, with its decoder, its handler, its connection and its place on the loop, in bytes of the heap.
// What is above them is seen in the resident memory of a service that has 10,000: scripts/perf-rows idle-memory.
const (
	mostAtRest = 340 // that stay
	mostLost   = 60  // that a new one leaves to the collector
)

// crowd connects sockets of nobody's to a server.
type crowd struct {
	family int
	to     unix.Sockaddr
	fds    []int
}

func (c *crowd) grow(t *testing.T, n int) {
	for range n {
		fd, err := unix.Socket(c.family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		require.NoError(t, err)
		c.fds = append(c.fds, fd)
		require.NoError(t, unix.Connect(fd, c.to))
	}
}

func (c *crowd) close() {
	for _, fd := range c.fds {
		_ = unix.Close(fd)
	}
}

// TestIdleLinkMemory: connections that do nothing cost little.
func TestIdleLinkMemory(t *testing.T) {
	const batch = 50
	links := transporttest.Room(t, 2000+2*batch, 2)/batch*batch - 2*batch // beside those that it begins with
	path := filepath.Join(t.TempDir(), "s")
	for _, c := range []struct {
		name   string
		at     string
		family int
		to     func(address.Address) unix.Sockaddr
	}{
		{"unix", "unix:" + path, unix.AF_UNIX, func(address.Address) unix.Sockaddr { return &unix.SockaddrUnix{Name: path} }},
		{"tcp", "tcp://127.0.0.1:0", unix.AF_INET, func(a address.Address) unix.Sockaddr {
			return &unix.SockaddrInet4{Port: int(a.Port), Addr: netip.AddrFrom4([4]byte{127, 0, 0, 1}).As4()}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			server := link.NewServer(link.Options{Dispatcher: echo(t, dispatch.Options{})})
			listener, err := open.Listen(w.Loop, parse(t, c.at), transport.Options{}, server.Accept)
			require.NoError(t, err)
			peers := crowd{family: c.family, to: c.to(listener.Addr()), fds: make([]int, 0, 2*links)}
			connect := func(n int) {
				for range n / batch {
					peers.grow(t, batch)
					w.Until("all are accepted", func() bool { return server.Stats().Links == len(peers.fds) })
				}
			}
			connect(2 * batch)
			before := heap()
			connect(links)
			after := heap()
			runtime.KeepAlive(server)

			stay := float64(after.HeapAlloc-before.HeapAlloc) / float64(links)
			garbage := float64(after.TotalAlloc-before.TotalAlloc)/float64(links) - stay
			t.Logf("%.0f B stay, %.0f B do not", stay, garbage)
			require.LessOrEqual(t, stay, float64(mostAtRest))
			require.LessOrEqual(t, garbage, float64(mostLost))

			require.NoError(t, listener.Close())
			peers.close()
			w.Idle()
			require.Zero(t, server.Stats().Links)
		})
	}
}

// heap is what the process has allocated, when nothing is left that could be freed.
func heap() (m runtime.MemStats) {
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m
}
