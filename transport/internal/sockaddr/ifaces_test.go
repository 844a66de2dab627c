package sockaddr

import (
	"net"
	"net/netip"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestInterfaces compares what the kernel tells us of the loopback interface, which stays, with what it tells package net.
func TestInterfaces(t *testing.T) {
	want, err := net.InterfaceByName("lo")
	require.NoError(t, err)
	got, err := FindInterface("lo")
	require.NoError(t, err)
	require.Equal(t, want.Index, got.Index)
	require.NotZero(t, got.Flags&unix.IFF_LOOPBACK)
	addrs, err := want.Addrs()
	require.NoError(t, err)
	var ours, theirs []string
	for _, a := range addrs {
		theirs = append(theirs, a.String())
	}
	for _, p := range got.Addrs {
		ours = append(ours, p.String())
	}
	require.ElementsMatch(t, theirs, ours)
	require.Contains(t, got.Broadcast, netip.MustParseAddr("127.255.255.255"))
	for _, key := range []string{strconv.Itoa(want.Index), "127.0.0.1"} {
		found, err := FindInterface(key)
		require.NoError(t, err)
		require.Equal(t, got, found)
	}
	list, err := Interfaces()
	require.NoError(t, err)
	for _, other := range list {
		require.NotEmpty(t, other.Name)
		for _, b := range other.Broadcast {
			require.True(t, b.Is4())
			require.False(t, b.IsLoopback() && other.Index != want.Index, "%s of %s", b, other.Name)
		}
	}
}

func TestIsBroadcast(t *testing.T) {
	for text, want := range map[string]bool{
		"255.255.255.255": true, "127.255.255.255": true,
		"127.0.0.1": false, "127.0.0.255": false, "0.0.0.0": false, "240.0.0.1": false, "::1": false, "ff02::1": false,
	} {
		require.Equal(t, want, IsBroadcast(netip.MustParseAddr(text)), text)
	}
}

// TestLastOf: a network of two addresses or one has none that reaches all.
func TestLastOf(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.7/24": "192.0.2.255", "10.1.2.3/8": "10.255.255.255", "192.0.2.1/30": "192.0.2.3", "172.16.5.4/13": "172.23.255.255",
		"192.0.2.1/31": "", "192.0.2.1/32": "", "2001:db8::1/16": "",
	} {
		last, ok := lastOf(netip.MustParsePrefix(text))
		require.Equal(t, want != "", ok, text)
		if ok {
			require.Equal(t, want, last.String(), text)
		}
	}
}
