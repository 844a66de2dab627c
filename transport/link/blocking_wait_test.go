package link_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
	"github.com/ed-toolbox/ed/transport/tlsconn"
	"github.com/ed-toolbox/ed/transport/tlsconn/tlsconntest"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

// each runs f on n goroutines and returns what they returned.
func each(n int, f func() error) <-chan error {
	results := make(chan error, n)
	for range n {
		go func() { results <- f() }()
	}
	return results
}

// gather takes n results, or fails after a while.
func gather(t *testing.T, results <-chan error, n int) (all []error) {
	t.Helper()
	late := time.NewTimer(time.Minute)
	defer late.Stop()
	for range n {
		select {
		case err := <-results:
			all = append(all, err)
		case <-late.C:
			t.Fatalf("%d of %d goroutines still wait", n-len(all), n)
		}
	}
	return all
}

// Every goroutine that waits must hear of the end, not only one, also while our way out stays open.
func TestBlockingEndWakesAllReceivers(t *testing.T) {
	for range 50 {
		at, conns := accept(t)
		b := connect(t, at, link.BlockingOptions{})
		peer := (<-conns).(*net.UnixConn)
		ctx := soon(t)
		results := each(4, func() error { _, err := b.Recv(ctx); return err })
		_, err := io.WriteString(peer, "PING\n")
		require.NoError(t, err)
		all := gather(t, results, 1)
		require.NoError(t, peer.CloseWrite())
		for _, err := range gather(t, results, 3) {
			require.ErrorIs(t, err, io.EOF)
		}
		require.NoError(t, all[0])
		require.NoError(t, b.Close())
		require.NoError(t, peer.Close())
	}
}

// A message that cannot be encoded must not leave the other senders waiting for room that is there.
func TestBlockingRoomWakesAllSenders(t *testing.T) {
	at, conns := accept(t)
	b := connect(t, at, link.BlockingOptions{})
	peer := <-conns
	defer peer.Close()
	long := strings.Repeat("t", 60_000)
	results := make(chan error, 16)
	for i := range 16 {
		go func() {
			for range 40 { // far more than all queues hold
				m := message.New("LOG").Set("text", long)
				if i%2 == 0 {
					m = message.New("lower")
				}
				if err := b.Send(m); err != nil && i%2 == 1 {
					results <- err
					return
				}
			}
			results <- nil
		}()
	}
	go io.Copy(io.Discard, peer)
	for _, err := range gather(t, results, 16) {
		require.NoError(t, err)
	}
	require.NoError(t, b.Close())
}

// What a broken connection threw away is not flushed.
func TestBlockingFlushTellsOfLoss(t *testing.T) {
	for range 50 {
		at, conns := accept(t)
		b := connect(t, at, link.BlockingOptions{})
		require.NoError(t, (<-conns).Close())
		if err := b.Send(message.New("LOG")); err == nil {
			require.Error(t, b.Flush(soon(t)))
			require.Zero(t, b.Written())
		}
		_ = b.Close() // tells of the loss, too, if there was one
	}
}

// Sending after CloseWrite is refused, and what the peer still says arrives.
func TestBlockingSendAfterCloseWrite(t *testing.T) {
	at, conns := accept(t)
	b := connect(t, at, link.BlockingOptions{})
	peer := <-conns
	defer peer.Close()
	require.NoError(t, b.Send(message.New("ASK")))
	require.NoError(t, b.CloseWrite())
	require.ErrorIs(t, b.Send(message.New("LATE")), transport.ErrClosed)
	got, err := io.ReadAll(peer)
	require.NoError(t, err)
	require.Equal(t, "ASK\n", string(got))
	_, err = io.WriteString(peer, "ANSWER\n")
	require.NoError(t, err)
	m, err := b.Recv(soon(t))
	require.NoError(t, err)
	require.Equal(t, "ANSWER", m.Command())
	require.NoError(t, b.Close())
}

// What arrived whole before the connection broke is received, however slowly.
func TestBlockingReceivesWhatCameBeforeTheBreak(t *testing.T) {
	const n = 2000
	at, conns := accept(t)
	b := connect(t, at, link.BlockingOptions{})
	peer := <-conns
	_, err := io.WriteString(peer, strings.Repeat("NEWS\n", n))
	require.NoError(t, err)
	require.NoError(t, peer.Close())
	first, err := b.Recv(soon(t)) // the inbox is full, the rest is in the decoder
	require.NoError(t, err)
	require.Equal(t, "NEWS", first.Command())
	for err == nil { // the connection breaks now or later
		if err = b.Send(message.New("LOG")); err == nil {
			err = b.Flush(soon(t))
		}
	}
	got := 1
	for ; ; got++ {
		if _, err := b.Recv(soon(t)); err != nil {
			break
		}
	}
	require.Equal(t, n, got)
	_ = b.Close()
}

// secure is the way to reach peers by TLS, and config what they listen with.
func secure(t *testing.T) (open.Opener, *tls.Config) {
	ca := tlsconntest.NewCA(t)
	pair := ca.Issue([]string{"127.0.0.1"})
	c, err := tlsconn.New(tlsconn.Options{CAFile: ca.File})
	require.NoError(t, err)
	cert, err := tls.LoadX509KeyPair(pair.CertFile, pair.KeyFile)
	require.NoError(t, err)
	return open.Opener{TLS: c}, &tls.Config{Certificates: []tls.Certificate{cert}}
}

// halves is a connection that can end one side.
type halves interface {
	net.Conn
	CloseWrite() error
}

// rawPeer connects a Blocking to a peer that is none of our code.
func rawPeer(t *testing.T, medium string) (*link.Blocking, halves) {
	transporttest.NoLeaks(t)
	op, config := secure(t)
	network, where := "tcp", "127.0.0.1:0"
	if medium == "unix" {
		network, where = "unix", filepath.Join(t.TempDir(), "s")
	}
	l, err := net.Listen(network, where)
	require.NoError(t, err)
	defer l.Close()
	peer := make(chan halves)
	go func() {
		c, err := l.Accept()
		if err != nil {
			close(peer)
			return
		}
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		if medium == "tls" {
			s := tls.Server(c, config)
			_ = s.Handshake()
			peer <- s
			return
		}
		peer <- c.(halves)
	}()
	at := map[string]string{"tcp": "tcp://", "tls": "tls://", "unix": "unix:"}[medium] + l.Addr().String()
	b, err := link.Dial(soon(t), func(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
		return op.Dial(l, parse(t, at), transport.Options{}, h)
	}, link.BlockingOptions{})
	require.NoError(t, err)
	return b, <-peer
}

// A peer that has ended its side may still read, and gets everything.
func TestBlockingSendsToHalfClosedPeer(t *testing.T) {
	for _, medium := range []string{"tcp", "tls", "unix"} {
		t.Run(medium, func(t *testing.T) {
			b, peer := rawPeer(t, medium)
			require.NoError(t, peer.CloseWrite())
			_, err := b.Recv(soon(t))
			require.ErrorIs(t, err, io.EOF)
			for range 1000 {
				require.NoError(t, b.Send(message.New("LOG")))
			}
			got := make(chan string)
			go func() {
				text, _ := io.ReadAll(peer) // what it got tells
				peer.Close()
				got <- string(text)
			}()
			require.NoError(t, b.Close())
			require.Equal(t, strings.Repeat("LOG\n", 1000), <-got)
			require.ErrorIs(t, b.Send(message.New("LOG")), transport.ErrClosed)
		})
	}
}

// One that has gone is told of by Close at the latest, however little was sent.
func TestBlockingTellsOfPeerThatHasGone(t *testing.T) {
	for _, medium := range []string{"tcp", "tls", "unix"} {
		t.Run(medium, func(t *testing.T) {
			b, peer := rawPeer(t, medium)
			require.NoError(t, peer.Close())
			_, err := b.Recv(soon(t))
			require.Error(t, err)
			_ = b.Send(message.New("LOG")) // it may know already
			require.Error(t, b.Close())
		})
	}
}

// What the kernel has of a peer that went is received, however slowly, though nothing can be sent to it any more.
func TestBlockingReceivesSlowlyWhatCameBeforeTheBreak(t *testing.T) {
	fill := func(t *testing.T) (b *link.Blocking, n int) {
		b, peer := rawPeer(t, "unix")
		line := "NEWS text=" + strings.Repeat("n", 500) + "\n"
		for ; n < 300; n++ { // more than one read takes, and what the kernel holds
			_, err := io.WriteString(peer, line)
			require.NoError(t, err)
		}
		first, err := b.Recv(soon(t))
		require.NoError(t, err)
		require.Equal(t, "NEWS", first.Command())
		for n < 100_000 && err == nil { // until nothing more fits anywhere
			require.NoError(t, peer.SetDeadline(time.Now().Add(50*time.Millisecond)))
			if _, err = io.WriteString(peer, line); err == nil {
				n++
			}
		}
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.NoError(t, peer.Close())
		for err = nil; err == nil; {
			if err = b.Send(message.New("LOG")); err == nil {
				err = b.Flush(soon(t))
			}
		}
		require.NotErrorIs(t, err, context.DeadlineExceeded)
		return b, n
	}
	t.Run("received", func(t *testing.T) {
		b, n := fill(t)
		got := 1
		for ; ; got++ {
			if _, err := b.Recv(soon(t)); err != nil {
				break
			}
		}
		require.GreaterOrEqual(t, got, n)
		require.LessOrEqual(t, got, n+1, "the last line may be torn")
		require.Error(t, b.Close())
	})
	t.Run("closed", func(t *testing.T) {
		b, _ := fill(t)
		began := time.Now()
		require.Error(t, b.Close())
		require.Less(t, time.Since(began), 5*time.Second, "it waits for nobody")
	})
}

// What came before the time of a wait was over is returned, even if the loop had no chance to read it before.
func TestBlockingLooksBeforeItGivesUp(t *testing.T) {
	at, conns := accept(t)
	var loop *reactor.Loop
	b, err := link.Dial(soon(t), func(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
		loop = l
		return open.Dial(l, at, transport.Options{}, h)
	}, link.BlockingOptions{})
	require.NoError(t, err)
	peer := <-conns
	held, release := make(chan struct{}), make(chan struct{})
	require.NoError(t, loop.Post(func() {
		close(held)
		<-release
	}))
	<-held
	_, err = io.WriteString(peer, "PONG\n")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var once sync.Once
	m, err := b.Recv(&awaited{ctx, func() {
		once.Do(func() {
			cancel()
			time.AfterFunc(20*time.Millisecond, func() { close(release) })
		})
	}})
	require.NoError(t, err)
	require.Equal(t, "PONG", m.Command())
	_, err = b.Recv(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, b.Close())
	require.NoError(t, peer.Close())
}

// awaited is a context that knows when somebody waits for it.
type awaited struct {
	context.Context
	by func()
}

func (a *awaited) Done() <-chan struct{} {
	a.by()
	return a.Context.Done()
}
