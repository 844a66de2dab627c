package pipe_test

import (
	"testing"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/pipe"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// pairs makes a medium out of ready pairs of ends: its listener is in the test.
type pairs struct {
	t      *testing.T
	names  [2]address.Address // of the listener and of those who dial
	make   func() (client, server pipe.Ends, err error)
	opts   transport.Options
	accept transport.Accept
	stats  transport.ListenerStats
	closed bool
}

func (m *pairs) medium() transporttest.Medium {
	return transporttest.Medium{
		Listen: m.listen, Dial: m.dial,
		Refused: address.FromUnix(address.FIFO, "/nobody"),
		Without: map[string]string{"connect cancelled": "a ready descriptor does not connect: Close sends what was written"},
	}
}

func (m *pairs) listen(_ *reactor.Loop, o transport.Options, accept transport.Accept) (transport.Listener, error) {
	m.opts, m.accept, m.closed = o, accept, false
	return m, nil
}

func (m *pairs) dial(l *reactor.Loop, a address.Address, o transport.Options, h transport.Handler) (transport.Conn, error) {
	co := pipe.Options{Options: o, Local: m.names[1], Remote: a, HearOut: true}
	if m.closed || a != m.names[0] {
		return pipe.Failed(l, co, h, "connect", unix.ECONNREFUSED), nil
	}
	client, server, err := m.make()
	require.NoError(m.t, err)
	c, err := pipe.New(l, client.In, client.Out, co, h)
	require.NoError(m.t, err)
	left := 1
	if server.In != server.Out {
		left = 2
	}
	so := pipe.Options{Options: m.opts, Local: m.names[0], Remote: m.names[1], HearOut: true, Release: func(fd int) {
		require.NoError(m.t, unix.Close(fd))
		if left--; left == 0 {
			m.stats.Open--
		}
	}}
	over := m.opts.MaxConns > 0 && m.stats.Open >= m.opts.MaxConns
	m.stats.Open++
	s, err := pipe.New(l, server.In, server.Out, so, &transporttest.Recorder{T: m.t, Name: "refused"})
	require.NoError(m.t, err)
	var sh transport.Handler
	if !over {
		sh = m.accept(s)
	}
	if sh == nil {
		m.stats.Refused++
		s.Abort(nil)
		return c, nil
	}
	m.stats.Accepted++
	s.SetHandler(sh)
	return c, nil
}

func (m *pairs) Close() error                   { m.closed = true; return nil }
func (m *pairs) Addr() address.Address          { return m.names[0] }
func (m *pairs) Stats() transport.ListenerStats { return m.stats }

func TestConformPipes(t *testing.T) {
	transporttest.RunStream(t, func(t *testing.T) transporttest.Medium {
		m := &pairs{t: t, make: pipe.Pipes}
		m.names = [2]address.Address{address.FromUnix(address.FIFO, "/server"), address.FromUnix(address.FIFO, "/client")}
		return m.medium()
	})
}

func TestConformSocketpair(t *testing.T) {
	transporttest.RunStream(t, func(t *testing.T) transporttest.Medium {
		unnamed := address.FromUnix(address.Unix, "")
		return (&pairs{t: t, names: [2]address.Address{unnamed, unnamed}, make: func() (a, b pipe.Ends, err error) {
			fa, fb, err := pipe.Socketpair()
			return pipe.Ends{In: fa, Out: fa}, pipe.Ends{In: fb, Out: fb}, err
		}}).medium()
	})
}

// TestBackground: what is in the background keeps no loop alive, with either of its descriptors.
func TestBackground(t *testing.T) {
	o := transport.Options{Background: true}
	for name, open := range map[string]func(w *transporttest.World) (end func()){
		"pipes": func(w *transporttest.World) func() {
			near, far, err := pipe.Pipes()
			require.NoError(t, err)
			c, err := pipe.New(w.Loop, near.In, near.Out, pipe.Options{Options: o}, &transporttest.Recorder{T: w.T})
			require.NoError(t, err)
			return func() { c.Abort(nil); require.NoError(t, far.Close()) }
		},
		"FIFO": func(w *transporttest.World) func() {
			l, err := pipe.Listen(w.Loop, address.FromUnix(address.FIFO, w.T.TempDir()+"/fifo"), o, nil)
			require.NoError(t, err)
			return func() { require.NoError(t, l.Close()) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			end := open(w)
			w.Idle()
			require.NotEmpty(t, w.Loop.Sources())
			end()
			w.Idle()
		})
	}
}
