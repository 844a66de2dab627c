package link_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

// moving is a resolver of a host that moves: each look-up gives the next answer.
type moving struct {
	answers chan []netip.Addr
}

func (r *moving) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	return <-r.answers, nil
}

// The name is looked up for each attempt, and all its addresses are tried.
func TestNameMoves(t *testing.T) {
	w := transporttest.NewWorld(t)
	one, other := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")
	r := &moving{answers: make(chan []netip.Addr, 3)}
	r.answers <- []netip.Addr{one}
	r.answers <- nil // the name server is confused
	r.answers <- []netip.Addr{one, netip.MustParseAddr("::1"), other}

	var c counter
	real := network{open.Listen, open.Dial}
	first := live(t, real, parse(t, "tcp://127.0.0.1:0"), &c)
	name := address.Address{Scheme: address.TCP, Host: "service.example", Port: first.at.Port}
	p, err := link.NewPermanent(w.Loop, func(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
		return open.Opener{Resolver: r}.Dial(l, name, transport.Options{}, h)
	}, link.PermanentOptions{Pauses: link.Pauses{time.Millisecond}})
	require.NoError(t, err)
	require.NoError(t, p.Send(message.New("COUNT").SetInt("serial", 1)))
	w.Until("it arrives", func() bool { return c.len() == 1 })
	require.Equal(t, first.at, p.Status().Remote)

	second := live(t, real, name.WithIP(other), &c)
	first.die(t, 0)
	w.Until("it is found out", func() bool { return p.Link() == nil })
	require.NoError(t, p.Send(message.New("COUNT").SetInt("serial", 2)))
	w.Until("it arrives elsewhere", func() bool { return c.len() == 2 })
	require.Equal(t, second.at, p.Status().Remote)
	p.Close()
	w.Idle()
	second.die(t, 0)
}

// A Permanent that is closed while its name is looked up leaves nothing behind.
func TestCloseWhileLookingUp(t *testing.T) {
	w := transporttest.NewWorld(t)
	r := &moving{answers: make(chan []netip.Addr)}
	var states []link.State
	p, err := link.NewPermanent(w.Loop, func(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
		return open.Opener{Resolver: r}.Dial(l, address.Address{Scheme: address.TCP, Host: "service.example", Port: 1}, transport.Options{}, h)
	}, link.PermanentOptions{OnState: func(st link.Status) { states = append(states, st.State) }})
	require.NoError(t, err)
	w.For(time.Millisecond)
	p.Close()
	w.Until("it is closed", func() bool { return count(states, link.Closed) == 1 })
	close(r.answers)
	w.Idle()
}

// The hot path of a link that is up must not allocate.
func TestPermanentAllocations(t *testing.T) {
	for name, beat := range map[string]time.Duration{"": 0, "heartbeat": time.Hour} {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			c := &swallower{}
			p, err := link.NewPermanent(w.Loop, func(_ *reactor.Loop, h transport.Handler) (transport.Conn, error) {
				c.h = h
				return c, nil
			}, link.PermanentOptions{DoubtBytes: 10_000, DoubtTime: time.Hour, Heartbeat: link.Heartbeat{Interval: beat}})
			require.NoError(t, err)
			c.h.OnOpen(c)
			if beat > 0 {
				c.h.OnData(c, []byte("HELLO\n"))
			}
			require.Equal(t, link.Up, p.Status().State)
			m := message.New("STATUS").Set("detail", "20 bytes of something").SetInt("seq", 123)
			for range 1000 { // what grows once has grown now
				require.NoError(t, p.Send(m))
			}
			before := c.taken
			require.Zero(t, testing.AllocsPerRun(1000, func() {
				if p.Send(m) != nil {
					panic("it is not taken")
				}
			}))
			require.Greater(t, c.taken, before+1000*40)
			p.Abort(nil)
			w.Idle()
		})
	}
}

// swallower is a connection whose kernel takes everything at once.
type swallower struct {
	transport.Conn
	h     transport.Handler
	taken int
}

func (c *swallower) Write(p []byte) error           { c.taken += len(p); return nil }
func (c *swallower) Congested() bool                { return false }
func (c *swallower) Queued() int                    { return 0 }
func (c *swallower) SetHandler(h transport.Handler) { c.h = h }
func (c *swallower) Remote() address.Address        { return address.Address{} }
func (c *swallower) Stats() transport.Stats         { return transport.Stats{BytesOut: uint64(c.taken)} }
func (c *swallower) CloseWrite() error              { return nil }
func (c *swallower) Abort(err error)                { c.h.OnClose(c, err) }

// What a message costs on its way out, with and without the promise to tell its fate.
func BenchmarkSend(b *testing.B) {
	m := message.New("STATUS").Set("detail", "20 bytes of something").SetInt("seq", 123)
	b.Run("link", func(b *testing.B) {
		c := &swallower{}
		var l *link.Link
		h := link.NewServer(link.Options{OnOpen: func(k *link.Link) { l = k }}).Accept(c)
		h.OnOpen(c)
		b.ReportAllocs()
		for b.Loop() {
			_ = l.Send(m)
		}
	})
	b.Run("permanent", func(b *testing.B) {
		loop, err := reactor.New(reactor.Options{})
		require.NoError(b, err)
		defer loop.Close()
		c := &swallower{}
		p, err := link.NewPermanent(loop, func(_ *reactor.Loop, h transport.Handler) (transport.Conn, error) {
			c.h = h
			return c, nil
		}, link.PermanentOptions{})
		require.NoError(b, err)
		c.h.OnOpen(c)
		b.ReportAllocs()
		for b.Loop() {
			_ = p.Send(m)
		}
	})
}

// A dial that fails when it has begun to connect is one attempt: neither that connection nor what becomes of it is taken for the
// next one's.
func TestDialThatFailsLate(t *testing.T) {
	refusal := errors.New("not this one")
	for name, leave := range map[string]func(transport.Conn) error{
		"kept":     func(transport.Conn) error { return refusal },
		"aborted":  func(c transport.Conn) error { c.Abort(refusal); return refusal },
		"closed":   func(c transport.Conn) error { c.Close(); return refusal },
		"panicked": func(transport.Conn) error { panic("provoked") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, transporttest.Faults{})
			s.listen()
			const failures = 20
			dials := 0
			s.accept = func(*link.Link) { require.LessOrEqual(t, s.peer.Stats().Links, 2) }
			var err error
			s.p, err = link.NewPermanent(s.Loop, func(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
				c, err := s.net.Dial(l, s.at, s.transport, h)
				if dials++; dials == 1 {
					c.Abort(refusal) // the first dial is New's: its error would be, too
				} else if dials <= failures {
					return nil, leave(c)
				}
				return c, err
			}, s.options)
			require.NoError(t, err)
			s.until(link.Up)
			require.Equal(t, failures+1, dials)
			require.Equal(t, failures, count(s.states, link.Waiting))
			require.Equal(t, 1, count(s.states, link.Up))
			s.send("A", 1)
			s.received(1)
			s.end()
		})
	}
}
