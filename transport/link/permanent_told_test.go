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
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

// What is sent is counted and shown as it goes, whether it went at once or had to wait, and what is not sent says why.
func TestPermanentTellsWhatItDoes(t *testing.T) {
	s := newScene(t, transporttest.Faults{})
	s.transport.HighMark = 100
	s.options.Queue = link.Queue{Messages: 4}
	var told []string
	s.options.Dispatcher = dispatch.New(dispatch.Options{Trace: func(ev *dispatch.Event) {
		told = append(told, fmt.Sprintf("%s %s %.9s", ev.Direction, ev.Outcome, ev.Raw))
		if ev.Outcome != dispatch.Dropped { // then there may be none
			require.Equal(t, s.at.String(), ev.Peer)
		}
		if string(ev.Raw) == "A1" {
			require.NoError(t, s.p.Send(message.New("BEHIND")), "it is not sent before what waits")
		}
	}})
	s.start()
	s.until(link.Waiting)
	big := message.New("BIG").Set("text", strings.Repeat("x", 200))
	require.NoError(t, s.p.Send(big), "no connection has refused it yet")
	s.send("A", 3)
	require.ErrorIs(t, s.p.Send(message.New("MORE")), transport.ErrFull)
	var name *message.NameError
	require.ErrorAs(t, s.p.Send(message.New("no name")), &name)
	s.listen()
	s.received(4)
	require.NoError(t, s.p.Send(message.New("LAST")))
	require.ErrorIs(t, s.p.Send(big), transport.ErrTooBig)
	require.ErrorAs(t, s.p.Link().Send(message.New("no name")), &name)
	s.received(5)
	require.Equal(t, []string{"A0", "A1", "A2", "BEHIND", "LAST"}, s.got)
	require.Equal(t, []string{"out dropped MORE", "out sent A0", "out sent A1", "out sent A2", "out sent BEHIND", "out dropped BIG text=", "out sent LAST", "out failed BIG text="}, told)
	require.Equal(t, []string{"BIG"}, s.lost)
	require.ErrorIs(t, s.why[0], transport.ErrTooBig)
	require.Equal(t, link.Stats{Links: 1, Opened: 1, Out: 5, Dropped: 1}, s.p.Stats())
	require.Equal(t, link.Counts{Accepted: 6, Sent: 5, InDoubt: 5, Dropped: 1}, s.p.Status().Counts)
	s.end()
}

// A peer that has answered the hello is not asked again, and may be silent afterwards.
func TestGreetingIsOver(t *testing.T) {
	s := newScene(t, transporttest.Faults{})
	s.options.HelloTimeout = 50 * time.Millisecond
	calls := 0
	s.options.Ready = func(*message.Message) (bool, error) { calls++; return true, nil }
	s.accept = func(l *link.Link) { require.NoError(t, l.Send(message.New("READY"))) }
	s.listen()
	s.start()
	s.until(link.Up)
	at := s.Loop.Now()
	s.Until("the time for an answer is over", func() bool { return s.Loop.Now().Sub(at) > 2*s.options.HelloTimeout })
	require.Equal(t, 1, s.peer.Broadcast(message.New("NEWS")))
	s.Until("they come", func() bool { return s.p.Stats().In == 2 })
	require.Equal(t, 1, calls)
	require.Equal(t, 1, count(s.states, link.Up))
	s.end()
}

// A dial that fails later is one more attempt that failed.
func TestDialFailsLater(t *testing.T) {
	for name, end := range map[string]func(p *link.Permanent){
		"closed":  (*link.Permanent).Close,
		"aborted": func(p *link.Permanent) { p.Abort(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			cause, dials := errors.New("provoked"), 0
			c := &swallower{}
			p, err := link.NewPermanent(w.Loop, func(_ *reactor.Loop, h transport.Handler) (transport.Conn, error) {
				if dials++; dials > 1 {
					return nil, cause
				}
				c.h = h
				return c, nil
			}, link.PermanentOptions{Pauses: link.Pauses{time.Millisecond}})
			require.NoError(t, err)
			c.h.OnClose(c, errors.New("refused"))
			w.Until("it dials again and again", func() bool { return dials > 3 && p.Status().State == link.Waiting })
			require.ErrorIs(t, p.Status().Err, cause)
			require.Nil(t, p.Link())
			end(p)
			w.Until("it ends", func() bool { return p.Status().State == link.Closed })
			w.Idle()
		})
	}
}
