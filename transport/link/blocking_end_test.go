package link_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

// What cannot be begun, and what takes too long, leaves nothing behind.
func TestBlockingDoesNotBegin(t *testing.T) {
	cause := errors.New("enough")
	ended, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	silent, at := transporttest.NewNetwork(transporttest.Faults{}), address.FromAddrPort(address.TCP, netip.MustParseAddrPort("127.0.0.1:4040"))
	silent.Silence(at)
	for name, tt := range map[string]struct {
		ctx  context.Context
		dial func(*reactor.Loop, transport.Handler) (transport.Conn, error)
	}{
		"the address is wrong": {soon(t), func(*reactor.Loop, transport.Handler) (transport.Conn, error) { return nil, cause }},
		"it is given up": {ended, func(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
			return silent.Dial(l, at, transport.Options{ConnectTimeout: time.Hour}, h)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			transporttest.NoLeaks(t)
			b, err := link.Dial(tt.ctx, tt.dial, link.BlockingOptions{})
			require.ErrorIs(t, err, cause)
			require.Nil(t, b)
		})
	}
}

// A peer that does not read holds up neither Send, Flush nor Close for longer than was said.
func TestBlockingPeerThatDoesNotRead(t *testing.T) {
	at, conns := accept(t)
	b := connect(t, at, link.BlockingOptions{SendTimeout: 50 * time.Millisecond})
	defer (<-conns).Close()
	var err error
	for err == nil {
		err = b.Send(message.New("LOG").Set("text", strings.Repeat("t", 1000)))
	}
	require.ErrorIs(t, err, transport.ErrTimeout)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, b.Flush(ctx), context.DeadlineExceeded)
	err = b.Close()
	require.ErrorIs(t, err, transport.ErrTimeout)
	require.ErrorContains(t, err, "close: the peer does not read")
}

// Who waits is told why the connection was aborted.
func TestBlockingAbort(t *testing.T) {
	at, conns := accept(t)
	b := connect(t, at, link.BlockingOptions{})
	defer (<-conns).Close()
	cause := errors.New("enough")
	ctx := soon(t)
	results := each(2, func() error { _, err := b.Recv(ctx); return err })
	b.Abort(cause)
	for _, err := range gather(t, results, 2) {
		require.ErrorIs(t, err, cause)
	}
	require.ErrorIs(t, b.Send(message.New("LATE")), cause)
	require.ErrorIs(t, b.Close(), cause)
}
