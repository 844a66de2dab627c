package link_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

// Room that comes of expiry is told, and once.
func TestExpiryMakesRoom(t *testing.T) {
	s := newScene(t, transporttest.Faults{})
	s.options.Queue = link.Queue{Messages: 1, TTL: time.Millisecond}
	rooms := 0
	s.options.OnRoom = func() { rooms++ }
	s.start()
	s.send("A", 1)
	require.ErrorIs(t, s.p.Send(message.New("B")), transport.ErrFull)
	s.Until("there is room", func() bool { return rooms == 1 })
	s.send("C", 1)
	s.Until("that expires, too", func() bool { return len(s.lost) == 2 })
	s.end()
	require.Equal(t, 1, rooms)
}

// A Close that waits for nothing but what expires ends then.
func TestExpiryEndsClose(t *testing.T) {
	s := newScene(t, transporttest.Faults{})
	s.options.Ready = never
	s.options.CloseTimeout = time.Hour
	s.listen()
	s.start()
	s.until(link.Greeting)
	require.NoError(t, s.p.SendTTL(message.New("SHORT"), 5*time.Millisecond))
	s.end()
	require.Equal(t, []string{"SHORT"}, s.lost)
	require.ErrorIs(t, s.why[0], link.ErrExpired)
}

// What comes back from a connection that broke still has its time to live.
func TestExpiryAfterABrokenConnection(t *testing.T) {
	s := newScene(t, transporttest.Faults{Window: 10})
	s.accept = func(l *link.Link) { l.Conn().Pause() }
	s.options.Queue.TTL = 20 * time.Millisecond
	s.options.Pauses = link.Pauses{time.Hour}
	s.listen()
	s.start()
	s.until(link.Up)
	s.send("A", 10)
	s.Until("the peer's kernel is full", func() bool { return s.p.Link().Conn().Stats().BytesOut == 10 })
	s.kill()
	s.Until("all is told", func() bool { return len(s.lost) == 10 })
	require.Equal(t, names("A", 0, 10), s.lost)
	require.ErrorIs(t, s.why[3], link.ErrUncertain)
	for _, why := range s.why[4:] {
		require.ErrorIs(t, why, link.ErrExpired)
	}
	s.end()
}
