package link_test

import (
	"errors"
	"io"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

// What is sent before there is a peer arrives when there is one, after the hello.
func TestQueuedUntilThereIsAPeer(t *testing.T) {
	s := newScene(t, transporttest.Faults{})
	hellos := 0
	s.options.Hello = func(l *link.Link) error {
		hellos++
		return l.Send(message.New("REGISTER"))
	}
	s.start()
	s.send("A", 3)
	s.until(link.Waiting)
	st := s.p.Status()
	require.ErrorIs(t, st.Err, syscall.ECONNREFUSED)
	require.False(t, st.Next.IsZero())
	require.Equal(t, 3, st.Counts.Queued)
	s.Until("some attempts fail", func() bool { return s.p.Status().Attempts > 3 })
	require.Zero(t, hellos)
	s.listen()
	s.received(4)
	s.send("B", 2)
	s.received(6)
	require.Equal(t, []string{"REGISTER", "A0", "A1", "A2", "B0", "B1"}, s.got)
	require.Equal(t, 1, hellos)
	st = s.p.Status()
	require.Equal(t, link.Up, st.State)
	require.True(t, st.Next.IsZero())
	require.Equal(t, s.at, st.Remote)
	require.Equal(t, link.Counts{Accepted: 5, Sent: 5, InDoubt: 5}, st.Counts)
	require.NotNil(t, s.p.Link())
	require.EqualValues(t, 6, s.p.Stats().Out)
	s.end()
	require.Empty(t, s.lost)
	require.Equal(t, link.Counts{Accepted: 5, Sent: 5}, s.p.Status().Counts, "the peer closed too, so it had read all")
	require.Equal(t, []link.State{link.Connecting, link.Waiting}, s.states[:2])
	require.Equal(t, []link.State{link.Connecting, link.Up, link.Closing, link.Closed}, s.states[len(s.states)-4:])
}

// Messages come in, replies go by the connection that asked.
func TestPermanentDispatches(t *testing.T) {
	s := newScene(t, transporttest.Faults{})
	d := dispatch.New(dispatch.Options{})
	require.NoError(t, d.On("ASK", func(from dispatch.Sender, m *message.Message) error { return from.Send(m.Reply("TELL")) }))
	s.options.Dispatcher = d
	opened, closed := 0, 0
	s.options.OnOpen = func(*link.Link) { opened++ }
	s.options.OnClose = func(*link.Link, error) { closed++ }
	s.accept = func(l *link.Link) { require.NoError(t, l.Send(message.New("ASK"))) }
	s.listen()
	s.start()
	s.received(1)
	s.kill()
	s.listen()
	s.received(2)
	require.Equal(t, []string{"TELL", "TELL"}, s.got)
	require.Equal(t, uint64(2), s.p.Stats().Opened)
	require.Equal(t, uint64(2), s.p.Status().Counts.Accepted, "replies count too")
	s.end()
	require.Equal(t, 2, opened)
	require.Equal(t, 2, closed)
	require.Equal(t, link.Stats{Opened: 2, In: 2, Out: 2}, s.p.Stats())
}

func TestReady(t *testing.T) {
	refusal := errors.New("name is taken")
	o := func(m *message.Message) (bool, error) {
		if m.Command() == "INVALID" {
			return false, refusal
		}
		return m.Command() == "READY", nil
	}
	tests := map[string]struct {
		reply string // to the first connection
		is    error
	}{
		"refused":     {"INVALID", refusal},
		"other":       {"NEWS", transport.ErrTimeout},
		"no answer":   {"", transport.ErrTimeout},
		"answered":    {"READY", nil},
		"closed":      {"close", io.EOF},
		"answer last": {"READY and close", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, transporttest.Faults{})
			s.options.Ready = o
			s.options.HelloTimeout = 30 * time.Millisecond
			s.options.Hello = func(l *link.Link) error { return l.Send(message.New("REGISTER")) }
			var seen error
			onState := s.options.OnState
			s.options.OnState = func(st link.Status) {
				onState(st)
				if st.State == link.Waiting {
					seen = st.Err
				}
			}
			replies := []string{tt.reply, "READY"}
			s.on = func(l *link.Link, m *message.Message) {
				if m.Command() != "REGISTER" {
					return
				}
				switch replies[0] {
				case "":
				case "close":
					require.NoError(t, l.Close())
				case "READY and close":
					require.NoError(t, l.Send(message.New("READY")))
					require.NoError(t, l.Close())
				default:
					require.NoError(t, l.Send(message.New(replies[0])))
				}
				replies = replies[1:]
			}
			s.listen()
			s.start()
			s.send("A", 2)
			if tt.reply == "READY and close" { // A0 and A1 were discarded, or taken by the next connection
				s.Until("it was up", func() bool { return len(s.got)+len(s.lost) >= 4 })
			} else {
				s.Until("all arrives", func() bool { return len(s.got) >= 3 && s.got[len(s.got)-1] == "A1" })
				want := []string{"REGISTER", "A0", "A1"}
				if tt.reply != "READY" {
					require.ErrorIs(t, seen, tt.is)
					want = append([]string{"REGISTER"}, want...)
				}
				require.Equal(t, want, s.got)
				require.Contains(t, s.states, link.Greeting)
			}
			s.end()
		})
	}
}

// A hello that fails ends the connection.
func TestHelloFails(t *testing.T) {
	s := newScene(t, transporttest.Faults{})
	cause := errors.New("no name yet")
	s.options.Hello = func(l *link.Link) error { return cause }
	s.listen()
	s.start()
	s.Until("it has tried", func() bool { return s.p.Status().Attempts > 2 })
	s.until(link.Waiting)
	err := s.p.Status().Err
	require.ErrorIs(t, err, cause)
	var op *transport.OpError
	require.ErrorAs(t, err, &op)
	require.Equal(t, "hello", op.Op)
	s.end()
}

// A peer that accepts and closes at once is not asked more and more often.
func TestAcceptsAndCloses(t *testing.T) {
	s := newScene(t, transporttest.Faults{})
	s.accept = func(l *link.Link) { l.Close() }
	s.options.Pauses = nil
	s.options.MinPause, s.options.MaxPause, s.options.Steady = time.Millisecond, 20*time.Millisecond, time.Second
	s.options.Random = func() float64 { return 0 }
	var pauses []time.Duration
	onState := s.options.OnState
	s.options.OnState = func(st link.Status) {
		onState(st)
		if st.State == link.Waiting {
			pauses = append(pauses, st.Next.Sub(st.Since))
		}
	}
	s.listen()
	began := time.Now()
	s.start()
	s.Until("it has tried seven times", func() bool { return s.p.Status().Attempts == 7 })
	const ms = time.Millisecond
	require.Equal(t, []time.Duration{1 * ms, 2 * ms, 4 * ms, 8 * ms, 16 * ms, 20 * ms}, pauses[:6])
	require.GreaterOrEqual(t, time.Since(began), 51*ms)
	s.end()
}

// A peer that does not even refuse costs the time to connect, and no more.
func TestNeverAnswers(t *testing.T) {
	s := newScene(t, transporttest.Faults{})
	s.net.Silence(s.at)
	s.transport.ConnectTimeout = 5 * time.Millisecond
	s.start()
	s.send("A", 1)
	s.Until("it has tried", func() bool { return s.p.Status().Attempts == 4 })
	require.ErrorIs(t, s.p.Status().Err, transport.ErrTimeout)
	s.end()
	require.Equal(t, []string{"A0"}, s.lost)
	require.ErrorIs(t, s.why[0], transport.ErrClosed)
}

func TestPauseSequence(t *testing.T) {
	const ms = time.Millisecond
	tests := map[string]struct {
		pauses string
		random float64
		want   []time.Duration
	}{
		"one":             {"3ms", 0, []time.Duration{3 * ms, 3 * ms, 3 * ms}},
		"list":            {"1ms,2ms,4ms", 0, []time.Duration{1 * ms, 2 * ms, 4 * ms, 4 * ms}},
		"delayed":         {"-3ms,1ms,2ms", 0, []time.Duration{3 * ms, 1 * ms, 2 * ms, 2 * ms}},
		"delayed, one":    {"-2ms", 0, []time.Duration{2 * ms, 2 * ms, 2 * ms}},
		"0 first":         {"0,2ms", 0, []time.Duration{2 * ms, 2 * ms}},
		"once":            {"0", 0, nil},
		"doubled":         {"", 0, []time.Duration{1 * ms, 2 * ms, 4 * ms, 5 * ms, 5 * ms}},
		"doubled, jitter": {"", 0.75, []time.Duration{ms / 4, ms / 2, 1 * ms, 1250 * time.Microsecond}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, transporttest.Faults{})
			var err error
			s.options.Pauses, err = link.ParsePauses(tt.pauses)
			require.NoError(t, err)
			s.options.MinPause, s.options.MaxPause = ms, 5*ms
			s.options.Random = func() float64 { return tt.random }
			var pauses []time.Duration
			onState := s.options.OnState
			s.options.OnState = func(st link.Status) {
				if onState(st); st.State == link.Waiting {
					pauses = append(pauses, st.Next.Sub(st.Since))
				}
			}
			s.start()
			if tt.want == nil {
				s.until(link.Closed)
				require.ErrorIs(t, s.p.Send(message.New("LATE")), transport.ErrClosed)
			}
			s.Until("it has paused", func() bool { return len(pauses) >= len(tt.want) })
			if tt.want != nil {
				require.Equal(t, tt.want, pauses[:len(tt.want)])
			}
			s.end()
		})
	}
}

// The pauses begin anew after a connection that lasted.
func TestPausesRestart(t *testing.T) {
	s := newScene(t, transporttest.Faults{})
	s.options.Pauses = link.Pauses{2 * time.Millisecond, 3 * time.Millisecond, 5 * time.Millisecond}
	var pause time.Duration
	attempts := 0
	onState := s.options.OnState
	s.options.OnState = func(st link.Status) {
		if onState(st); st.State == link.Waiting {
			pause, attempts = st.Next.Sub(st.Since), st.Attempts
		}
	}
	s.start()
	s.Until("it has tried", func() bool { return pause == 5*time.Millisecond })
	s.listen()
	s.until(link.Up)
	s.For(4 * time.Millisecond)
	s.kill()
	s.Until("it pauses", func() bool { return pause == 2*time.Millisecond })
	require.Zero(t, attempts, "so does their number")
	s.end()
}

func TestParsePauses(t *testing.T) {
	tests := []struct {
		text, want, err string
	}{
		{"", "", ""},
		{" ", "", ""},
		{"60", "1m0s", ""},
		{"1,2,5m", "1s,2s,5m0s", ""},
		{"1, 2.5 , 1h 30m", "1s,2.5s,1h30m0s", ""},
		{"-5,10,-60", "-5s,10s,1m0s", ""},
		{"0", "0s", ""},
		{"0,1", "0s,1s", ""},
		{"1,0", "", `parse pause 2, "0": only the first one can be 0`},
		{"1,,2", "", `parse pause 2, "": it is not a duration`},
		{"1;2", "", `parse pause 1`},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got, err := link.ParsePauses(tt.text)
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, got.String())
			again, err := link.ParsePauses(got.String())
			require.NoError(t, err)
			require.Equal(t, got, again)
		})
	}
	long := "1"
	for range 254 {
		long += ",1"
	}
	_, err := link.ParsePauses(long)
	require.ErrorContains(t, err, "255")
}

// The error of dial about its arguments is told at once, and nothing more of a Permanent that there is not.
func TestBadDial(t *testing.T) {
	w := transporttest.NewWorld(t)
	_, err := link.NewPermanent(w.Loop, func(*reactor.Loop, transport.Handler) (transport.Conn, error) {
		return nil, transport.ErrUnsupported
	}, link.PermanentOptions{OnState: func(st link.Status) { t.Error(st.State) }})
	require.ErrorIs(t, err, transport.ErrUnsupported)
	w.Idle()
}
