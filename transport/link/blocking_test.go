package link_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func dial(t *testing.T, a address.Address, o link.BlockingOptions) (*link.Blocking, error) {
	return link.Dial(soon(t), func(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
		return open.Dial(l, a, transport.Options{}, h)
	}, o)
}

func connect(t *testing.T, a address.Address, o link.BlockingOptions) *link.Blocking {
	t.Helper()
	b, err := dial(t, a, o)
	require.NoError(t, err)
	return b
}

// accept listens without our own code and hands the one connection over.
func accept(t *testing.T) (address.Address, <-chan net.Conn) {
	transporttest.NoLeaks(t)
	path := filepath.Join(t.TempDir(), "raw")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	conns := make(chan net.Conn, 1)
	go func() {
		defer close(conns)
		defer l.Close()
		if c, err := l.Accept(); err == nil {
			_ = c.SetDeadline(time.Now().Add(20 * time.Second))
			conns <- c
		}
	}()
	return address.FromUnix(address.Unix, path), conns
}

func TestBlockingAsksAndHears(t *testing.T) {
	for medium, where := range places(t) {
		t.Run(medium, func(t *testing.T) {
			b := connect(t, serve(t, where, link.Options{}, transport.Options{}).at, link.BlockingOptions{})
			for i := range 3 {
				require.NoError(t, b.Send(message.New("PING").SetInt("n", int64(i))))
				m, err := b.Recv(soon(t))
				require.NoError(t, err)
				require.Equal(t, "PING", m.Command())
				n, err := m.Int("n")
				require.NoError(t, err)
				require.EqualValues(t, i, n)
			}
			require.NoError(t, b.Send(message.New("LAST")))
			require.NoError(t, b.CloseWrite())
			m, err := b.Recv(soon(t))
			require.NoError(t, err)
			require.Equal(t, "LAST", m.Command())
			_, err = b.Recv(soon(t))
			require.ErrorIs(t, err, io.EOF)
			require.NoError(t, b.Close())
			require.ErrorIs(t, b.Send(message.New("X")), transport.ErrClosed)
		})
	}
}

// What was sent before Close must arrive, however much it is.
func TestBlockingCloseLosesNothing(t *testing.T) {
	const n = 20_000
	at, conns := accept(t)
	b := connect(t, at, link.BlockingOptions{})
	peer := <-conns
	defer peer.Close()
	got := make(chan int)
	go func() {
		lines := 0
		for r := bufio.NewScanner(peer); r.Scan(); lines++ {
		}
		got <- lines
	}()
	for i := range n {
		require.NoError(t, b.Send(message.New("LOG").SetInt("n", int64(i)).Set("text", strings.Repeat("t", 100))))
	}
	require.NoError(t, b.Close())
	require.Equal(t, n, <-got)
}

func TestBlockingFailures(t *testing.T) {
	t.Run("refused", func(t *testing.T) {
		_, err := dial(t, address.FromUnix(address.Unix, filepath.Join(t.TempDir(), "none")), link.BlockingOptions{})
		require.ErrorIs(t, err, os.ErrNotExist)
	})
	t.Run("the peer is gone", func(t *testing.T) {
		at, conns := accept(t)
		b := connect(t, at, link.BlockingOptions{})
		require.NoError(t, (<-conns).Close())
		_, err := b.Recv(soon(t))
		require.Error(t, err)
		require.NoError(t, b.Close())
	})
	t.Run("the peer is silent", func(t *testing.T) {
		at, conns := accept(t)
		b := connect(t, at, link.BlockingOptions{})
		defer (<-conns).Close()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		_, err := b.Recv(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NoError(t, b.Close())
	})
	t.Run("a bad name", func(t *testing.T) {
		at, conns := accept(t)
		b := connect(t, at, link.BlockingOptions{})
		defer (<-conns).Close()
		require.Error(t, b.Send(message.New("lower")))
		require.NoError(t, b.Close())
	})
}

// A connection may hold less than a message: it goes out all the same.
func TestBlockingMaxLine(t *testing.T) {
	a, conns := accept(t)
	b := connect(t, a, link.BlockingOptions{MaxLine: 10})
	require.ErrorIs(t, b.Send(message.New("A").Set("x", "1234567")), transport.ErrTooBig)
	require.NoError(t, b.Send(message.New("A").Set("x", "123456")))
	require.NoError(t, b.Close())
	got, err := io.ReadAll(<-conns)
	require.NoError(t, err)
	require.Equal(t, "A x=123456\n", string(got), "the limit is without the line's end, and nothing of what is over it goes out")
}

func TestBlockingSmallQueue(t *testing.T) {
	for _, high := range []int{1, 2, 1000} {
		at, conns := accept(t)
		b, err := link.Dial(soon(t), func(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
			return open.Dial(l, at, transport.Options{HighMark: high}, h)
		}, link.BlockingOptions{})
		require.NoError(t, err)
		peer := <-conns
		require.NoError(t, b.Send(message.New("LOG").Set("text", strings.Repeat("t", 5000))))
		require.NoError(t, b.CloseWrite())
		text, err := io.ReadAll(peer)
		require.NoError(t, err)
		require.Equal(t, "LOG text="+strings.Repeat("t", 5000)+"\n", string(text))
		require.NoError(t, b.Close())
		require.NoError(t, peer.Close())
	}
}

func TestBlockingMalformedLines(t *testing.T) {
	at, conns := accept(t)
	b := connect(t, at, link.BlockingOptions{Limit: 100})
	peer := <-conns
	defer peer.Close()
	fmt.Fprintf(peer, "a*b\nPING\n%s\n", strings.Repeat("x", 101))
	_, err := b.Recv(soon(t))
	var bad *link.MalformedError
	require.ErrorAs(t, err, &bad)
	require.Equal(t, "a*b", string(bad.Line))
	m, err := b.Recv(soon(t))
	require.NoError(t, err)
	require.Equal(t, "PING", m.Command())
	_, err = b.Recv(soon(t))
	var long *message.TooLongError
	require.ErrorAs(t, err, &long)

	// What comes behind lines that were left out is heard, however many these are.
	go func() {
		for range 1000 {
			fmt.Fprintf(peer, "%s\n", strings.Repeat("x", 2000))
		}
		fmt.Fprintf(peer, "LAST\n")
	}()
	for n := 0; ; n++ {
		if m, err = b.Recv(soon(t)); err == nil {
			break
		}
		require.ErrorAs(t, err, &long)
		require.Less(t, n, 1000)
	}
	require.Equal(t, "LAST", m.Command())
	require.NoError(t, b.Close())
}

// A receiver that is slow must not make the inbox grow without bound, and must get everything in the end.
func TestBlockingSlowReceiver(t *testing.T) {
	const n = 5_000
	at, conns := accept(t)
	b := connect(t, at, link.BlockingOptions{})
	peer := <-conns
	go func() {
		w := bufio.NewWriter(peer)
		for i := range n {
			fmt.Fprintf(w, "NEWS n=%d\n", i)
		}
		w.Flush()
		peer.Close()
	}()
	for i := range n {
		m, err := b.Recv(soon(t))
		require.NoError(t, err)
		got, err := m.Int("n")
		require.NoError(t, err)
		require.EqualValues(t, i, got)
	}
	_, err := b.Recv(soon(t))
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, b.Close())
}

func TestBlockingFromManyGoroutines(t *testing.T) {
	b := connect(t, serve(t, "tcp://127.0.0.1:0", link.Options{}, transport.Options{}).at, link.BlockingOptions{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if err := b.Send(message.New("PING")); err != nil {
					t.Error(err)
				}
				if _, err := b.Recv(soon(t)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	require.NoError(t, b.Close())
}

func TestBlockingPackets(t *testing.T) {
	peer, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer peer.Close()
	b, err := dialPackets(t, parse(t, "udp://"+peer.LocalAddr().String()))
	require.NoError(t, err)
	require.NoError(t, b.Send(message.New("PING").Set("a", "1")))
	require.NoError(t, b.Settle(0))
	buf := make([]byte, 2000)
	require.NoError(t, peer.SetDeadline(time.Now().Add(10*time.Second)))
	n, from, err := peer.ReadFrom(buf)
	require.NoError(t, err)
	require.Equal(t, "PING a=1", string(buf[:n]))
	_, err = peer.WriteTo([]byte("PONG\r\n"), from)
	require.NoError(t, err)
	r, err := b.Next(soon(t))
	require.NoError(t, err)
	require.Equal(t, "PONG", string(r.Line))
	require.ErrorIs(t, b.Send(message.New("LOG").Set("text", strings.Repeat("t", 1024))), transport.ErrTooBig)
	require.NoError(t, b.Close())
}

func TestBlockingPacketIsRefused(t *testing.T) {
	free, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	where := free.LocalAddr().String()
	require.NoError(t, free.Close())
	for range 20 {
		b, err := dialPackets(t, parse(t, "udp://"+where))
		require.NoError(t, err)
		require.NoError(t, b.Send(message.New("PING")))
		require.ErrorIs(t, b.Settle(0), syscall.ECONNREFUSED)
		require.NoError(t, b.Close())
	}
}

func dialPackets(t *testing.T, a address.Address) (*link.Blocking, error) {
	return link.DialPackets(soon(t), func(l *reactor.Loop, h transport.PacketHandler) (transport.PacketConn, error) {
		return open.Packet(l, address.Address{}, a, transport.Options{}, h)
	}, link.BlockingOptions{})
}

// dying takes nothing more, as a connection does whose end is known to it and not yet told.
type dying struct {
	transport.Conn
	loop *reactor.Loop
	why  error
}

func (c *dying) Write([]byte) error {
	_ = c.loop.Post(func() { c.Abort(c.why) })
	return transport.ErrClosed
}

// TestBlockingTellsWhyItEnded: the reason comes by OnClose, and may come after a write was refused.
func TestBlockingTellsWhyItEnded(t *testing.T) {
	a, _ := accept(t)
	why := errors.New("certificate required")
	b, err := link.Dial(soon(t), func(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
		c, err := open.Dial(l, a, transport.Options{}, h)
		return &dying{c, l, why}, err
	}, link.BlockingOptions{})
	require.NoError(t, err)
	require.NoError(t, b.Send(message.New("PING")))
	_, err = b.Recv(soon(t))
	require.ErrorIs(t, err, why)
	require.ErrorIs(t, b.Close(), why)
}

// full takes nothing, and breaks when it is offered something after gone was set.
type full struct {
	transport.Conn
	loop    *reactor.Loop
	offered chan<- struct{}
	gone    atomic.Bool
	why     error
}

func (c *full) Write([]byte) error {
	if c.gone.Load() {
		_ = c.loop.Post(func() { c.Abort(c.why) })
	}
	select {
	case c.offered <- struct{}{}: // gone may be set from here on, and means the next
	default:
	}
	return transport.ErrFull
}

// TestBlockingCloseWaitsForNoBrokenConnection: what had to go out first has nowhere to go.
func TestBlockingCloseWaitsForNoBrokenConnection(t *testing.T) {
	a, _ := accept(t)
	offered := make(chan struct{}, 1)
	c := &full{offered: offered, why: errors.New("reset")}
	b, err := link.Dial(soon(t), func(l *reactor.Loop, h transport.Handler) (_ transport.Conn, err error) {
		c.loop = l
		c.Conn, err = open.Dial(l, a, transport.Options{}, h)
		return c, err
	}, link.BlockingOptions{SendTimeout: time.Hour})
	require.NoError(t, err)
	require.NoError(t, b.Send(message.New("PING")))
	<-offered
	c.gone.Store(true)
	require.ErrorIs(t, gather(t, each(1, b.Close), 1)[0], c.why)
}

// TestBlockingSendsNoPacketAfterTheEnd: packets know no end of stream, but who said that nothing follows is held to it.
func TestBlockingSendsNoPacketAfterTheEnd(t *testing.T) {
	peer, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer peer.Close()
	b, err := dialPackets(t, parse(t, "udp://"+peer.LocalAddr().String()))
	require.NoError(t, err)
	require.NoError(t, b.Send(message.New("PING")))
	require.NoError(t, b.CloseWrite())
	require.ErrorIs(t, b.Send(message.New("LATE")), transport.ErrClosed)
	require.NoError(t, b.Close())
	require.ErrorIs(t, b.Send(message.New("LATE")), transport.ErrClosed)
	require.NoError(t, b.Close())
}
