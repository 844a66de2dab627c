package link_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

// Messages expire while they wait, in any order, and are never sent then.
func TestTTL(t *testing.T) {
	s := newScene(t, transporttest.Faults{})
	s.options.Queue.TTL = 30 * time.Millisecond
	s.start()
	require.NoError(t, s.p.SendTTL(message.New("LONG"), time.Hour))
	s.send("A", 2)
	require.NoError(t, s.p.SendTTL(message.New("SHORT"), time.Millisecond))
	require.NoError(t, s.p.SendTTL(message.New("FOREVER"), 0))
	require.NoError(t, s.p.SendTTL(message.New("ENDLESS"), math.MaxInt64))
	s.Until("one expires", func() bool { return len(s.lost) > 0 })
	require.Contains(t, s.lost, "SHORT", "the last one in the queue")
	s.Until("three have expired", func() bool { return len(s.lost) == 3 })
	require.ElementsMatch(t, []string{"SHORT", "A0", "A1"}, s.lost)
	for _, why := range s.why {
		require.ErrorIs(t, why, link.ErrExpired)
	}
	require.Equal(t, uint64(3), s.p.Status().Counts.Expired)
	s.listen()
	s.received(3)
	require.Equal(t, []string{"LONG", "FOREVER", "ENDLESS"}, s.got)
	s.end()
}

func TestQueueFull(t *testing.T) {
	big := strings.Repeat("x", 40)
	tests := map[string]struct {
		queue link.Queue
		want  []string
		lost  []string
	}{
		"messages, refuse new":  {link.Queue{Messages: 3}, names("A", 0, 3), nil},
		"messages, drop oldest": {link.Queue{Messages: 3, DropOldest: true}, names("A", 2, 5), names("A", 0, 2)},
		"bytes, refuse new":     {link.Queue{Bytes: 110}, names("A", 0, 2), nil},
		"bytes, drop oldest":    {link.Queue{Bytes: 110, DropOldest: true}, names("A", 3, 5), names("A", 0, 3)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, transporttest.Faults{})
			s.options.Queue = tt.queue
			rooms := 0
			s.options.OnRoom = func() { rooms++ }
			s.start()
			full := 0
			for _, command := range names("A", 0, 5) {
				err := s.p.Send(message.New(command).Set("text", big))
				if err != nil {
					require.ErrorIs(t, err, transport.ErrFull)
					full++
				}
			}
			err := s.p.Send(message.New("BIG").Set("text", strings.Repeat("x", 2<<20)))
			require.ErrorIs(t, err, transport.ErrTooBig, "it would never fit")
			s.Until("the loss is told", func() bool { return len(s.lost) == len(tt.lost) })
			require.Equal(t, tt.lost, s.lost)
			for _, why := range s.why {
				require.ErrorIs(t, why, link.ErrDropped)
			}
			require.Equal(t, 5, full+len(tt.want)+len(tt.lost))
			require.Equal(t, uint64(full), s.p.Stats().Dropped)
			require.Zero(t, rooms)
			s.listen()
			s.received(len(tt.want))
			require.Equal(t, tt.want, s.got)
			if full > 0 {
				s.Until("there is room", func() bool { return rooms == 1 })
			}
			s.send("B", 1)
			s.received(len(tt.want) + 1)
			require.Equal(t, min(full, 1), rooms, "it is told once")
			s.end()
		})
	}
}

// What the connection's own queue held when it ended goes by the next one, in order.
func TestQueueOfBrokenConnection(t *testing.T) {
	killed := func(s *scene) { s.kill(); s.listen() }
	for name, tt := range map[string]struct {
		window int // "A0\n" … "A9\n" are 30 bytes, so 100 end inside of A27, and 98 before it
		begun  int // messages of which something went
		closes bool
		ends   func(s *scene)
	}{
		"killed inside of one":  {100, 28, false, killed},
		"killed between two":    {98, 27, false, killed},
		"killed during a Close": {100, 28, true, killed},
		"the peer ends its side": {100, 28, false, func(s *scene) {
			for l := range s.peer.Links() {
				require.NoError(s.T, l.CloseWrite())
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, transporttest.Faults{Window: tt.window})
			s.transport.HighMark = 400
			s.accept = func(l *link.Link) { l.Conn().Pause() }
			s.options.CloseTimeout, s.transport.CloseTimeout = time.Hour, time.Hour // it must not come to that
			s.listen()
			s.start()
			s.until(link.Up)
			s.send("A", 100)
			s.Until("the peer's kernel is full", func() bool { return s.p.Link().Conn().Stats().BytesOut == uint64(tt.window) })
			c := s.p.Status().Counts
			require.Equal(t, []int{27, 27, 73}, []int{int(c.Sent), c.InDoubt, c.Queued})
			require.Less(t, c.QueuedBytes, 290, "the connection has some")
			if tt.closes {
				s.p.Close()
			}
			s.accept = nil
			tt.ends(s)
			s.Until("the loss is told", func() bool { return len(s.lost) == tt.begun })
			require.Equal(t, names("A", 0, tt.begun), s.lost)
			for _, why := range s.why {
				require.ErrorIs(t, why, link.ErrUncertain)
			}
			s.received(100 - tt.begun)
			require.Equal(t, names("A", tt.begun, 100), s.got)
			if !tt.closes {
				s.send("B", 1)
				s.received(101 - tt.begun)
			}
			c = s.p.Status().Counts
			require.EqualValues(t, tt.begun, c.Uncertain)
			require.EqualValues(t, tt.begun, c.Unacked, "the other end was not given any")
			s.end()
		})
	}
}

// A reply is for the connection that asked; the next one does not get it.
func TestReplyIsLostWithItsConnection(t *testing.T) {
	s := newScene(t, transporttest.Faults{Window: 8})
	s.accept = func(l *link.Link) { l.Conn().Pause() }
	s.listen()
	s.start()
	s.until(link.Up)
	for _, command := range names("REPLY", 0, 3) { // REPLY0 and its end fill half of the window
		require.NoError(t, s.p.Link().Send(message.New(command)))
	}
	s.send("A", 1)
	require.NoError(t, s.p.Link().Send(message.New("REPLY3")))
	s.Until("the window is full", func() bool { return s.p.Link().Conn().Stats().BytesOut == 8 })
	s.kill()
	s.accept = nil
	s.listen()
	s.received(1)
	require.Equal(t, []string{"A0"}, s.got)
	require.Equal(t, names("REPLY", 0, 4), s.lost)
	require.ErrorIs(t, s.why[0], link.ErrUncertain)
	require.ErrorIs(t, s.why[1], link.ErrUncertain, "a part of it went")
	require.ErrorIs(t, s.why[2], transport.ErrClosed)
	s.end()
}

// A connection that cannot tell how much went, such as one that encrypts, may have sent all that it was given.
func TestConnectionThatCannotTell(t *testing.T) {
	for name, tt := range map[string]struct {
		told int // bytes that it says have gone
		err  error
		lost int
	}{
		"broken":           {0, errors.New("provoked"), 3},
		"it says a little": {4, errors.New("provoked"), 3},
		"closed":           {9, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			var lost []string
			c := &swallower{}
			dials := 0
			p, err := link.NewPermanent(w.Loop, func(_ *reactor.Loop, h transport.Handler) (transport.Conn, error) {
				c.h = h
				dials++
				return c, nil
			}, link.PermanentOptions{
				Pauses:        link.Pauses{time.Millisecond},
				OnUndelivered: func(m *message.Message, why error) { lost = append(lost, m.Command()) },
			})
			require.NoError(t, err)
			c.h.OnOpen(c)
			for _, command := range names("A", 0, 3) {
				require.NoError(t, p.Send(message.New(command)))
			}
			if c.taken = tt.told; tt.err == nil {
				p.Close()
			}
			c.h.OnClose(c, tt.err)
			w.Until("the loss is told", func() bool { return len(lost) == tt.lost })
			require.Equal(t, uint64(tt.lost), p.Status().Counts.Uncertain)
			if tt.err != nil {
				w.Until("it dials again", func() bool { return dials == 2 })
				require.Zero(t, p.Status().Counts.Queued, "nothing is sent twice")
			}
			p.Abort(nil)
			w.Idle()
		})
	}
}

// A callback that panics loses nothing but its own call.
func TestPanicInReport(t *testing.T) {
	s := newScene(t, transporttest.Faults{})
	report := s.options.OnUndelivered
	s.options.OnUndelivered = func(m *message.Message, why error) {
		report(m, why)
		if m.Command() == "A1" {
			panic("provoked")
		}
	}
	s.options.Queue = link.Queue{Messages: 1, DropOldest: true}
	s.start()
	s.send("A", 5)
	s.Until("all are told", func() bool { return len(s.lost) == 4 })
	require.Equal(t, names("A", 0, 4), s.lost)
	s.end()
}

// A message whose loss is told may be sent again from there.
func TestSendFromReport(t *testing.T) {
	s := newScene(t, transporttest.Faults{})
	report := s.options.OnUndelivered
	s.options.OnUndelivered = func(m *message.Message, why error) {
		report(m, why)
		if errors.Is(why, link.ErrUncertain) {
			require.NoError(t, s.p.Send(m))
		}
	}
	s.listen()
	s.start()
	s.until(link.Up)
	s.send("A", 3)
	s.received(3)
	s.kill()
	s.listen()
	s.received(6)
	require.Equal(t, append(names("A", 0, 3), names("A", 0, 3)...), s.got)
	s.end()
}

// Whatever happens to the peer and the network, in whatever order, each message has one fate.
func TestDeliveryRule(t *testing.T) {
	seeds := uint64(20)
	if testing.Short() {
		seeds = 10
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			chance := rand.New(rand.NewPCG(seed, seed))
			f := transporttest.Faults{Seed: seed, Window: 50 + chance.IntN(500), Chunk: chance.IntN(20), CutAfter: chance.IntN(3) * 700}
			if chance.IntN(2) == 0 {
				f.Jitter = 500 * time.Microsecond
			}
			s := newScene(t, f)
			s.transport.HighMark = 100 + chance.IntN(1000)
			s.options.Queue = link.Queue{Messages: 20 + chance.IntN(300), DropOldest: chance.IntN(2) == 0, TTL: time.Duration(chance.IntN(2)) * 5 * time.Millisecond}
			s.options.CloseTimeout = 50 * time.Millisecond
			if chance.IntN(2) == 0 {
				s.options.Heartbeat = link.Heartbeat{Interval: 2 * time.Millisecond, Timeout: 20 * time.Millisecond}
			}
			serial := 0
			s.start()
			for range 30 {
				s.happens(chance, &serial)
			}
			if s.peer == nil {
				s.listen()
			}
			s.end()
			checkAll(t, s)
		})
	}
}

// happens does something by chance.
func (s *scene) happens(chance *rand.Rand, serial *int) {
	switch chance.IntN(6) {
	case 0, 1, 2:
		for range chance.IntN(50) {
			*serial++
			if err := s.p.Send(message.New(fmt.Sprint("A", *serial))); err != nil {
				require.ErrorIs(s.T, err, transport.ErrFull)
			}
		}
	case 3:
		if s.peer == nil {
			s.listen()
		} else {
			s.kill()
		}
	case 4:
		if s.peer != nil {
			for l := range s.peer.Links() {
				l.Conn().Pause()
			}
		}
	case 5:
		if s.peer != nil {
			for l := range s.peer.Links() {
				l.Conn().Resume()
			}
		}
	}
	s.For(time.Duration(chance.IntN(4)) * 500 * time.Microsecond)
}
