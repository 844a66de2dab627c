package link_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

// settling is a scene whose peer answers SETTLE when the test says so.
type settling struct {
	*scene
	asked []*message.Message
	peers []*link.Link
}

func newSettling(t *testing.T, change func(o *link.PermanentOptions)) *settling {
	s := &settling{scene: newScene(t, transporttest.Faults{})}
	s.options.DoubtTime = time.Millisecond // age is no proof any more
	s.options.Ready = func(m *message.Message) (bool, error) {
		if m.Command() == "READY" {
			s.p.Settles()
		}
		return m.Command() == "READY", nil
	}
	s.accept = func(l *link.Link) { s.peers = append(s.peers, l); _ = l.Send(message.New("READY")) }
	s.on = func(l *link.Link, m *message.Message) {
		switch m.Command() {
		case "ALIVE":
			answer(l, m)
		case "SETTLE":
			s.got = s.got[:len(s.got)-1]
			s.asked = append(s.asked, m.Clone())
		}
	}
	if change != nil {
		change(&s.options)
	}
	s.listen()
	s.start()
	s.until(link.Up)
	return s
}

// answer answers the last question.
func (s *settling) answer() {
	s.T.Helper()
	s.Until("it is asked", func() bool { return len(s.asked) > 0 })
	last := s.asked[len(s.asked)-1]
	s.asked = nil
	require.NoError(s.T, s.peers[len(s.peers)-1].Send(last.Reply("SETTLED").Set("serial", must(last.Get("serial")))))
}

func must(text string, _ bool) string { return text }

func (s *settling) doubt() int { return s.p.Status().Counts.InDoubt }

func TestSettledMessagesAreNotInDoubt(t *testing.T) {
	s := newSettling(t, nil)
	s.send("A", 3)
	s.received(3)
	s.answer()
	s.Until("nothing is in doubt", func() bool { return s.doubt() == 0 })
	s.send("B", 2) // after it, and answered never
	s.Until("it is asked", func() bool { return len(s.asked) > 0 })
	s.send("C", 1)
	s.received(6)
	at := s.Loop.Now()
	s.Until("they are old", func() bool { return s.Loop.Now().Sub(at) > 50*time.Millisecond })
	require.Equal(t, 3, s.doubt(), "however old they are")
	s.kill()
	s.Until("all is told", func() bool { return len(s.lost) == 3 })
	require.Equal(t, []string{"B0", "B1", "C0"}, s.lost)
	for _, why := range s.why {
		require.ErrorIs(t, why, link.ErrUncertain)
	}
	require.Equal(t, uint64(3), s.p.Status().Counts.Uncertain)
	s.end()
}

func TestSettledAnswersAreForTheirQuestion(t *testing.T) {
	others := 0
	s := newSettling(t, func(o *link.PermanentOptions) {
		d := dispatch.New(dispatch.Options{})
		require.NoError(t, d.On("SETTLED", func(dispatch.Sender, *message.Message) error { others++; return nil }))
		o.Dispatcher = d
	})
	s.send("A", 1)
	s.Until("it is asked", func() bool { return len(s.asked) > 0 })
	before := s.p.Stats().In
	for _, wrong := range []string{"SETTLED", "SETTLED serial=0", "SETTLED serial=x", "UNKNOWN command=SETTLE"} {
		m, err := message.Parse([]byte(wrong))
		require.NoError(t, err)
		require.NoError(t, s.peers[0].Send(m))
	}
	s.Until("all answers came", func() bool { return s.p.Stats().In == before+4 })
	require.Equal(t, 1, s.doubt())
	s.send("B", 1) // behind the question
	s.answer()
	s.Until("the first is settled", func() bool { return s.doubt() == 1 })
	s.answer() // it asks for the second without being told
	s.Until("both are", func() bool { return s.doubt() == 0 })
	require.Equal(t, 3, others, "what answers no question is dispatched, and nothing else")
	s.end()
	require.Empty(t, s.lost)
}

// A peer that has to wait for somebody holds nobody up: what is too much is counted.
func TestTooMuchInDoubtIsCounted(t *testing.T) {
	s := newSettling(t, func(o *link.PermanentOptions) {
		o.DoubtBytes = 1000
		o.Heartbeat = link.Heartbeat{Interval: 10 * time.Millisecond, Timeout: 10 * time.Second}
	})
	pad := strings.Repeat("p", 90)
	say := func(from, to int) {
		for i := from; i < to; i++ {
			require.NoError(t, s.p.Send(message.New(fmt.Sprintf("A%d", i)).Set("p", pad)))
			s.received(i + 1)
		}
	}
	say(0, 50)
	require.Equal(t, 50, s.doubt())
	first := s.asked[0]
	s.asked = nil
	say(50, 60)
	require.NoError(t, s.peers[0].Send(first.Reply("SETTLED").Set("serial", must(first.Get("serial")))))
	s.Until("the first ones are settled", func() bool { return s.doubt() < 60 })
	left := s.doubt()
	require.Greater(t, left, 10, "it was asked long ago")
	s.kill()
	s.Until("the end is told", func() bool { return s.p.Status().Counts.Uncertain > 0 })
	s.Until("the last is told", func() bool { return len(s.lost) > 0 && s.lost[len(s.lost)-1] == "A59" })
	require.Equal(t, uint64(left), s.p.Status().Counts.Uncertain)
	require.Less(t, len(s.lost), left, "not all could be remembered")
	s.end()
}

// Beside a heartbeat nothing piles up, and Close waits for no answer.
func TestSettlingWithAHeartbeat(t *testing.T) {
	s := newSettling(t, func(o *link.PermanentOptions) {
		o.Heartbeat = link.Heartbeat{Interval: time.Millisecond, Timeout: 10 * time.Second}
	})
	s.send("A", 3)
	s.received(3)
	s.Until("it is asked", func() bool { return len(s.asked) > 0 })
	require.Equal(t, 3, s.doubt(), "that they were read is not enough")
	s.p.Close()
	s.until(link.Closed)
	c := s.p.Status().Counts
	require.Zero(t, c.Uncertain)
	require.Equal(t, uint64(3), c.Sent)
	s.end()
}

func TestHelloThatPanics(t *testing.T) {
	s := newScene(t, transporttest.Faults{})
	calls := 0
	s.options.Hello = func(*link.Link) error {
		if calls++; calls == 1 {
			panic("provoked")
		}
		return nil
	}
	s.listen()
	s.start()
	s.Until("it is up", func() bool { return s.p.Status().State == link.Up })
	s.send("A", 1)
	s.received(1)
	require.Equal(t, uint64(1), s.p.Status().Counts.Accepted)
	s.end()
	require.False(t, errors.Is(s.p.Status().Err, link.ErrUncertain))
}
