package dgram_test

import (
	"testing"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/dgram"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func socketPair(t testing.TB) [2]int {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	return fds
}

var config = dgram.Config{Scheme: address.UnixGram, Connected: true, Remote: address.FromUnix(address.UnixGram, "/peer"),
	Options: transport.Options{MaxPacket: 1000, QueuePackets: 10}}

// TestPrepared: packets wait for the descriptor, and the queue is bounded.
func TestPrepared(t *testing.T) {
	w := transporttest.NewWorld(t)
	fds := socketPair(t)
	a, b := &transporttest.PacketRecorder{T: t, Name: "a"}, &transporttest.PacketRecorder{T: t, Name: "b"}
	c := dgram.Prepare(w.Loop, config, a)
	for range 10 {
		require.NoError(t, c.WriteTo([]byte("early"), address.Address{}))
	}
	require.ErrorIs(t, c.WriteTo([]byte("one more"), address.Address{}), transport.ErrFull)
	w.For(time.Millisecond)
	require.Zero(t, a.Opened)
	cb, err := dgram.New(w.Loop, fds[1], config, b)
	require.NoError(t, err)
	require.NoError(t, c.Attach(fds[0], address.Address{}, config.Remote, true))
	w.Until("they arrive", func() bool { return len(b.Packets) == 10 })
	require.Equal(t, 1, a.Drained)
	require.Equal(t, address.Address{}, b.From[0], "a socket without a name has no address")
	require.NoError(t, c.Close())
	w.Until("it closes", func() bool { return a.Closed == 1 })
	require.ErrorIs(t, c.Attach(fds[0], address.Address{}, config.Remote, true), transport.ErrClosed)
	w.For(time.Millisecond)
	require.Zero(t, b.Closed, "the end of a peer is no end of packets")
	cb.Abort(nil)
	w.Idle()
}

// TestCloseBeforeAttach: what is queued has the time of closing to get a
// descriptor.
func TestCloseBeforeAttach(t *testing.T) {
	w := transporttest.NewWorld(t)
	r := &transporttest.PacketRecorder{T: t}
	cfg := config
	cfg.CloseTimeout = 10 * time.Millisecond
	c := dgram.Prepare(w.Loop, cfg, r)
	ended := 0
	c.OnEnd(func() { ended++ })
	require.NoError(t, c.WriteTo([]byte("x"), address.Address{}))
	require.NoError(t, c.Close())
	w.Idle()
	require.ErrorIs(t, r.Err, transport.ErrTimeout)
	require.Equal(t, 1, ended)
	c.OnEnd(func() { ended++ })
	require.Equal(t, 2, ended)
}

// TestNoAllocation: sending, receiving and answering do not allocate.
func TestNoAllocation(t *testing.T) {
	t.Setenv("ED_VERIFY", "0") // the loop's checks allocate
	w := transporttest.NewWorld(t)
	fds := socketPair(t)
	a, b := &bouncer{}, &bouncer{}
	ca, err := dgram.New(w.Loop, fds[0], config, a)
	require.NoError(t, err)
	cb, err := dgram.New(w.Loop, fds[1], config, b)
	require.NoError(t, err)
	bounce := func(n int) {
		a.left, b.left = n, n
		require.NoError(t, ca.WriteTo([]byte("0123456789"), address.Address{}))
		w.Until("all are sent", func() bool { return b.left == 0 })
	}
	bounce(100)
	allocs := testing.AllocsPerRun(3, func() { bounce(2000) })
	require.Less(t, allocs, 100.0, "Until makes some of its own")
	ca.Abort(nil)
	cb.Abort(nil)
	w.Idle()
}

// TestNoAllocationOfWhatWaits: nor does what a full receiver keeps waiting.
func TestNoAllocationOfWhatWaits(t *testing.T) {
	t.Setenv("ED_VERIFY", "0")
	w := transporttest.NewWorld(t)
	fds := socketPair(t)
	defer func() { require.NoError(t, unix.Close(fds[1])) }()
	cfg := config
	cfg.QueuePackets = 1000
	c, err := dgram.New(w.Loop, fds[0], cfg, &bouncer{})
	require.NoError(t, err)
	p, buf := make([]byte, 100), make([]byte, 200)
	written, read := 0, 0
	allRead := func() bool {
		for n, _ := unix.Read(fds[1], buf); n > 0; n, _ = unix.Read(fds[1], buf) {
			read++
		}
		return read == written
	}
	turn := func() {
		for c.Queued() < 500 && c.WriteTo(p, address.Address{}) == nil {
			written++
		}
		w.Until("all have come", allRead)
	}
	turn()
	require.GreaterOrEqual(t, c.Stats().HighWater, 500)
	require.Less(t, testing.AllocsPerRun(5, turn), 100.0, "Until makes some of its own")
	c.Abort(nil)
	w.Idle()
}

// bouncer sends back what comes.
type bouncer struct{ left int }

func (b *bouncer) OnPacket(c transport.PacketConn, p []byte, from address.Address) {
	if b.left--; b.left > 0 {
		_ = c.WriteTo(p, from)
	}
}
func (b *bouncer) OnDrain(transport.PacketConn)        {}
func (b *bouncer) OnClose(transport.PacketConn, error) {}
