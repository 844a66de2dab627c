package stream_test

import (
	"bytes"
	"context"
	"net/netip"
	"testing"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/tcp"
	"github.com/stretchr/testify/require"
)

var line = bytes.Repeat([]byte("0123456789abcde\n"), 4)

// echoer sends back what comes.
type echoer struct{ idle }

func (echoer) OnData(c transport.Conn, p []byte) { _ = c.Write(p) }

// load keeps a window of lines in flight.
type load struct {
	idle
	loop   *reactor.Loop
	left   int
	window int
}

func (h *load) OnOpen(c transport.Conn) { _ = c.Write(bytes.Repeat(line, h.window)) }

func (h *load) OnData(c transport.Conn, p []byte) {
	if h.left -= len(p); h.left > 0 {
		_ = c.Write(p)
		return
	}
	h.loop.Stop()
}

// Both ends are on one loop: a round trip is two reads, two writes, and the
// loop's part of them.
func benchmark(b *testing.B, window int, connect func(l *reactor.Loop, client, server transport.Handler)) {
	l, err := reactor.New(reactor.Options{})
	require.NoError(b, err)
	defer func() { require.NoError(b, l.Close()) }()
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	connect(l, &load{loop: l, left: b.N * len(line), window: window}, &echoer{})
	b.ResetTimer()
	require.NoError(b, l.Run(context.Background()))
}

func BenchmarkEcho(b *testing.B) {
	kinds := map[string]func(b *testing.B) func(l *reactor.Loop, client, server transport.Handler){
		"pair": func(b *testing.B) func(l *reactor.Loop, client, server transport.Handler) {
			return func(l *reactor.Loop, client, server transport.Handler) {
				pair(b, l, transport.Options{}, client, server)
			}
		},
		"tcp": func(b *testing.B) func(l *reactor.Loop, client, server transport.Handler) {
			return func(l *reactor.Loop, client, server transport.Handler) {
				a := address.FromAddrPort(address.TCP, netip.MustParseAddrPort("127.0.0.1:0"))
				ln, err := tcp.Listen(l, a, transport.Options{}, func(transport.Conn) transport.Handler { return server })
				require.NoError(b, err)
				_, err = tcp.Dial(l, ln.Addr(), transport.Options{}, client)
				require.NoError(b, err)
			}
		},
	}
	for name, kind := range kinds {
		b.Run(name+"/ping-pong", func(b *testing.B) { benchmark(b, 1, kind(b)) })
		b.Run(name+"/window-64", func(b *testing.B) { benchmark(b, 64, kind(b)) })
	}
}
