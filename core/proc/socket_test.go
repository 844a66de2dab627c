package proc_test

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
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
	dir := t.TempDir()
	one, all := stream("tcp4", "127.0.0.1:0"), stream("tcp", ":0")
	udp := packets("udp4", "127.0.0.1:0")
	file := stream("unix", filepath.Join(dir, "s")).Addr().String()
	packets("unixgram", filepath.Join(dir, "d"))
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
