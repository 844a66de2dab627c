package link_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

// limited is a server with limits, with its clients on the same loop.
type limited struct {
	*transporttest.World
	server   *link.Server
	listener transport.Listener
	ends     int
	err      error // of the last end
}

func serveLimited(t *testing.T, o link.Options) *limited {
	s := &limited{World: transporttest.NewWorld(t)}
	o.Loop = s.Loop
	o.OnClose = func(_ *link.Link, err error) { s.err, s.ends = err, s.ends+1 }
	o.Dispatcher = echo(t, dispatch.Options{})
	s.server = link.NewServer(o)
	var err error
	s.listener, err = open.Listen(s.Loop, parse(t, "unix:"+filepath.Join(t.TempDir(), "s")), transport.Options{}, s.server.Accept)
	require.NoError(t, err)
	return s
}

// client connects a recorder.
func (s *limited) client() *transporttest.Recorder {
	r := &transporttest.Recorder{T: s.T, Name: "client"}
	_, err := open.Dial(s.Loop, s.listener.Addr(), transport.Options{}, r)
	require.NoError(s.T, err)
	s.Until("it opens", func() bool { return r.Opened == 1 && s.first() != nil })
	return r
}

func (s *limited) first() *link.Link {
	for l := range s.server.Links() {
		return l
	}
	return nil
}

func (s *limited) end() {
	require.NoError(s.T, s.listener.Close())
	for l := range s.server.Links() {
		l.Abort(nil)
	}
	s.Idle()
}

// What is over a rate waits; nothing is lost, and others are not held up.
func TestRates(t *testing.T) {
	const n = 200 // lines of 100 bytes, of which 100 go at once and the others in 100 ms
	messages := link.Rate{Messages: 1000, Burst: 100 * time.Millisecond}
	bytes := link.Rate{Bytes: 100_000, Burst: 100 * time.Millisecond}
	both := link.Rate{Messages: 1000, Bytes: 100_000, Burst: 100 * time.Millisecond}
	tests := map[string]link.Options{
		"receive messages": {Receive: messages},
		"receive bytes":    {Receive: bytes},
		"send messages":    {Send: messages},
		"send bytes":       {Send: bytes},
		"both":             {Receive: both, Send: both},
	}
	line := func(i int) string { return fmt.Sprintf("PING pad=%s;serial=%05d\n", strings.Repeat("x", 77), i) }
	require.Len(t, line(0), 100)
	for name, o := range tests {
		t.Run(name, func(t *testing.T) {
			s := serveLimited(t, o)
			c, other := s.client(), s.client()
			began := time.Now()
			all := ""
			for i := range n {
				all += line(i)
			}
			require.NoError(t, c.Conn.Write([]byte(all)))
			require.NoError(t, c.Conn.CloseWrite())
			s.Until("the burst goes at once", func() bool { return c.Received >= 100*90 })
			require.NoError(t, other.Conn.Write([]byte(line(0))))
			s.Until("another is served", func() bool { return other.Received == 100 })
			// However slow this was: the burst, what the time since then pays for, and the line that goes into debt.
			require.LessOrEqual(t, c.Received, 100*(100+1+int(time.Since(began)/time.Millisecond)+1))
			s.Until("all is answered", func() bool { return c.Closed == 1 })
			require.GreaterOrEqual(t, time.Since(began), 95*time.Millisecond)
			require.Equal(t, all, string(c.Data))
			require.Zero(t, s.server.Stats().Dropped)
			s.end()
		})
	}
}

// What was read waits for the rate; if the connection breaks meanwhile it is handled then.
func TestBrokenWhileWaiting(t *testing.T) {
	const n = 20
	s := serveLimited(t, link.Options{Receive: link.Rate{Messages: 1, Burst: time.Second}})
	c := s.client()
	require.NoError(t, c.Conn.Write([]byte(strings.Repeat("PING\n", n))))
	s.Until("it has begun", func() bool { return c.Received > 0 })
	l := s.first()
	c.Conn.Abort(nil)
	s.Until("the peer has gone", func() bool { return c.Closed == 1 })
	require.NoError(t, l.Send(message.New("PONG")))
	s.Until("the connection breaks", func() bool { return s.ends == 1 })
	require.Error(t, s.err)
	require.EqualValues(t, n, s.server.Stats().In)
	s.end()
}

// A message over the burst passes, and is paid for afterwards.
func TestRateAndLargeMessage(t *testing.T) {
	s := serveLimited(t, link.Options{Receive: link.Rate{Bytes: 100_000, Burst: time.Millisecond}})
	c := s.client()
	began := time.Now()
	large := "PING pad=" + strings.Repeat("x", 5000-10) + "\n"
	require.NoError(t, c.Conn.Write([]byte(large+"PING\n")))
	s.Until("it is answered", func() bool { return c.Received == 5000 })
	s.Until("the next is answered", func() bool { return c.Received == 5005 })
	require.GreaterOrEqual(t, time.Since(began), 45*time.Millisecond)
	s.end()
}

// Send over the rate is refused, without an end of the link, and OnDrain tells when to go on.
func TestSendOverTheRate(t *testing.T) {
	drained := 0
	s := serveLimited(t, link.Options{
		Slow: link.SlowClose, Send: link.Rate{Messages: 1000, Burst: 10 * time.Millisecond},
		OnDrain: func(*link.Link) { drained++ },
	})
	c := s.client()
	sent := 0
	fill := func() {
		for s.first().Send(message.New("NEWS")) == nil {
			sent++
		}
	}
	fill()
	require.Equal(t, 10, sent)
	require.ErrorIs(t, s.first().Send(message.New("NEWS")), transport.ErrFull)
	for round := range 3 {
		s.Until("it may go on", func() bool { return drained == round+1 })
		fill()
	}
	require.Zero(t, s.ends)
	require.GreaterOrEqual(t, sent, 13)
	s.Until("all arrives", func() bool { return c.Received == sent*5 })
	require.NoError(t, s.first().Close())
	require.ErrorIs(t, s.first().Send(message.New("NEWS")), transport.ErrClosed)
	s.end()
}

// timedOut is how a link ends whose peer was silent for too long.
func timedOut(t *testing.T, err error, op string) {
	t.Helper()
	require.ErrorIs(t, err, transport.ErrTimeout)
	var e *transport.OpError
	require.ErrorAs(t, err, &e)
	require.Equal(t, op, e.Op)
}

func TestIdleTimeout(t *testing.T) {
	tests := map[string]func(s *limited, c *transporttest.Recorder) error{
		"receiving": func(_ *limited, c *transporttest.Recorder) error { return c.Conn.Write([]byte("p")) },
		"sending": func(s *limited, _ *transporttest.Recorder) error {
			if l := s.first(); l != nil {
				return l.Send(message.New("NEWS"))
			}
			return transport.ErrClosed
		},
	}
	for name, use := range tests {
		t.Run(name, func(t *testing.T) {
			d := 60 * time.Millisecond
			for !idle(t, d, use) { // a machine that holds us up for so long makes a link idle indeed
				d *= 2
				require.Less(t, d, 20*time.Second, "a link that is used stays")
			}
		})
	}
}

// idle uses a link for a while, and then no more. It is false if the link ended too soon and we were held up meanwhile.
func idle(t *testing.T, d time.Duration, use func(s *limited, c *transporttest.Recorder) error) bool {
	s := serveLimited(t, link.Options{IdleTimeout: d})
	defer s.end()
	last, held, early := time.Now(), time.Duration(0), false
	c := s.client()
	busy := s.Loop.Every(time.Millisecond, "be busy", func(int) {
		if early {
			return
		}
		now := time.Now()
		held = max(held, now.Sub(last))
		if early = use(s, c) != nil || s.ends > 0; !early {
			last = now
		}
	})
	s.For(2 * d)
	busy.Cancel()
	if !early {
		held = max(held, time.Since(last))
	}
	s.Until("it is closed", func() bool { return s.ends == 1 })
	early = early || time.Since(last) < d-time.Millisecond
	s.Until("the peer sees the end", func() bool { return c.Closed == 1 })
	if early && held > d/10 {
		return false
	}
	require.False(t, early, "a link that is used stays; the longest pause was %v", held)
	timedOut(t, s.err, "idle")
	require.Equal(t, uint64(1), s.server.Stats().Silent)
	require.NoError(t, c.Err, "it is closed in good order")
	return true
}

// A peer that reads nothing is idle, too, and what it did not read is thrown away.
func TestIdleAndFull(t *testing.T) {
	s := serveLimited(t, link.Options{IdleTimeout: 20 * time.Millisecond})
	c := s.client()
	c.Conn.Pause()
	m := message.New("NEWS").Set("text", strings.Repeat("n", 1000))
	for s.first().Send(m) == nil {
	}
	s.Until("it is closed", func() bool { return s.ends == 1 })
	timedOut(t, s.err, "idle")
	c.Conn.Abort(nil)
	s.end()
}

// A peer that never says a whole message is closed, however busily it does that.
func TestHelloTimeout(t *testing.T) {
	d := 100 * time.Millisecond
	for !hello(t, d) { // a machine that holds us up for so long keeps a message from being seen in time
		d *= 2
		require.Less(t, d, 10*time.Second, "a link that says something stays")
	}
}

// hello has one peer say a message and two that never do. It is false if the message was seen too late.
func hello(t *testing.T, d time.Duration) bool {
	s := serveLimited(t, link.Options{HelloTimeout: d, IdleTimeout: time.Hour})
	defer s.end()
	began := time.Now()
	good := s.client()
	require.NoError(t, good.Conn.Write([]byte("PING\n")))
	s.Until("it is answered or closed", func() bool { return good.Received+good.Closed > 0 })
	if good.Closed > 0 && time.Since(began) > d/2 {
		return false
	}
	trickler, silent := s.client(), s.client()
	require.NoError(t, trickler.Conn.Write([]byte("a line that is no message\n")))
	trickle := s.Loop.Every(time.Millisecond, "trickle", func(int) { _ = trickler.Conn.Write([]byte("x")) })
	s.Until("both are closed", func() bool { return trickler.Closed+silent.Closed == 2 })
	trickle.Cancel()
	timedOut(t, s.err, "hello")
	require.Zero(t, good.Closed)
	require.Equal(t, 1, s.server.Stats().Links)
	return true
}

// Limits cannot be kept without a loop, and are not ignored.
func TestLimitsWithoutLoop(t *testing.T) {
	w := transporttest.NewWorld(t)
	var end error
	opened := 0
	server := link.NewServer(link.Options{IdleTimeout: time.Hour,
		OnOpen:  func(*link.Link) { opened++ },
		OnClose: func(_ *link.Link, err error) { end = err }})
	l, err := open.Listen(w.Loop, parse(t, "unix:"+filepath.Join(t.TempDir(), "s")), transport.Options{}, server.Accept)
	require.NoError(t, err)
	c := &transporttest.Recorder{T: t, Name: "client"}
	_, err = open.Dial(w.Loop, l.Addr(), transport.Options{}, c)
	require.NoError(t, err)
	w.Until("it is closed", func() bool { return c.Closed == 1 && end != nil })
	require.ErrorContains(t, end, "Options.Loop is not set")
	require.Zero(t, opened)
	require.Zero(t, server.Stats().Links)
	require.NoError(t, l.Close())
	w.Idle()
}

// A Permanent keeps what is over the rate in its queue, and an idle link is made anew.
func TestPermanentWithLimits(t *testing.T) {
	s := newScene(t, transporttest.Faults{})
	s.options.Send = link.Rate{Messages: 1000, Burst: 10 * time.Millisecond}
	s.options.IdleTimeout = 50 * time.Millisecond
	s.listen()
	s.start()
	s.until(link.Up)
	began := time.Now()
	s.send("A", 60)
	require.Greater(t, s.p.Status().Counts.QueuedBytes, 100)
	s.received(60)
	require.GreaterOrEqual(t, time.Since(began), 45*time.Millisecond)
	require.Equal(t, names("A", 0, 60), s.got)
	s.Until("it is idle", func() bool { return count(s.states, link.Waiting) > 0 })
	s.Until("it is there again", func() bool { return count(s.states, link.Up) > 1 })
	timedOut(t, s.p.Status().Err, "idle")
	s.end()
}

// Limits that are not reached cost no memory.
func TestLimitAllocations(t *testing.T) {
	w := transporttest.NewWorld(t)
	d := dispatch.New(dispatch.Options{})
	reply := message.New("TELL")
	require.NoError(t, d.On("ASK", func(from dispatch.Sender, m *message.Message) error { return from.Send(reply) }))
	many := link.Rate{Messages: 1e9, Bytes: 1e9, Burst: time.Hour}
	server := link.NewServer(link.Options{Dispatcher: d, Loop: w.Loop, Receive: many, Send: many, IdleTimeout: time.Hour, HelloTimeout: time.Hour})
	c := &swallower{}
	h := server.Accept(c)
	h.OnOpen(c)
	line := []byte("ASK\n")
	require.Zero(t, testing.AllocsPerRun(1000, func() { h.OnData(c, line) }))
	require.Equal(t, 1001*5, c.taken)
	h.OnClose(c, nil)
	w.Idle()
}
