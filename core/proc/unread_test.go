package proc_test

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/proc"
)

func TestUnread(t *testing.T) {
	u, err := proc.OpenUnread()
	require.NoError(t, err)
	defer func() { require.NoError(t, u.Close()) }()
	for _, where := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(where, func(t *testing.T) {
			l, err := net.Listen("tcp", where)
			if errors.Is(err, syscall.EADDRNOTAVAIL) && strings.HasPrefix(where, "[") {
				return // there is no IPv6 here
			}
			require.NoError(t, err)
			defer l.Close()
			reader, err := net.Dial("tcp", l.Addr().String())
			require.NoError(t, err)
			writer, err := l.Accept()
			require.NoError(t, err)
			defer writer.Close()
			own, peer := netip.MustParseAddrPort(reader.LocalAddr().String()), netip.MustParseAddrPort(writer.LocalAddr().String())
			waits := func(want int) {
				t.Helper()
				require.Eventually(t, func() bool {
					n, err := u.TCP(own, peer)
					require.NoError(t, err)
					return n == want
				}, 10*time.Second, time.Millisecond)
			}
			waits(0)
			_, err = writer.Write(make([]byte, 5000))
			require.NoError(t, err)
			waits(5000)
			_, err = io.ReadFull(reader, make([]byte, 1000))
			require.NoError(t, err)
			waits(4000)
			n, err := u.TCP(peer, own)
			require.NoError(t, err)
			require.Zero(t, n, "nothing waits for the writer")
			ended, err := u.Ended(own, peer)
			require.NoError(t, err)
			require.False(t, ended)
			require.NoError(t, reader.(*net.TCPConn).CloseWrite())
			ended, err = u.Ended(own, peer)
			require.NoError(t, err)
			require.True(t, ended)
			ended, err = u.Ended(peer, own)
			require.NoError(t, err)
			require.False(t, ended, "who was told of an end may still speak")
			require.NoError(t, reader.Close())
			require.Eventually(t, func() bool {
				_, err := u.TCP(own, peer)
				return err != nil
			}, 10*time.Second, time.Millisecond)
			_, err = u.TCP(own, peer)
			require.ErrorIs(t, err, proc.ErrGone)
		})
	}
}

// The number of a closed descriptor is soon somebody else's.
func TestUnreadClosedTwice(t *testing.T) {
	u, err := proc.OpenUnread()
	require.NoError(t, err)
	require.NoError(t, u.Close())
	other, err := proc.OpenUnread()
	require.NoError(t, err)
	require.ErrorIs(t, u.Close(), syscall.EBADF)
	_, err = u.TCP(netip.AddrPort{}, netip.AddrPort{})
	require.ErrorIs(t, err, syscall.EBADF)
	require.NoError(t, other.Close(), "it was not the one that was closed again")
}
