package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
)

// layers is a transport.Conn that has what is written go through one more layer in each turn, as TLS has before the kernel takes it.
type layers struct {
	transport.Conn
	loop   *reactor.Loop
	left   int
	queued int
}

func (l *layers) Write(p []byte) error { l.queued += len(p); l.loop.Later(l); return nil }
func (l *layers) Congested() bool      { return false }
func (l *layers) Queued() int          { return l.queued }

func (l *layers) OnTurnEnd() {
	if l.left--; l.left > 0 {
		l.loop.Later(l)
		return
	}
	l.queued = 0
}

// TestTakenIsSeenAtOnce: a one-way message has been taken when the kernel has it, and not when the loop has something to do again.
func TestTakenIsSeenAtOnce(t *testing.T) {
	for text, turns := range map[string]int{"unix:x": 1, "tls://127.0.0.1:1": 2} {
		c, _ := closedClient(t, 64, 1)
		loop, err := reactor.New(reactor.Options{})
		require.NoError(t, err)
		target, err := address.Parse(text, address.Defaults{})
		require.NoError(t, err)
		w := c.w
		w.plan.kind, w.plan.target, w.plan.rate = kindPub, target, rate{shape: steady}
		w.loop, w.phase, w.begin = loop, sending, time.Now()
		c.conn = &layers{loop: loop, left: turns}
		require.NoError(t, loop.Post(func() { require.True(t, c.issue(0, 0)); w.flush() }))
		require.NoError(t, loop.Run(t.Context())) // it ends when there is nothing left to do
		require.Equal(t, uint64(1), w.now.recorded, text)
		require.NoError(t, loop.Close())
	}
}
