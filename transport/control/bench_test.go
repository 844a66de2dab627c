package control_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/control"
	"github.com/ed-toolbox/ed/transport/link"
)

// sink is a connection that takes everything and goes nowhere. As those of the transports it lends room to write to.
type sink struct {
	transport.Conn
	room []byte
}

var _ transport.Lender = sink{}

func (s sink) Lend() []byte { return s.room }
func (sink) Commit([]byte)  {}

func (sink) Write([]byte) error                  { return nil }
func (sink) Congested() bool                     { return false }
func (sink) SetHandler(transport.Handler)        {}
func (sink) ID() uint64                          { return 7 }
func (sink) Local() address.Address              { return address.FromUnix(address.Unix, "/run/echo.sock") }
func (sink) Remote() address.Address             { return address.FromUnix(address.Unix, "") }
func (sink) Peer() (transport.Credentials, bool) { return transport.Credentials{PID: 4711}, true }

// subject is a service without a network: bytes go in, and come out into nothing.
type subject struct {
	loop *reactor.Loop
	link *link.Link
	line []byte
}

// newSubject makes one: without a control socket, with one that nobody uses, or with a watcher.
func newSubject(b *testing.B, offer bool, o *inspect.WatchOptions) *subject {
	loop, err := reactor.New(reactor.Options{})
	require.NoError(b, err)
	b.Cleanup(func() { _ = loop.Close() })
	d := dispatch.New(dispatch.Options{})
	var reply message.Message
	require.NoError(b, d.On("ECHO", func(from dispatch.Sender, m *message.Message) error {
		reply.Repeat(m)
		return from.Send(&reply)
	}))
	server := link.NewServer(link.Options{Dispatcher: d})
	if offer {
		c, err := control.Serve(loop, control.Options{Dispatcher: d, Server: server, Path: b.TempDir() + "/c"})
		require.NoError(b, err)
		b.Cleanup(func() { _ = c.Close() })
		if o != nil {
			_, err := c.Tracer().Watch(*o)
			require.NoError(b, err)
		}
	}
	l := server.Accept(sink{room: make([]byte, 0, 64<<10)}).(*link.Link)
	return &subject{loop, l, []byte("<h:client ECHO name=users;serial=4711;tag=7\n")}
}

func (s *subject) message() { s.link.OnData(nil, s.line) }

// BenchmarkService is what a message and its answer cost a service, from the bytes to the bytes.
func BenchmarkService(b *testing.B) {
	for name, o := range map[string]*inspect.WatchOptions{
		"bare": nil, "unwatched": nil, "watched": {Rate: -1}, "filtered": {Filter: []string{"STOP"}}, "rate": {Rate: 1},
	} {
		b.Run(name, func(b *testing.B) {
			s := newSubject(b, name != "bare", o)
			b.ReportAllocs()
			for b.Loop() {
				s.message()
			}
		})
	}
}

// BenchmarkUnwatched compares a service with a control socket that nobody uses to one without, in turn and in slices short
// enough that the best of each met nothing else on the machine. "ratio" is the throughput of the first by that of the second.
func BenchmarkUnwatched(b *testing.B) {
	subjects := [2]*subject{newSubject(b, true, nil), newSubject(b, false, nil)}
	var best [2]time.Duration
	for b.Loop() {
		for i, s := range subjects {
			begin := time.Now()
			for range 500 {
				s.message()
			}
			if took := time.Since(begin); best[i] == 0 || took < best[i] {
				best[i] = took
			}
		}
	}
	b.ReportMetric(float64(best[0])/500, "ns/message")
	b.ReportMetric(float64(best[1])/float64(best[0]), "ratio")
}

// A service with a control socket allocates no more than one without: nothing.
func TestUnwatchedAllocatesNothing(t *testing.T) {
	s := startService(t, nil)
	s.on(func() {
		m := message.New("LOG_ROTATE")
		require.Zero(t, testing.AllocsPerRun(100, func() { s.commands.Dispatch(nil, m) }))
		require.False(t, s.commands.Traced())
	})
}
