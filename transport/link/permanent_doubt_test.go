package link_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

// Whether written messages are in doubt depends on how long ago that was, and on what the peer confirmed.
func TestDoubt(t *testing.T) {
	tests := map[string]struct {
		set   func(o *link.PermanentOptions)
		wait  func(s *scene) bool
		doubt int
	}{
		"just now": {func(*link.PermanentOptions) {}, func(*scene) bool { return true }, 10},
		"long ago": {func(o *link.PermanentOptions) { o.DoubtTime = 5 * time.Millisecond },
			func(s *scene) bool { return s.p.Status().Counts.InDoubt == 0 }, 0},
		"far ago": {func(o *link.PermanentOptions) { o.DoubtBytes = 12 },
			func(s *scene) bool { return s.p.Status().Counts.Queued == 0 }, 6},
		"confirmed": {func(o *link.PermanentOptions) { o.Heartbeat.Interval = 2 * time.Millisecond },
			func(s *scene) bool { return s.p.Status().Counts.InDoubt == 0 }, 0},
		"confirmed while much is sent": {func(o *link.PermanentOptions) {
			o.Heartbeat.Interval = time.Hour
			o.DoubtBytes = 12
		}, func(s *scene) bool { return s.p.Status().Counts.InDoubt <= 1 }, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, transporttest.Faults{})
			tt.set(&s.options)
			s.listen()
			s.start()
			s.until(link.Up)
			for i, command := range names("A", 0, 10) {
				require.NoError(t, s.p.Send(message.New(command)))
				if i == 4 {
					s.received(5)
				}
			}
			s.received(10)
			s.Until("it settles", func() bool { return tt.wait(s) })
			doubt := s.p.Status().Counts.InDoubt
			require.LessOrEqual(t, doubt, tt.doubt)
			s.kill()
			s.Until("it breaks", func() bool { return s.p.Link() == nil })
			c := s.p.Status().Counts
			require.Equal(t, uint64(doubt), c.Uncertain)
			require.Equal(t, uint64(10), c.Sent)
			s.end()
			require.Equal(t, names("A", 10-doubt, 10), append([]string(nil), s.lost...))
			require.Equal(t, names("A", 0, 10), s.got, "they were not lost, but who knew")
		})
	}
}

// What is sent later is forgotten when it is old, too.
func TestDoubtPassesAgain(t *testing.T) {
	s := newScene(t, transporttest.Faults{})
	s.options.DoubtTime = 20 * time.Millisecond
	s.listen()
	s.start()
	s.until(link.Up)
	for range 2 {
		s.send("A", 1)
		at := s.Loop.Now()
		s.Until("half of the time is over", func() bool { return s.Loop.Now().Sub(at) >= s.options.DoubtTime/2 })
		s.send("B", 1)
		s.Until("nothing is in doubt", func() bool { return s.p.Status().Counts.InDoubt == 0 })
	}
	s.end()
}

// What became of messages is sure only if the peer closes its side after it can have read all that it was sent.
func TestDoubtAtTheEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		closes bool // the Permanent does, first
		beats  bool
		ends   func(s *scene)
	}{
		"the peer closes by itself":             {false, false, func(s *scene) { s.peer.Close() }},
		"it closes in place of a last answer":   {true, true, func(*scene) {}},
		"it breaks while its end is waited for": {true, false, func(s *scene) { s.kill(); s.listen() }},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, transporttest.Faults{})
			if tt.beats {
				s.options.Heartbeat.Interval = time.Hour
			}
			s.on = func(l *link.Link, m *message.Message) {
				switch {
				case m.Command() != "ALIVE":
				case s.p.Status().State == link.Closing:
					require.NoError(t, l.Close())
				default:
					answer(l, m)
				}
			}
			s.listen()
			s.start()
			s.until(link.Up)
			s.send("A", 3)
			s.received(3)
			if tt.closes {
				if !tt.beats {
					for l := range s.peer.Links() {
						l.Conn().Pause() // it does not see the end
					}
				}
				s.p.Close()
			}
			tt.ends(s)
			s.Until("all is told", func() bool { return len(s.lost) == 3 })
			for _, why := range s.why {
				require.ErrorIs(t, why, link.ErrUncertain)
			}
			s.end()
			require.Equal(t, uint64(3), s.p.Status().Counts.Uncertain)
		})
	}
}
