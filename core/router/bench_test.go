package router_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/router"
)

// nobody is a host that does nothing.
type nobody struct{}

func (nobody) Dial(address.Address)                                {}
func (nobody) SaveNeighbors([]address.Address)                     {}
func (nobody) SaveClusterStatus(bool, bool)                        {}
func (nobody) SaveLoad(address.Address, float64, message.Timespec) {}
func (nobody) RotateLog()                                          {}
func (nobody) Stopping(bool)                                       {}

// sink is a connection that encodes what it is sent, as a link does, and forgets it.
type sink struct {
	buffer []byte
	lines  int
}

func (s *sink) Send(m *message.Message) (err error) {
	s.lines++
	s.buffer, err = m.AppendText(s.buffer[:0])
	return err
}

func (s *sink) SpeaksText() bool { return true }

func (s *sink) SendText(line []byte) error {
	s.lines++
	s.buffer = append(s.buffer[:0], line...)
	return nil
}

func (s *sink) Close() error { return nil }
func (s *sink) Abort(error)  {}

func newRouter(t testing.TB, o router.Options) *router.Router {
	o.ServerName, o.Logger = "n1", slog.New(slog.DiscardHandler)
	r, err := router.New(o, nobody{}, time.Unix(1768770000, 0))
	require.NoError(t, err)
	return r
}

// service opens a registered client that announced commands.
func service(t testing.TB, r *router.Router, name, commands string) (*router.Client, *sink) {
	s := &sink{}
	c := r.Opened(s, router.Origin{Kind: router.LocalUnix})
	for _, line := range []string{"REGISTER version=1;service=" + name, "COMMANDS list=" + commands} {
		m, err := message.Parse([]byte(line))
		require.NoError(t, err)
		r.Receive(c, m)
	}
	require.Equal(t, name, c.Service())
	return c, s
}

// line64 is a message of 64 bytes with its line end.
const line64 = "receiver/MEASURE id=1234567;name=temperature;value=21.75;zone=9"

func TestForwardingAllocatesNothing(t *testing.T) {
	r := newRouter(t, router.Options{})
	from, _ := service(t, r, "sender", "HELP")
	_, to := service(t, r, "receiver", "HELP")
	m, line := &message.Message{}, []byte(line64)
	before := to.lines
	allocs := testing.AllocsPerRun(1000, func() {
		if err := m.Decode(line); err != nil {
			t.Fatal(err)
		}
		r.Receive(from, m)
	})
	require.Zero(t, allocs)
	require.Equal(t, before+1001, to.lines)
	require.Equal(t, "<n1:sender "+line64, string(to.buffer))
}

func TestBroadcastAllocatesNothingForEachReceiver(t *testing.T) {
	r := newRouter(t, router.Options{})
	from, _ := service(t, r, "sender", "HELP")
	for i := range 100 {
		service(t, r, fmt.Sprintf("receiver%d", i), "HELP,MEASURE")
	}
	m, line := &message.Message{}, []byte("./MEASURE value=21.75")
	allocs := testing.AllocsPerRun(100, func() {
		if err := m.Decode(line); err != nil {
			t.Fatal(err)
		}
		r.Receive(from, m)
	})
	require.LessOrEqual(t, allocs, 2.0)
}

func BenchmarkForward(b *testing.B) {
	r := newRouter(b, router.Options{})
	from, _ := service(b, r, "sender", "HELP")
	service(b, r, "receiver", "HELP")
	m, line := &message.Message{}, []byte(line64)
	b.ReportAllocs()
	for b.Loop() {
		if err := m.Decode(line); err != nil {
			b.Fatal(err)
		}
		r.Receive(from, m)
	}
}

func BenchmarkBroadcast(b *testing.B) {
	r := newRouter(b, router.Options{})
	from, _ := service(b, r, "sender", "HELP")
	for i := range 100 {
		service(b, r, fmt.Sprintf("receiver%d", i), "HELP,MEASURE")
	}
	m, line := &message.Message{}, []byte("./MEASURE id=1234567;name=temperature;value=21.75;zone=nine_12")
	b.ReportAllocs()
	for b.Loop() {
		if err := m.Decode(line); err != nil {
			b.Fatal(err)
		}
		r.Receive(from, m)
	}
	b.ReportMetric(float64(b.N)*100/b.Elapsed().Seconds(), "deliveries/s")
}

// BenchmarkForwardAmong has many services that talk to one another.
func BenchmarkForwardAmong(b *testing.B) {
	r := newRouter(b, router.Options{})
	const n = 1000
	var from []*router.Client
	var lines [][]byte
	for i := range n {
		c, _ := service(b, r, fmt.Sprintf("service%d", i), "HELP")
		from = append(from, c)
		lines = append(lines, fmt.Appendf(nil, "service%d/MEASURE id=1234567;name=temperature;value=21.75", (i*7+1)%n))
	}
	m := &message.Message{}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := m.Decode(lines[i*31%n]); err != nil {
			b.Fatal(err)
		}
		r.Receive(from[i%n], m)
	}
}
