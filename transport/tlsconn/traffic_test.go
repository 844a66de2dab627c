package tlsconn_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/tlsconn"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// end is one side of random traffic: it writes total bytes in pieces of any size, now and then stops reading, and ends
// its stream.
type end struct {
	transporttest.HalfRecorder
	w       *transporttest.World
	chance  *rand.Rand
	total   int
	sent    int
	largest int
	low     int
}

func (e *end) more(c transport.Conn) {
	for e.sent < e.total {
		p := make([]byte, min(1+e.chance.IntN(e.largest), e.total-e.sent))
		for n := range p {
			p[n] = byte((e.sent + n) * 7)
		}
		switch err := c.Write(p); err {
		case nil:
			e.sent += len(p)
		case transport.ErrFull:
			require.True(e.T, c.Congested())
			return
		default:
			require.NoError(e.T, err)
		}
	}
	require.NoError(e.T, c.CloseWrite())
}

func (e *end) drained(c transport.Conn) {
	require.LessOrEqual(e.T, c.Queued(), e.low)
	e.more(c)
}

// take checks what came, and may stop reading for a while, once or twice in one callback.
func (e *end) take(c transport.Conn, p []byte) {
	at := e.Received - len(p)
	for n := range p {
		if p[n] != byte((at+n)*7) {
			e.T.Fatalf("%s: byte %d is wrong", e.Name, at+n)
		}
	}
	if e.chance.IntN(4) == 0 {
		c.Pause()
		if e.chance.IntN(2) == 0 {
			c.Resume()
			return
		}
		e.w.Loop.After(time.Duration(e.chance.IntN(300))*time.Microsecond, "resume", c.Resume)
	}
}

// TestRandomTraffic: whatever the marks, the pieces and the network are like, everything arrives in order, and then
// the end of both streams.
func TestRandomTraffic(t *testing.T) {
	config := both(t)
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		chance := rand.New(rand.NewPCG(seed, seed))
		f := transporttest.Faults{
			Seed: seed, Chunk: rapid.SampledFrom([]int{0, 3000, 20_000}).Draw(rt, "chunk"), Window: rapid.SampledFrom([]int{4000, 64 << 10}).Draw(rt, "window"),
			Jitter: time.Duration(rapid.IntRange(0, 20_000).Draw(rt, "jitter")),
		}
		o := transport.Options{HighMark: rapid.SampledFrom([]int{1, 2, 700, 40_000, 300_000}).Draw(rt, "high")}
		o.LowMark = rapid.IntRange(0, o.HighMark).Draw(rt, "low")
		pieces, total := min(o.HighMark, rapid.SampledFrom([]int{1, 900, 50_000}).Draw(rt, "pieces")), rapid.IntRange(0, 200_000).Draw(rt, "total")
		if pieces < 10 {
			total = min(total, 500)
		}
		n, w := transporttest.NewNetwork(f), transporttest.NewWorld(t)
		newEnd := func(name string) *end {
			e := &end{w: w, chance: chance, total: total, largest: pieces, low: max(1, o.LowMark, o.HighMark/2*(1-min(1, o.LowMark)))}
			e.HalfRecorder = transporttest.HalfRecorder{Recorder: transporttest.Recorder{T: t, Name: name, Discard: true, Open: e.more, Drain: e.drained, On: e.take}}
			return e
		}
		client, server := newEnd("client"), newEnd("server")
		l, err := tlsconn.Listen(w.Loop, n.Listen, at(address.TLS, 0), o, config, func(transport.Conn) transport.Handler { return server })
		require.NoError(t, err)
		_, err = tlsconn.Dial(w.Loop, n.Dial, l.Addr(), o, config, client)
		require.NoError(t, err)
		w.Until("both end", func() bool { return client.Closed+server.Closed == 2 })
		for _, e := range []*end{client, server} {
			require.NoError(t, e.Err, e.Name)
			require.Equal(t, total, e.Received, e.Name)
			require.Equal(t, 1, e.EOFs, e.Name)
			require.LessOrEqual(t, e.Conn.Stats().HighWater, o.HighMark)
			require.EqualValues(t, total, e.Conn.Stats().BytesOut)
		}
		require.NoError(t, l.Close())
		w.Idle()
	})
}
