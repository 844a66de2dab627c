package router

import (
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// networkVariable says that the test runs in a network of its own.
const networkVariable = "ED_ROUTER_TEST_NETWORK"

// TestPrivateNetwork: three routers at private addresses, with the usual ports and no setting that eases anything. It runs in a
// network namespace of its own; where the system allows none, the routers meet on loopback addresses.
func TestPrivateNetwork(t *testing.T) {
	if os.Getenv(networkVariable) != "" {
		addresses := []string{"10.77.0.1", "10.77.0.2", "10.77.0.3"}
		upLoopback(t, addresses...)
		privateCluster(t, addresses)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestPrivateNetwork$", "-test.count=1")
	cmd.Env = append(os.Environ(), networkVariable+"=own")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL) {
		t.Logf("no namespace to be had: %v", err)
		privateCluster(t, []string{"127.0.77.1", "127.0.77.2", "127.0.77.3"}, "loopback_peers=yes")
		return
	}
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "PASS")
}

// upLoopback brings the loopback interface up and gives it addresses.
func upLoopback(t *testing.T, addresses ...string) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	flags, err := unix.NewIfreq("lo")
	require.NoError(t, err)
	flags.SetUint16(unix.IFF_UP | unix.IFF_RUNNING | unix.IFF_LOOPBACK)
	require.NoError(t, unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, flags))
	for i, text := range addresses {
		r, err := unix.NewIfreq("lo:" + string(rune('1'+i)))
		require.NoError(t, err)
		ip := netip.MustParseAddr(text).As4()
		require.NoError(t, r.SetInet4Addr(ip[:]))
		require.NoError(t, unix.IoctlIfreq(fd, unix.SIOCSIFADDR, r))
	}
}

// privateCluster: the second and third know only the first, learn of each other, and all is reached.
func privateCluster(t *testing.T, addresses []string, more ...string) {
	var nodes []*node
	for i, a := range addresses {
		settings := append([]string{"server_name=n" + string(rune('1'+i)), "my_address=" + a, "remote_listen=" + a, "log_level=info"}, more...)
		if i > 0 {
			settings = append(settings, "neighbors="+addresses[0])
		}
		nodes = append(nodes, begin(t, settings...))
	}
	for _, n := range nodes {
		n.linked(2)
		up := n.unix()
		up.send("PUBLIC_IP", "CLUSTER_STATUS")
		up.want(`SERVER_PUBLIC_IP public_ip=` + strings.ReplaceAll(n.at("remote_listen"), ".", `\.`))
		up.want(`CLUSTER_UP neighbors_count=3`)
		up.want(`CLUSTER_COMPLETE neighbors_count=3`)
	}
	talk(t, nodes[0], nodes[1], "n1", "n2")
	talk(t, nodes[1], nodes[2], "n2", "n3")
	for _, kind := range []string{"*", "?"} {
		var services []*peer
		for _, n := range nodes {
			services = append(services, n.service("listener", "EVENT"))
			services[len(services)-1].sync()
		}
		services[0].send(kind+"/EVENT n=1", kind+"/EVENT n=2")
		for _, s := range services[1:] {
			s.skip(`EVENT .*n=1`)
			s.want(`EVENT .*n=2`) // once, and nothing between
		}
		for _, s := range services {
			s.send("UNREGISTER service=listener")
			s.gone()
		}
	}
}
