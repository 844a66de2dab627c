package link_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

// situation is a state of a Permanent in which it is closed.
type situation struct {
	do   func(s *scene)
	sent int  // messages that arrive in the end
	slow bool // Close needs all the time that it has
}

var situations = map[string]situation{
	"waiting, nothing queued": {do: func(s *scene) { s.start(); s.until(link.Waiting) }},
	"waiting":                 {do: func(s *scene) { s.start(); s.send("A", 3); s.until(link.Waiting) }},
	"waiting, the peer is back": {do: func(s *scene) {
		s.options.Pauses = link.Pauses{time.Hour}
		s.start()
		s.send("A", 3)
		s.until(link.Waiting)
		s.listen()
	}, sent: 3},
	"waiting for the first attempt": {do: func(s *scene) {
		s.options.Pauses = link.Pauses{-time.Hour}
		s.start()
		s.until(link.Waiting)
	}},
	"connecting, nothing queued": {do: func(s *scene) { s.net.Silence(s.at); s.start(); s.until(link.Connecting) }},
	"connecting":                 {do: func(s *scene) { s.net.Silence(s.at); s.start(); s.send("A", 3); s.until(link.Connecting) }, slow: true},
	"just made":                  {do: func(s *scene) { s.listen(); s.start(); s.send("A", 3) }, sent: 3},
	"greeting, nothing queued": {do: func(s *scene) {
		s.options.Ready = never
		s.listen()
		s.start()
		s.until(link.Greeting)
	}},
	"greeting": {do: func(s *scene) {
		s.options.Ready = never
		s.listen()
		s.start()
		s.send("A", 3)
		s.until(link.Greeting)
	}, slow: true},
	"greeting, answer comes": {do: func(s *scene) {
		s.options.Heartbeat.Interval = time.Hour
		s.accept = func(l *link.Link) {
			s.Loop.After(5*time.Millisecond, "answer", func() { _ = l.Send(message.New("HELLO")) })
		}
		s.on = func(*link.Link, *message.Message) {}
		s.listen()
		s.start()
		s.send("A", 3)
		s.until(link.Greeting)
	}, sent: 3},
	"up, nothing queued": {do: func(s *scene) { s.listen(); s.start(); s.until(link.Up) }},
	"up":                 {do: func(s *scene) { s.listen(); s.start(); s.until(link.Up); s.send("A", 3) }, sent: 3},
	"up, all sent":       {do: func(s *scene) { s.listen(); s.start(); s.until(link.Up); s.send("A", 3); s.received(3) }, sent: 3},
	"up, peer stalls": {do: func(s *scene) {
		s.accept = func(l *link.Link) { l.Conn().Pause() }
		s.listen()
		s.start()
		s.until(link.Up)
		s.send("A", 3)
	}, slow: true},
	"up, peer does not read": {do: func(s *scene) {
		s.transport.HighMark = 100
		s.accept = func(l *link.Link) { l.Conn().Pause() }
		s.listen()
		s.start()
		s.until(link.Up)
		s.send("A", 1000)
	}, slow: true},
	"up, heartbeat": {do: func(s *scene) {
		s.options.Heartbeat.Interval = time.Millisecond
		s.listen()
		s.start()
		s.until(link.Up)
		s.send("A", 3)
	}, sent: 3},
}

func never(*message.Message) (bool, error) { return false, nil }

func TestCloseInEveryState(t *testing.T) {
	for name, tt := range situations {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, transporttest.Faults{Window: 500})
			s.options.CloseTimeout = 40 * time.Millisecond
			if !tt.slow {
				s.options.CloseTimeout = time.Hour // it must not come to that
			}
			s.transport.ConnectTimeout = time.Hour
			tt.do(s)
			s.p.Close()
			s.p.Close()
			require.Zero(t, count(s.states, link.Closed), "the end is not told from inside Close")
			require.ErrorIs(t, s.p.Send(message.New("LATE")), transport.ErrClosed)
			s.end()
			require.Len(t, s.got, tt.sent)
			checkAll(t, s)
		})
	}
}

func TestAbortInEveryState(t *testing.T) {
	cause := errors.New("provoked")
	for name, tt := range situations {
		for _, closed := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				s := newScene(t, transporttest.Faults{Window: 500})
				s.options.CloseTimeout = time.Hour
				s.transport.ConnectTimeout = time.Hour
				tt.do(s)
				if closed {
					s.p.Close()
				}
				s.p.Abort(cause)
				require.Zero(t, count(s.states, link.Closed))
				s.end()
				if s.p.Status().Err != nil && !closed {
					require.ErrorIs(t, s.p.Status().Err, cause)
				}
				s.p.Abort(cause)
				s.p.Close()
				s.Idle()
				require.Equal(t, 1, count(s.states, link.Closed))
				checkAll(t, s)
			})
		}
	}
}

// checkAll checks that each message arrived, was reported, or both if it was in doubt.
func checkAll(t *testing.T, s *scene) {
	c := s.p.Status().Counts
	uncertain := 0
	fate := map[string]bool{}
	for i, command := range s.lost {
		require.False(t, fate[command], "%s is reported twice", command)
		fate[command] = true
		if errors.Is(s.why[i], link.ErrUncertain) {
			uncertain++
		}
	}
	require.Equal(t, int(c.Uncertain), uncertain)
	require.Equal(t, int(c.Accepted), int(c.Sent)+len(s.lost)-uncertain)
	arrived := map[string]bool{}
	for _, command := range s.got {
		require.False(t, arrived[command], "%s arrived twice", command)
		arrived[command] = true
		fate[command] = true
	}
	require.Len(t, fate, int(c.Accepted), "each message has a fate: %+v, got %v, lost %v", c, s.got, s.lost)
	require.LessOrEqual(t, len(s.got), int(c.Sent))
	require.GreaterOrEqual(t, len(s.got), int(c.Sent-c.Uncertain))
}

func count(states []link.State, want link.State) int {
	n := 0
	for _, st := range states {
		if st == want {
			n++
		}
	}
	return n
}
