package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
)

// TestHotPathAllocatesNothing: sending a window and taking the answers to it, in the words that were sent and in others.
func TestHotPathAllocatesNothing(t *testing.T) {
	for _, name := range []string{"as sent", "in other words"} {
		t.Run(name, func(t *testing.T) {
			s, err := newScript(wording{command: "BENCH"}, nil)
			require.NoError(t, err)
			w := &worker{plan: &plan{kind: kindRequest, window: 64, connections: 1, script: s, rate: rate{shape: closed}}, until: never, left: never, now: newInterval()}
			c := newClient(w, 0, s)
			c.remember()
			var in []byte
			exchange := func() {
				w.out, in = w.out[:0], in[:0]
				for range 64 {
					at := len(w.out)
					w.out = c.put(w.out, w.time, w.time)
					if name != "as sent" {
						in = append(in, "<a:b "...)
					}
					in = append(in, w.out[at:]...)
				}
				w.time += 1000
				c.take(in)
			}
			exchange() // the buffers grow
			require.Zero(t, testing.AllocsPerRun(100, exchange))
			require.Zero(t, c.inFlight)
			w.endRun()
			require.Equal(t, int64(102*64), w.now.service.TotalCount())
			require.Zero(t, w.now.wrongs)
		})
	}
}

// discard is a dispatch.Sender that takes all.
type discard struct{}

func (discard) Send(*message.Message) error { return nil }

// TestOtherPathsAllocateNothing: what is done for each message at a rate, one way, through a router, and by the service.
func TestOtherPathsAllocateNothing(t *testing.T) {
	t.Setenv("ED_VERIFY", "0") // the loop's checks allocate
	loop, err := reactor.New(reactor.Options{})
	require.NoError(t, err)
	defer loop.Close()
	// begin makes a worker with one client that writes to a sink. Its clock is moved on by hand.
	begin := func(p plan) (*worker, *client, *sink) {
		s, err := newScript(wording{command: "PUB", stamps: p.oneWay()}, nil)
		require.NoError(t, err)
		p.script, p.connections, p.catchUp = s, 1, true
		w := &worker{plan: &p, loop: loop, begin: time.Now(), until: never, ends: never, left: never, phase: sending, now: newInterval(), free: ready{ring: make([]*client, 1)}}
		c := newClient(w, 0, s)
		c.remember()
		out := &sink{}
		c.conn, c.open = out, true
		w.clients = []*client{c}
		w.schedule = newSchedule(rate{from: 64_000, to: 64_000}, 0, time.Hour, 0, 0, 1, nil)
		w.head = w.schedule.next()
		w.free.push(c)
		return w, c, out
	}
	check := func(name string, f func()) {
		t.Run(name, func(t *testing.T) {
			for range 20 { // the buffers grow
				f()
			}
			require.Zero(t, testing.AllocsPerRun(100, f))
		})
	}
	w, c, out := begin(plan{kind: kindRequest})
	check("at a rate", func() {
		w.begin = w.begin.Add(-time.Millisecond)
		w.pump()
		w.time = w.clock()
		c.take(out.got)
		out.got = out.got[:0]
	})
	require.Zero(t, c.inFlight)
	require.Greater(t, w.now.recorded, uint64(120*60))
	way, one, out1 := begin(plan{kind: kindPub})
	way.flushing = true // there is no turn that could end
	check("one way", func() {
		way.begin = way.begin.Add(-time.Millisecond)
		way.pump()
		way.OnTurnEnd()
		way.flushing = true
		out1.got = out1.got[:0]
	})
	require.Empty(t, one.way.queue)
	require.Greater(t, way.now.recorded, uint64(120*60))
	_, from, out2 := begin(plan{kind: kindRouter})
	r := newReceiver(from, 0)
	check("through a router", func() {
		for range 64 {
			from.issue(0, 0)
		}
		r.take(out2.got)
		out2.got = out2.got[:0]
	})
	require.Zero(t, from.inFlight)
	require.Zero(t, from.w.now.wrongs)
	m, err := message.Parse([]byte("PUB at=123456789012;due=123456789012;seq=600000000000"))
	require.NoError(t, err)
	service := &serving{tallies: tallies{}}
	check("the service", func() {
		_ = service.count(discard{}, m)
		_ = service.echo(discard{}, m) // discard has no errors
	})
	require.Equal(t, uint64(2*121), service.messages)
}
