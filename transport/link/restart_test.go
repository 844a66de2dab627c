package link_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
	"github.com/ed-toolbox/ed/transport/tlsconn"
	"github.com/ed-toolbox/ed/transport/tlsconn/tlsconntest"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

// network is what a service can be reached by.
type network struct {
	listen func(*reactor.Loop, address.Address, transport.Options, transport.Accept) (transport.Listener, error)
	dial   func(*reactor.Loop, address.Address, transport.Options, transport.Handler) (transport.Conn, error)
}

// counter notes the serial numbers that reached any life of a service.
type counter struct {
	mu  sync.Mutex
	got []int64
}

func (c *counter) Dispatch(from dispatch.Sender, m *message.Message) dispatch.Outcome {
	if m.Command() == "ALIVE" {
		answer(from, m)
		return dispatch.Handled
	}
	serial, err := m.Int("serial")
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.got = append(c.got, serial)
	}
	return dispatch.Handled
}

func (c *counter) Traced() bool          { return false }
func (c *counter) Trace(*dispatch.Event) {}

func (c *counter) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.got)
}

// life is one run of a service, on a loop and a goroutine of its own, as a process would be.
type life struct {
	loop   *reactor.Loop
	at     address.Address
	server *link.Server
	ln     transport.Listener
	over   chan error
}

func live(t *testing.T, n network, at address.Address, c *counter) *life {
	l := &life{over: make(chan error, 1)}
	var err error
	l.loop, err = reactor.New(reactor.Options{})
	require.NoError(t, err)
	l.server = link.NewServer(link.Options{Dispatcher: c})
	l.ln, err = n.listen(l.loop, at, transport.Options{}, l.server.Accept)
	require.NoError(t, err)
	l.at = l.ln.Addr()
	go func() { l.over <- l.loop.Run(context.Background()) }()
	return l
}

// die ends it the hard way, in good order, or hard after it had stopped to read.
func (l *life) die(t *testing.T, how int) {
	abort := func() {
		for k := range l.server.Links() {
			k.Abort(nil)
		}
	}
	require.NoError(t, l.loop.Post(func() {
		l.ln.Close()
		switch how {
		case 0:
			abort()
		case 1:
			l.server.Close()
		case 2:
			for k := range l.server.Links() {
				k.Conn().Pause()
			}
			l.loop.After(3*time.Millisecond, "die", abort)
		}
	}))
	select {
	case err := <-l.over:
		require.NoError(t, err)
	case <-time.After(20 * time.Second):
		t.Fatal("the service did not end")
	}
	require.NoError(t, l.loop.Close())
}

// traffic sends numbered messages by a Permanent and notes what it reports.
type traffic struct {
	*transporttest.World
	p    *link.Permanent
	sent int64
	lost map[int64]error

	uncertain uint64 // of the lost
	timer     reactor.Timer
}

func startTraffic(w *transporttest.World, dial link.Dialer, o link.PermanentOptions) *traffic {
	f := &traffic{World: w, lost: map[int64]error{}}
	o.OnUndelivered = func(m *message.Message, why error) {
		serial, err := m.Int("serial")
		require.NoError(w.T, err)
		if f.lost[serial] != nil {
			w.T.Errorf("%d is reported twice", serial)
		}
		f.lost[serial] = why
		if errors.Is(why, link.ErrUncertain) {
			f.uncertain++
		}
	}
	var err error
	f.p, err = link.NewPermanent(w.Loop, dial, o)
	require.NoError(w.T, err)
	m := message.New("COUNT")
	f.timer = w.Loop.Every(time.Millisecond, "traffic", func(int) {
		for range 20 {
			m.SetInt("serial", f.sent)
			if err := f.p.Send(m); err != nil {
				require.ErrorIs(w.T, err, transport.ErrFull)
				return
			}
			f.sent++
		}
	})
	return f
}

// check is the delivery rule: each message arrived, was reported, or both if it was in doubt; none arrived twice.
func (f *traffic) check(c *counter) {
	t := f.T
	counts := f.p.Status().Counts
	require.Equal(t, uint64(f.sent), counts.Accepted)
	require.Zero(t, counts.Queued)
	require.Equal(t, counts.Accepted, counts.Sent+counts.Dropped+counts.Expired+counts.Abandoned)
	require.Equal(t, counts.Uncertain, f.uncertain)
	arrived := map[int64]bool{}
	last := int64(-1)
	for _, serial := range c.got {
		if serial <= last {
			t.Fatalf("%d arrived behind %d; earlier: %v", serial, last, arrived[serial])
		}
		arrived[serial], last = true, serial
	}
	missing := 0
	for serial := range f.sent {
		why, reported := f.lost[serial]
		switch {
		case !reported && !arrived[serial]:
			t.Fatalf("%d is neither here nor reported: %+v", serial, counts)
		case reported && !errors.Is(why, link.ErrUncertain) && arrived[serial]:
			t.Fatalf("%d arrived and was reported: %v", serial, why)
		case !arrived[serial] && errors.Is(why, link.ErrUncertain):
			missing++
		}
	}
	t.Logf("%d sent, %d arrived, %d uncertain, of which %d were lost; %d expired, %d dropped, %d abandoned", f.sent, len(arrived),
		counts.Uncertain, missing, counts.Expired, counts.Dropped, counts.Abandoned)
}

// TestRestarts: a service that is restarted a hundred times behind a Permanent, in all the ways that there are.
func TestRestarts(t *testing.T) {
	memory := func(f transporttest.Faults) network {
		n := transporttest.NewNetwork(f)
		return network{n.Listen, n.Dial}
	}
	real := network{open.Listen, open.Dial}
	ca := tlsconntest.NewCA(t)
	pair := ca.Issue([]string{"127.0.0.1"})
	config, err := tlsconn.New(tlsconn.Options{CertFile: pair.CertFile, KeyFile: pair.KeyFile, CAFile: ca.File})
	require.NoError(t, err)
	secure := func(n network) network {
		return network{
			func(l *reactor.Loop, a address.Address, o transport.Options, accept transport.Accept) (transport.Listener, error) {
				return tlsconn.Listen(l, n.listen, a, o, config, accept)
			},
			func(l *reactor.Loop, a address.Address, o transport.Options, h transport.Handler) (transport.Conn, error) {
				return tlsconn.Dial(l, n.dial, a, o, config, h)
			},
		}
	}
	tests := map[string]struct {
		network
		at string
		o  func(o *link.PermanentOptions)
	}{
		"tcp":     {real, "tcp://127.0.0.1:0", func(*link.PermanentOptions) {}},
		"unix":    {real, "unix:" + filepath.Join(t.TempDir(), "s"), func(*link.PermanentOptions) {}},
		"packets": {real, "unixpacket:" + filepath.Join(t.TempDir(), "p"), func(*link.PermanentOptions) {}},
		"tls":     {secure(real), "tls://127.0.0.1:0", func(*link.PermanentOptions) {}},
		"tls, heartbeat": {secure(real), "tls://127.0.0.1:0", func(o *link.PermanentOptions) {
			o.Heartbeat = link.Heartbeat{Interval: time.Millisecond, Timeout: time.Second}
			o.DoubtBytes = 600
		}},
		"tcp, heartbeat": {real, "tcp://127.0.0.1:0", func(o *link.PermanentOptions) {
			o.Heartbeat = link.Heartbeat{Interval: time.Millisecond, Timeout: time.Second}
			o.DoubtBytes = 600
		}},
		"memory": {memory(transporttest.Faults{}), "tcp://127.0.0.1:4040", func(o *link.PermanentOptions) { o.Queue.TTL = 4 * time.Millisecond }},
		"memory with faults": {memory(transporttest.Faults{Seed: 7, Jitter: time.Millisecond, Chunk: 100, Window: 3000, CutAfter: 20_000}), "tcp://127.0.0.1:4040",
			func(o *link.PermanentOptions) { o.Queue.Messages, o.Queue.DropOldest = 50, true }},
		"tls in memory with faults": {secure(memory(transporttest.Faults{Seed: 8, Jitter: time.Millisecond, Chunk: 100, Window: 3000, CutAfter: 20_000})), "tls://127.0.0.1:4040",
			func(*link.PermanentOptions) {}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			restarts := 100
			switch {
			case testing.Short():
				restarts = 20
			case strings.Contains(name, "memory"), name == "tls, heartbeat":
				restarts = 50
			}
			c := &counter{}
			s := live(t, tt.network, parse(t, tt.at), c)
			// A busy machine can keep a service from reading for longer than the usual DoubtTime.
			o := link.PermanentOptions{Pauses: link.Pauses{time.Millisecond}, DoubtTime: time.Hour}
			tt.o(&o)
			at := s.at
			f := startTraffic(w, func(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
				return tt.dial(l, at, transport.Options{HighMark: 16 << 10}, h)
			}, o)
			chance := rand.New(rand.NewPCG(1, 1))
			for i := range restarts {
				before := c.len()
				w.Until("there is traffic", func() bool { return c.len() > before+chance.IntN(60) })
				s.die(t, i%3)
				if i%5 == 0 {
					w.For(2 * time.Millisecond) // nobody is there
				}
				s = live(t, tt.network, at, c)
			}
			if !strings.HasSuffix(name, "heartbeat") { // else it is found out in the end, too
				before := c.len()
				w.Until("there is traffic", func() bool { return c.len() > before })
			}
			f.timer.Cancel()
			f.p.Close()
			w.Idle()
			s.die(t, 1)
			f.check(c)
		})
	}
}
