package sockaddr

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestRoundTrip(t *testing.T) {
	ip := func(s address.Scheme, text string) address.Address {
		return address.FromAddrPort(s, netip.MustParseAddrPort(text))
	}
	tests := map[string]address.Address{
		"IPv4":        ip(address.TCP, "127.0.0.1:4040"),
		"IPv4 any":    ip(address.UDP, "0.0.0.0:0"),
		"IPv6":        ip(address.TCP, "[2001:db8::1]:65535"),
		"IPv6 zone":   ip(address.TCP, "[fe80::1%lo]:1"),
		"path":        address.FromUnix(address.Unix, "/run/x.sock"),
		"relative":    address.FromUnix(address.UnixGram, "x"),
		"abstract":    address.FromUnix(address.Unix, "@name"),
		"odd name":    address.FromUnix(address.Unix, "@a\x00b"),
		"unnamed":     address.FromUnix(address.Unix, ""),
		"long path":   address.FromUnix(address.Unix, "/"+strings.Repeat("x", MaxPath-1)),
		"long name":   address.FromUnix(address.Unix, "@"+strings.Repeat("x", MaxPath-1)),
		"one letter":  address.FromUnix(address.Unix, "/"),
		"empty @name": address.FromUnix(address.Unix, "@"),
	}
	for name, a := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := From(a, 0)
			require.NoError(t, err)
			require.Equal(t, a, r.Address(a.Scheme))
		})
	}
}

func TestMapped(t *testing.T) {
	a := address.FromAddrPort(address.UDP, netip.MustParseAddrPort("10.0.0.1:5"))
	r, err := From(a, unix.AF_INET6)
	require.NoError(t, err)
	require.Equal(t, unix.AF_INET6, r.Family())
	require.Equal(t, a, r.Address(address.UDP))
}

func TestRefused(t *testing.T) {
	tests := map[string]struct {
		a    address.Address
		want error
	}{
		"too long":     {address.FromUnix(address.Unix, strings.Repeat("x", MaxPath+1)), unix.ENAMETOOLONG},
		"NUL in path":  {address.FromUnix(address.Unix, "/a\x00b"), unix.EINVAL},
		"name":         {address.Address{Scheme: address.TCP, Host: "example.org"}, unix.EDESTADDRREQ},
		"no scheme":    {address.Address{}, unix.EAFNOSUPPORT},
		"unknown zone": {address.FromAddrPort(address.TCP, netip.MustParseAddrPort("[fe80::1%nowhere9]:1")), unix.ENODEV},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := From(tt.a, 0)
			require.ErrorIs(t, err, tt.want)
		})
	}
}

// TestZoneWithoutDescriptors: to find an interface takes a descriptor. Where none is left that is the reason, and not that there is no
// such interface.
func TestZoneWithoutDescriptors(t *testing.T) {
	a := address.FromAddrPort(address.TCP, netip.MustParseAddrPort("[fe80::1%lo]:1"))
	restore := transporttest.UseUpDescriptors(t)
	_, err := From(a, 0)
	restore()
	require.ErrorIs(t, err, unix.EMFILE)
	_, err = From(a, 0)
	require.NoError(t, err)
}

// TestZoneNumbers: a zone may be a number; one that no interface has stays one.
func TestZoneNumbers(t *testing.T) {
	zone := func(text string) address.Address {
		return address.FromAddrPort(address.UDP, netip.MustParseAddrPort("[fe80::1%"+text+"]:1"))
	}
	byName, err := From(zone("lo"), 0)
	require.NoError(t, err)
	byNumber, err := From(zone("1"), 0)
	require.NoError(t, err)
	require.Equal(t, byName, byNumber)
	nowhere, err := From(zone("4000000"), 0)
	require.NoError(t, err)
	require.Equal(t, zone("4000000"), nowhere.Address(address.UDP))
}

// TestTake: a descriptor that is taken over is non-blocking and not for our children; one of another kind is left as it is.
func TestTake(t *testing.T) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	flags := func() (closeOnExec, nonBlocking bool) {
		d, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		require.NoError(t, err)
		f, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		require.NoError(t, err)
		return d&unix.FD_CLOEXEC != 0, f&unix.O_NONBLOCK != 0
	}
	_, err = Take(fd, address.UDP, address.TCP)
	require.ErrorIs(t, err, errKind)
	closeOnExec, nonBlocking := flags()
	require.False(t, closeOnExec || nonBlocking)
	a, err := Take(fd, address.UDP, address.UnixGram)
	require.NoError(t, err)
	require.Equal(t, address.UnixGram, a.Scheme)
	closeOnExec, nonBlocking = flags()
	require.True(t, closeOnExec && nonBlocking)
}
