package stream

import (
	"testing"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestPacketsOfAQueueThatIsNeverEmpty: what is noted of packets that went is let go of while others wait behind them.
func TestPacketsOfAQueueThatIsNeverEmpty(t *testing.T) {
	const packets, behind = 20_000, 3500 // so many stay in one buffer
	w := transporttest.NewWorld(t)
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer func() { require.NoError(t, unix.Close(fds[1])) }()
	cfg := Config{Scheme: address.UnixPacket, Packets: true, Options: transport.Options{MaxPacket: 1000}}
	c, err := New(w.Loop, fds[0], cfg, &transporttest.Recorder{T: t})
	require.NoError(t, err)
	written, read, most, buf := 0, 0, 0, make([]byte, 8)
	w.Until("all have come", func() bool {
		for ; written < packets && written < read+behind; written++ {
			require.NoError(t, c.Write(buf))
		}
		for n, err := unix.Read(fds[1], buf); err == nil; n, err = unix.Read(fds[1], buf) {
			require.Equal(t, len(buf), n)
			read++
		}
		if c.out != nil {
			most = max(most, len(c.out.sizes))
		}
		return read == packets
	})
	require.Greater(t, most, behind/2, "many waited")
	require.Less(t, most, 3*behind)
	c.Abort(nil)
	w.Idle()
}
