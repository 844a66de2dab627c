package pipe_test

import (
	"context"
	"testing"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/pipe"
	"github.com/stretchr/testify/require"
)

// count is a handler that counts bytes.
type count struct {
	bytes int
	on    func(c transport.Conn, p []byte)
	drain func(c transport.Conn)
}

func (h *count) OnOpen(c transport.Conn) { h.OnDrain(c) }
func (h *count) OnData(c transport.Conn, p []byte) {
	h.bytes += len(p)
	h.on(c, p)
}

func (h *count) OnDrain(c transport.Conn) {
	if h.drain != nil {
		h.drain(c)
	}
}
func (h *count) OnClose(transport.Conn, error) {}

var media = map[string]func(testing.TB) (a, b pipe.Ends){
	"pipes": func(t testing.TB) (a, b pipe.Ends) {
		a, b, err := pipe.Pipes()
		require.NoError(t, err)
		return a, b
	},
	"socketpair": func(t testing.TB) (a, b pipe.Ends) {
		x, y, err := pipe.Socketpair()
		require.NoError(t, err)
		return pipe.Ends{In: x, Out: x}, pipe.Ends{In: y, Out: y}
	},
}

func connect(t testing.TB, l *reactor.Loop, medium string, a, b transport.Handler) transport.Conn {
	near, far := media[medium](t)
	c, err := pipe.New(l, near.In, near.Out, pipe.Options{}, a)
	require.NoError(t, err)
	_, err = pipe.New(l, far.In, far.Out, pipe.Options{}, b)
	require.NoError(t, err)
	return c
}

// TestNoAllocation counts the allocations of a round trip.
func TestNoAllocation(t *testing.T) {
	t.Setenv("ED_VERIFY", "0") // the checks allocate
	for medium := range media {
		t.Run(medium, func(t *testing.T) {
			l, err := reactor.New(reactor.Options{})
			require.NoError(t, err)
			defer l.Close()
			left := 0
			echo := func(c transport.Conn, p []byte) { _ = c.Write(p) }
			c := connect(t, l, medium, &count{on: func(c transport.Conn, p []byte) {
				if left--; left == 0 {
					l.Stop()
					return
				}
				_ = c.Write(p)
			}}, &count{on: echo})
			allocs := testing.AllocsPerRun(5, func() {
				left = 1000
				_ = c.Write([]byte("0123456789abcdef"))
				_ = l.Run(context.Background())
			})
			require.Less(t, allocs, 50.0, "in 1000 round trips; the loop's start is some")
			c.Abort(nil)
			require.NoError(t, l.Run(context.Background()))
		})
	}
}

// BenchmarkRoundTrip: 64 bytes there and back.
func BenchmarkRoundTrip(b *testing.B) {
	for medium := range media {
		b.Run(medium, func(b *testing.B) {
			l, err := reactor.New(reactor.Options{})
			require.NoError(b, err)
			defer l.Close()
			left := b.N
			c := connect(b, l, medium, &count{on: func(c transport.Conn, p []byte) {
				if left--; left <= 0 {
					c.Abort(nil)
					return
				}
				_ = c.Write(p)
			}}, &count{on: func(c transport.Conn, p []byte) { _ = c.Write(p) }})
			_ = c.Write(make([]byte, 64))
			b.ReportAllocs()
			b.ResetTimer()
			_ = l.Run(context.Background())
		})
	}
}

// BenchmarkBulk: bytes one way, in writes of 32 KiB.
func BenchmarkBulk(b *testing.B) {
	const piece = 32 << 10
	for medium := range media {
		b.Run(medium, func(b *testing.B) {
			l, err := reactor.New(reactor.Options{})
			require.NoError(b, err)
			defer l.Close()
			left, data := b.N, make([]byte, piece)
			connect(b, l, medium, &count{on: func(transport.Conn, []byte) {}, drain: func(c transport.Conn) {
				for left > 0 && c.Write(data) == nil {
					left--
				}
				if left == 0 {
					c.Close()
				}
			}}, &count{on: func(transport.Conn, []byte) {}})
			b.SetBytes(piece)
			b.ResetTimer()
			_ = l.Run(context.Background())
		})
	}
}

// BenchmarkFIFO: lines of 64 bytes through a FIFO, whole ones at a time.
func BenchmarkFIFO(b *testing.B) {
	l, err := reactor.New(reactor.Options{})
	require.NoError(b, err)
	defer l.Close()
	a := address.FromUnix(address.FIFO, b.TempDir()+"/fifo")
	ln, err := pipe.Listen(l, a, transport.Options{}, func(transport.Conn) transport.Handler {
		h := &count{}
		h.on = func(transport.Conn, []byte) {
			if h.bytes == b.N*64 {
				l.Stop()
			}
		}
		return h
	})
	require.NoError(b, err)
	left, line := b.N, make([]byte, 64)
	line[63] = '\n'
	_, err = pipe.Dial(l, a, transport.Options{}, &count{drain: func(c transport.Conn) {
		for left > 0 && c.Write(line) == nil {
			left--
		}
		if left == 0 {
			_ = c.Close()
		}
	}})
	require.NoError(b, err)
	b.SetBytes(64)
	b.ResetTimer()
	_ = l.Run(context.Background())
	b.StopTimer()
	_ = ln.Close()
	_ = l.Run(context.Background())
}
