package proc_test

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/proc"
)

func TestSocketHolders(t *testing.T) {
	stream := func(network, where string) net.Listener {
		l, err := net.Listen(network, where)
		require.NoError(t, err)
		t.Cleanup(func() { l.Close() })
		return l
	}
	packets := func(network, where string) net.PacketConn {
		c, err := net.ListenPacket(network, where)
		require.NoError(t, err)
		t.Cleanup(func() { c.Close() })
		return c
	}
	loopback := func(a net.Addr) netip.AddrPort {
		return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), netip.MustParseAddrPort(a.String()).Port())
	}
	dir := filepath.Join(t.TempDir(), "a b")
	require.NoError(t, os.Mkdir(dir, 0o700))
	one, all := stream("tcp4", "127.0.0.1:0"), stream("tcp", ":0")
	udp := packets("udp4", "127.0.0.1:0")
	file := stream("unix", filepath.Join(dir, "s")).Addr().String()
	packets("unixgram", filepath.Join(dir, "d"))
	lines := stream("unix", filepath.Join(dir, "two\nlines")).Addr().String()
	free := stream("tcp4", "127.0.0.1:0")
	free.Close()

	var sys proc.System
	tests := map[string]struct {
		p    func() (proc.Process, error)
		gone bool
	}{
		"tcp":               {func() (proc.Process, error) { return sys.TCPListener(loopback(one.Addr())) }, false},
		"tcp, any address":  {func() (proc.Process, error) { return sys.TCPListener(loopback(all.Addr())) }, false},
		"nobody":            {func() (proc.Process, error) { return sys.TCPListener(loopback(free.Addr())) }, true},
		"udp":               {func() (proc.Process, error) { return sys.UDPSocket(loopback(udp.LocalAddr())) }, false},
		"udp, but tcp":      {func() (proc.Process, error) { return sys.UDPSocket(loopback(one.Addr())) }, true},
		"unix":              {func() (proc.Process, error) { return sys.UnixListener(file) }, false},
		"unix datagram":     {func() (proc.Process, error) { return sys.UnixListener(filepath.Join(dir, "d")) }, false},
		"unix, line feed":   {func() (proc.Process, error) { return sys.UnixListener(lines) }, true},
		"unix, nobody":      {func() (proc.Process, error) { return sys.UnixListener(filepath.Join(dir, "none")) }, true},
		"nothing mounted":   {func() (proc.Process, error) { return proc.System{Root: dir}.UnixListener(file) }, true},
		"nothing to see":    {func() (proc.Process, error) { return proc.System{Root: dir}.TCPListener(loopback(one.Addr())) }, true},
		"no such directory": {func() (proc.Process, error) { return proc.System{Root: dir + "/x"}.UnixListener(file) }, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := tt.p()
			if tt.gone {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, os.Getpid(), p.PID)
		})
	}
}

// fakeProc makes a /proc in which the processes have these sockets of TCP, by number.
func fakeProc(t *testing.T, tcp string, sockets map[int]int) proc.System {
	root := t.TempDir()
	writeProc(t, root, "net/tcp", "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"+tcp)
	for pid, inode := range sockets {
		fakeProcess(t, root, pid, 1, 'S', 1, "x")
		dir := filepath.Join(root, strconv.Itoa(pid), "fd")
		require.NoError(t, os.Mkdir(dir, 0o700))
		require.NoError(t, os.Symlink(fmt.Sprintf("socket:[%d]", inode), filepath.Join(dir, "3")))
	}
	return proc.System{Root: root}
}

// Who has the address itself gets what comes there, and not who has all the others of the host.
func TestListenerOfOneAddressBeforeThatOfAll(t *testing.T) {
	row := "   0: %s:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 %d 1\n"
	sys := fakeProc(t, fmt.Sprintf(row, "00000000", 11)+fmt.Sprintf(row, "0100007F", 12), map[int]int{100: 11, 200: 12})
	for at, want := range map[string]int{"127.0.0.1:80": 200, "127.0.0.2:80": 100, "0.0.0.0:80": 100} {
		p, err := sys.TCPListener(netip.MustParseAddrPort(at))
		require.NoError(t, err)
		require.Equal(t, want, p.PID, at)
	}
}

// The kernel does not tell of the zone of an address: who has it on one interface is as good an answer.
func TestListenerOfAnAddressWithZone(t *testing.T) {
	sys := fakeProc(t, "", map[int]int{100: 11})
	writeProc(t, sys.Root, "net/tcp6", "  sl  local_address remote_address st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"+
		"   0: 000080FE000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1\n")
	for _, at := range []string{"[fe80::1]:80", "[fe80::1%eth0]:80"} {
		p, err := sys.TCPListener(netip.MustParseAddrPort(at))
		require.NoError(t, err, at)
		require.Equal(t, 100, p.PID)
	}
}
