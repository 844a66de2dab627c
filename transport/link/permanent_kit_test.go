package link_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

// scene is a Permanent and its peer on one loop and a network in memory.
type scene struct {
	*transporttest.World
	net       *transporttest.Network
	at        address.Address
	options   link.PermanentOptions
	transport transport.Options
	p         *link.Permanent

	peer     *link.Server // nil while nobody listens
	listener transport.Listener
	accept   func(l *link.Link) // for each connection
	on       func(l *link.Link, m *message.Message)
	got      []string // what the peer received, without heartbeats

	states []link.State
	lost   []string // what was reported
	why    []error
}

func newScene(t *testing.T, f transporttest.Faults) *scene {
	s := &scene{World: transporttest.NewWorld(t), net: transporttest.NewNetwork(f)}
	s.at = address.FromAddrPort(address.TCP, netip.MustParseAddrPort("127.0.0.1:4040"))
	s.options.Pauses = link.Pauses{time.Millisecond}
	s.options.OnState = func(st link.Status) {
		require.Less(t, len(s.states), 10_000, "it spins")
		s.states = append(s.states, st.State)
	}
	s.options.OnUndelivered = func(m *message.Message, why error) {
		s.lost, s.why = append(s.lost, m.Command()), append(s.why, why)
	}
	return s
}

// start makes the Permanent.
func (s *scene) start() {
	s.T.Helper()
	var err error
	s.p, err = link.NewPermanent(s.Loop, func(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
		return s.net.Dial(l, s.at, s.transport, h)
	}, s.options)
	require.NoError(s.T, err)
}

// listen starts the peer.
func (s *scene) listen() {
	s.T.Helper()
	s.peer = link.NewServer(link.Options{Dispatcher: s, OnOpen: func(l *link.Link) {
		if s.accept != nil {
			s.accept(l)
		}
	}})
	var err error
	s.listener, err = s.net.Listen(s.Loop, s.at, transport.Options{}, s.peer.Accept)
	require.NoError(s.T, err)
}

// Dispatch is the peer's. It answers questions for its health unless it has something better to do.
func (s *scene) Dispatch(from dispatch.Sender, m *message.Message) dispatch.Outcome {
	switch {
	case m.Command() != "ALIVE":
		s.got = append(s.got, m.Command())
		if s.on != nil {
			s.on(from.(*link.Link), m)
		}
	case s.on != nil:
		s.on(from.(*link.Link), m)
	default:
		answer(from, m)
	}
	return dispatch.Handled
}

func (s *scene) Traced() bool          { return false }
func (s *scene) Trace(*dispatch.Event) {}

func answer(to dispatch.Sender, m *message.Message) {
	r := m.Reply("ABSOLUTELY")
	r.CopyParams(m)
	_ = to.Send(r)
}

// kill ends the peer as kill -9 does.
func (s *scene) kill() {
	s.T.Helper()
	require.NoError(s.T, s.listener.Close())
	for l := range s.peer.Links() {
		l.Abort(nil)
	}
	s.peer = nil
}

// send sends COMMAND0, COMMAND1 ….
func (s *scene) send(command string, n int) {
	s.T.Helper()
	for i := range n {
		require.NoError(s.T, s.p.Send(message.New(fmt.Sprintf("%s%d", command, i))))
	}
}

func (s *scene) until(want link.State) {
	s.T.Helper()
	s.Until("it is "+want.String(), func() bool { return s.p.Status().State == want })
}

func (s *scene) received(n int) {
	s.T.Helper()
	s.Until(fmt.Sprintf("%d messages arrive", n), func() bool { return len(s.got) >= n })
}

// end closes what there is; the loop must come to its end.
func (s *scene) end() {
	s.T.Helper()
	s.p.Close()
	s.until(link.Closed)
	if s.peer != nil {
		s.kill()
	}
	s.Idle()
	c := s.p.Status().Counts
	require.Zero(s.T, c.Queued)
	require.True(s.T, s.p.Status().Next.IsZero())
	require.Equal(s.T, c.Accepted, c.Sent+c.Dropped+c.Expired+c.Abandoned, "%+v", c)
	require.Equal(s.T, link.Closed, s.states[len(s.states)-1])
	require.ErrorIs(s.T, s.p.Send(message.New("LATE")), transport.ErrClosed)
}

func names(command string, from, to int) []string {
	var list []string
	for i := from; i < to; i++ {
		list = append(list, fmt.Sprintf("%s%d", command, i))
	}
	return list
}
