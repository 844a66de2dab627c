package dgram_test

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/dgram"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestQueueThatIsNeverEmpty: packets of all sizes come whole and in order where the receiver takes them as fast as they are written,
// behind many that wait. The scheme decides whether they are sent one by one or in batches.
func TestQueueThatIsNeverEmpty(t *testing.T) {
	const packets, behind = 5000, 900
	one := address.FromUnix(address.UnixGram, "/peer")
	batches := address.FromAddrPort(address.UDP, netip.MustParseAddrPort("127.0.0.1:1"))
	for name, tt := range map[string]struct {
		remote address.Address
		most   int
	}{"one by one": {one, 1000}, "in batches": {batches, 1000}, "small ones": {one, 8}, "small ones in batches": {batches, 8}} {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			fds := socketPair(t)
			defer func() { require.NoError(t, unix.Close(fds[1])) }()
			cfg := dgram.Config{Scheme: tt.remote.Scheme, Remote: tt.remote, Connected: true, Options: transport.Options{MaxPacket: 1000}}
			r := &transporttest.PacketRecorder{T: t}
			c, err := dgram.New(w.Loop, fds[0], cfg, r)
			require.NoError(t, err)
			sizes := make([]int, packets)
			for i := range sizes {
				sizes[i] = 8 + rand.IntN(tt.most-7)
			}
			written, read, buf := 0, 0, make([]byte, 2000)
			write := func() {
				for ; written < packets && written < read+behind; written++ {
					p := make([]byte, sizes[written])
					binary.NativeEndian.PutUint64(p, uint64(written))
					p[len(p)-1] ^= 0x55
					require.NoError(t, c.WriteTo(p, address.Address{}))
				}
			}
			w.Until("all have come", func() bool {
				write()
				for n, err := unix.Read(fds[1], buf); err == nil; n, err = unix.Read(fds[1], buf) {
					require.Equal(t, sizes[read], n)
					buf[n-1] ^= 0x55
					require.Equal(t, uint64(read), binary.NativeEndian.Uint64(buf))
					read++
				}
				return read == packets
			})
			require.Greater(t, c.Stats().HighWater, behind/3, "many waited")
			require.Zero(t, c.Stats().Errors)
			require.Zero(t, c.Stats().QueuedBytes)
			c.Abort(nil)
			w.Idle()
		})
	}
}
