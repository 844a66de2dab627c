package link_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
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
	late := time.NewTimer(5 * time.Second)
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
