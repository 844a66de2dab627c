package stream_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

// lending answers what comes through lent room, as far as there is any, and else by Write.
type lending struct {
	idle
	lent, written int
}

func (h *lending) OnData(c transport.Conn, p []byte) {
	for len(p) > 0 {
		room := c.(transport.Lender).Lend()
		n := min(cap(room), len(p), 1+h.lent%7)
		if n == 0 {
			n = 1
			_ = c.Write(p[:1])
			h.written++
		} else {
			c.(transport.Lender).Commit(append(room, p[:n]...))
			h.lent++
		}
		p = p[n:]
	}
}

// TestLend: what is written to lent room goes out in order with what is written otherwise, below the low mark.
func TestLend(t *testing.T) {
	for _, o := range []transport.Options{{}, {LowMark: 100}, {LowMark: 1, HighMark: 1 << 20}, {LowMark: 1 << 20}} {
		w := transporttest.NewWorld(t)
		server, client := &lending{}, &transporttest.Recorder{T: t, Name: "client"}
		_, cc := pair(t, w.Loop, o, server, client)
		text := make([]byte, 5000)
		for i := range text {
			text[i] = byte(i % 251)
		}
		require.NoError(t, cc.Write(text))
		w.Until("all came back", func() bool { return client.Received == len(text) })
		require.Equal(t, text, client.Data)
		require.Positive(t, server.lent)
		require.Equal(t, o.LowMark > 0 && o.LowMark < len(text), server.written > 0)
		cc.Abort(nil)
		w.Idle()
	}
}

// TestLendNothing: a connection that takes nothing lends nothing, and room in which nothing was written leaves no trace.
func TestLendNothing(t *testing.T) {
	w := transporttest.NewWorld(t)
	ca, cb := pair(t, w.Loop, transport.Options{}, &idle{}, &idle{})
	require.NotNil(t, ca.Lend())
	ca.Commit(ca.Lend())
	require.Zero(t, ca.Queued())
	room := ca.Lend()
	ca.Abort(nil)
	ca.Commit(append(room, "lost"...))
	require.Nil(t, ca.Lend())
	require.NoError(t, cb.Close())
	require.Nil(t, cb.Lend())
	w.Idle()
	require.Zero(t, cb.Stats().BytesOut)
}
