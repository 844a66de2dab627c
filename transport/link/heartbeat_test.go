package link_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

const beat = 10 * time.Millisecond

// silence is what a Permanent says of a peer that was silent for too long.
func silence(t *testing.T, err error) {
	t.Helper()
	require.ErrorIs(t, err, transport.ErrTimeout)
	var op *transport.OpError
	require.ErrorAs(t, err, &op)
	require.Equal(t, "heartbeat", op.Op)
}

// A frozen peer accepts, because its kernel does, and never reads. It does not get the queue.
func TestFrozenPeer(t *testing.T) {
	s := newScene(t, transporttest.Faults{})
	s.options.Heartbeat = link.Heartbeat{Interval: beat, Timeout: 2 * beat}
	s.accept = func(l *link.Link) { l.Conn().Pause() }
	s.listen()
	s.start()
	s.send("A", 3)
	s.Until("it has tried", func() bool { return s.p.Status().Attempts > 2 })
	s.until(link.Waiting)
	silence(t, s.p.Status().Err)
	require.NotContains(t, s.states, link.Up)
	require.Equal(t, link.Counts{Accepted: 3, Queued: 3, QueuedBytes: 9}, s.p.Status().Counts)
	s.kill()
	s.accept = nil
	s.listen()
	s.received(3)
	require.Equal(t, names("A", 0, 3), s.got)
	s.end()
	require.Empty(t, s.lost)
}

// A peer that freezes later loses what it had not confirmed by then, and only that.
func TestPeerFreezes(t *testing.T) {
	s := newScene(t, transporttest.Faults{})
	s.options.Heartbeat = link.Heartbeat{Interval: beat, Timeout: 15 * beat}
	s.listen()
	s.start()
	s.until(link.Up)
	s.send("A", 3)
	s.Until("it is confirmed", func() bool { return s.p.Status().Counts.InDoubt == 0 && len(s.got) == 3 })
	for l := range s.peer.Links() {
		l.Conn().Pause()
	}
	s.send("B", 2)
	s.accept = func(l *link.Link) { l.Conn().Pause() }
	s.Until("it is found out", func() bool { return s.p.Link() == nil })
	silence(t, s.p.Status().Err)
	s.send("C", 2)
	s.kill()
	s.accept = nil
	s.listen()
	s.received(5)
	require.Equal(t, append(names("A", 0, 3), names("C", 0, 2)...), s.got)
	require.Equal(t, names("B", 0, 2), s.lost)
	require.ErrorIs(t, s.why[0], link.ErrUncertain)
	silence(t, s.why[0])
	require.Equal(t, uint64(2), s.p.Status().Counts.Unacked)
	s.end()
}

// Whatever the peer says shows that it lives, also if it does not know ALIVE.
func TestAnyMessageIsLife(t *testing.T) {
	s := newScene(t, transporttest.Faults{})
	s.options.Heartbeat = link.Heartbeat{Interval: beat / 2, Timeout: 100 * beat}
	asked := 0
	s.on = func(l *link.Link, m *message.Message) {
		if m.Command() == "ALIVE" {
			asked++
			_ = l.Send(message.New("UNKNOWN").Set("command", "ALIVE"))
		}
	}
	unknown := 0
	d := dispatch.New(dispatch.Options{})
	require.NoError(t, d.On("UNKNOWN", func(dispatch.Sender, *message.Message) error { unknown++; return nil }))
	s.options.Dispatcher = d
	s.options.DoubtTime = beat
	s.listen()
	s.start()
	s.send("A", 3)
	s.received(3)
	s.Until("it is asked again and again", func() bool { return asked > 6 })
	require.Equal(t, 1, count(s.states, link.Up))
	s.Until("the answers are dispatched", func() bool { return unknown > 6 })
	s.Until("the messages are no longer in doubt", func() bool { return s.p.Status().Counts.InDoubt == 0 })
	s.end()
}

// Answers to the heartbeat are not dispatched, others of the same name are; both are traced.
func TestAnswersAreConsumed(t *testing.T) {
	s := newScene(t, transporttest.Faults{})
	s.options.Heartbeat.Interval = beat
	var traced []string
	d := dispatch.New(dispatch.Options{Trace: func(ev *dispatch.Event) {
		traced = append(traced, ev.Direction.String()+" "+ev.Message.Command()+" "+ev.Handler)
	}})
	others := 0
	require.NoError(t, d.Add(dispatch.Match{Command: "ABSOLUTELY", Name: "mine", Handler: func(dispatch.Sender, *message.Message) error { others++; return nil }}))
	s.options.Dispatcher = d
	s.listen()
	s.start()
	s.until(link.Up)
	require.Zero(t, others)
	require.Equal(t, []string{"out ALIVE ", "in ABSOLUTELY heartbeat"}, traced)
	require.NoError(t, s.p.Send(message.New("ALIVE").Set("serial", "7")))
	s.Until("the answer comes", func() bool { return others == 1 })
	require.Contains(t, traced, "in ABSOLUTELY mine")
	s.end()
}

// A question that waits behind a long queue is no sign of death while the queue gets shorter.
func TestSlowReaderLives(t *testing.T) {
	s := newScene(t, transporttest.Faults{Window: 200})
	s.options.Heartbeat = link.Heartbeat{Interval: beat, Timeout: 15 * beat}
	s.listen()
	s.start()
	s.until(link.Up)
	slow := s.Loop.Every(beat, "read a little", func(int) {
		for l := range s.peer.Links() {
			l.Conn().Resume()
		}
	})
	s.on = func(l *link.Link, m *message.Message) {
		if l.Conn().Pause(); m.Command() == "ALIVE" {
			answer(l, m)
		}
	}
	const n = 1000 // of about 5 bytes: this takes longer than Timeout
	s.send("A", n)
	s.received(n)
	require.Equal(t, 1, count(s.states, link.Up))
	require.Empty(t, s.lost)
	slow.Cancel()
	s.on = nil
	for l := range s.peer.Links() {
		l.Conn().Resume()
	}
	s.end()
}

// With a heartbeat no more goes ahead of an answer than is remembered.
func TestWindowOfDoubt(t *testing.T) {
	s := newScene(t, transporttest.Faults{})
	s.options.Heartbeat.Interval = time.Hour
	s.options.DoubtBytes = 500
	most, questions := 0, 0
	s.on = func(l *link.Link, m *message.Message) {
		if m.Command() == "ALIVE" {
			questions++
			answer(l, m)
		}
		most = max(most, s.p.Status().Counts.InDoubt)
	}
	s.listen()
	s.start()
	s.until(link.Up)
	s.send("A", 1000)
	s.received(1000)
	require.Equal(t, names("A", 0, 1000), s.got)
	require.Less(t, most, 170, "500 bytes are at most so many messages")
	require.Greater(t, questions, 10)
	s.end()
}

// An answer counts for the question that is out, with all that is in it; others are dispatched.
func TestAnswersAreForTheirQuestion(t *testing.T) {
	s := newScene(t, transporttest.Faults{})
	s.options.Heartbeat.Interval = time.Hour
	var others []string
	last := false
	d := dispatch.New(dispatch.Options{})
	require.NoError(t, d.On("ABSOLUTELY", func(_ dispatch.Sender, m *message.Message) error {
		others = append(others, must(m.Get("n")))
		return nil
	}))
	require.NoError(t, d.On("LAST", func(dispatch.Sender, *message.Message) error { last = true; return nil }))
	s.options.Dispatcher = d
	s.on = func(l *link.Link, m *message.Message) {
		serial, _ := m.Get("serial")
		stamp, _ := m.Get("timestamp")
		for i, r := range []*message.Message{
			message.New("ABSOLUTELY"),
			message.New("ABSOLUTELY").Set("serial", serial),
			message.New("ABSOLUTELY").Set("timestamp", stamp),
			message.New("ABSOLUTELY").Set("serial", serial+"1").Set("timestamp", stamp),
			message.New("ABSOLUTELY").Set("serial", serial).Set("timestamp", stamp+"1"),
			message.New("ABSOLUTELY").Set("serial", serial).Set("timestamp", stamp), // this one is right
			message.New("ABSOLUTELY").Set("serial", serial).Set("timestamp", stamp),
			message.New("LAST"),
		} {
			require.NoError(t, l.Send(r.SetInt("n", int64(i))))
		}
	}
	s.listen()
	s.start()
	s.Until("all come", func() bool { return last })
	require.Equal(t, []string{"0", "1", "2", "3", "4", "6"}, others)
	s.end()
}

// A peer that is silent is asked again and again; one that talks is not, while nothing is in doubt, until it is silent.
func TestWhoIsAsked(t *testing.T) {
	s := newScene(t, transporttest.Faults{})
	s.options.Heartbeat = link.Heartbeat{Interval: beat, Timeout: 1000 * beat}
	asked, at := 0, time.Time{}
	s.on = func(l *link.Link, m *message.Message) {
		asked, at = asked+1, s.Loop.Now()
		answer(l, m)
	}
	s.listen()
	s.start()
	s.Until("it is asked again", func() bool { return asked > 3 })
	talk := s.Loop.Every(time.Millisecond, "talk", func(int) { s.peer.Broadcast(message.New("NEWS")) })
	s.Until("it is not asked for some intervals", func() bool { return s.Loop.Now().Sub(at) > 4*beat })
	talk.Cancel()
	asked = 0
	s.Until("it is asked again", func() bool { return asked > 3 })
	require.Equal(t, 1, count(s.states, link.Up))
	s.end()
}

// A peer that lives and answers no more holds nobody up.
func TestPeerThatStopsAnswering(t *testing.T) {
	s := newScene(t, transporttest.Faults{})
	s.options.Heartbeat = link.Heartbeat{Interval: beat / 5, Timeout: 1000 * beat}
	s.options.DoubtBytes = 100
	answered := false
	s.on = func(l *link.Link, m *message.Message) {
		if m.Command() == "ALIVE" && !answered {
			answer(l, m)
			answered = true
		}
	}
	s.listen()
	s.start()
	talk := s.Loop.Every(time.Millisecond, "talk", func(int) { s.peer.Broadcast(message.New("NEWS")) })
	s.until(link.Up)
	s.send("A", 100)
	s.received(100)
	talk.Cancel()
	require.Equal(t, names("A", 0, 100), s.got)
	require.Equal(t, 1, count(s.states, link.Up))
	s.end()
}
