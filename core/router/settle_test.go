package router_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/router"
)

// slow is a connection whose queue goes out when the test says so.
type slow struct {
	memory
	out   uint64 // messages that the kernel has
	looks int    // how often that was asked
}

func (c *slow) Send(m *message.Message) error { return c.memory.Send(m) }
func (c *slow) Given() uint64                 { return uint64(len(c.lines)) }

func (c *slow) Gone(point uint64) bool {
	c.looks++
	return c.out >= point
}

// settler is a router with slow clients, and a clock.
type settler struct {
	t     *testing.T
	r     *router.Router
	now   time.Time
	conns map[string]*slow
	all   map[string]*router.Client
}

func newSettler(t *testing.T, names ...string) *settler {
	s := &settler{t: t, r: newRouter(t, router.Options{}), now: time.Unix(1768770000, 0), conns: map[string]*slow{}, all: map[string]*router.Client{}}
	for _, name := range names {
		c := &slow{}
		s.conns[name], s.all[name] = c, s.r.Opened(c, router.Origin{})
		s.say(name, "REGISTER service="+name+";version=1;settles=true")
		require.Equal(t, "<n1:communicatord READY my_address=127.0.0.1:4042;settles=true", c.lines[1])
		s.say(name, "COMMANDS list=RELOAD")
		s.drain(name)
	}
	return s
}

func (s *settler) say(name, line string) { s.t.Helper(); receive(s.t, s.r, s.all[name], line) }

// drain lets everything out to the client.
func (s *settler) drain(name string) { s.conns[name].out = s.conns[name].Given() }

// settled says whether the client got the answer, after a while.
func (s *settler) settled(name string, serial int) bool {
	for range 10 {
		s.now = s.now.Add(100 * time.Millisecond)
		s.r.Tick(s.now)
	}
	last := s.conns[name].lines
	return last[len(last)-1] == fmt.Sprintf("<n1:communicatord SETTLED serial=%d", serial)
}

func TestSettled(t *testing.T) {
	for name, tt := range map[string]struct {
		before []string        // what a says
		waits  map[string]bool // for whom the answer waits
		ends   string          // or it ends
		twice  bool            // a asks again before it hears
	}{
		"nothing said":     {},
		"one message":      {before: []string{"b/X"}, waits: map[string]bool{"b": true}},
		"many to one":      {before: []string{"b/X", "b/X", "b/X"}, waits: map[string]bool{"b": true}},
		"in turn":          {before: []string{"b/X", "c/X", "b/X"}, waits: map[string]bool{"b": true, "c": true}},
		"with a report":    {before: []string{"c/X transmission_report=failure"}, waits: map[string]bool{"c": true}},
		"a broadcast":      {before: []string{"*/RELOAD"}, waits: map[string]bool{"b": true, "c": true, "n2": true}},
		"to nobody":        {before: []string{"nobody/X"}},
		"who ends":         {before: []string{"b/X"}, ends: "b"},
		"asked twice":      {before: []string{"b/X"}, waits: map[string]bool{"b": true}, twice: true},
		"to another node":  {before: []string{"n2:z/X"}, waits: map[string]bool{"n2": true}},
		"to the router":    {before: []string{"SERVICE_STATUS service=b"}},
		"nothing of yours": {before: nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSettler(t, "a", "b", "c")
			if tt.waits["n2"] {
				s.conns["n2"] = &slow{}
				s.all["n2"] = s.r.Opened(s.conns["n2"], router.Origin{Kind: router.Remote, Remote: addr(t, "10.0.0.2:50000")})
				s.say("n2", "<n2:communicatord CONNECT my_address=10.0.0.2:4042;server_name=n2;version=1")
				s.drain("n2")
			}
			if name == "nothing of yours" { // others are not waited for
				s.say("a", "SETTLE serial=1") // the first asks for what came before, too
				require.True(t, s.settled("a", 1))
				s.say("c", "b/X")
			}
			for _, line := range tt.before {
				s.say("a", line)
			}
			s.drain("a")
			s.say("a", "SETTLE serial=7")
			serial := 7
			if tt.twice {
				s.say("a", "b/Y")
				s.say("a", "SETTLE serial=8")
				serial = 8
			}
			if tt.ends != "" {
				require.False(t, s.settled("a", serial))
				s.r.Closed(s.all[tt.ends], nil, router.Lost{Queued: 1})
			}
			for who := range tt.waits {
				require.False(t, s.settled("a", serial), "before %s has it", who)
				s.drain(who)
			}
			require.True(t, s.settled("a", serial), "%q", s.conns["a"].lines)
			for range 3 { // the same way again, short or not
				serial++
				for _, line := range tt.before {
					s.say("a", line)
				}
				s.say("a", fmt.Sprintf("SETTLE serial=%d", serial))
				for who := range tt.waits {
					require.False(t, s.settled("a", serial), "before %s has it", who)
					s.drain(who)
				}
				require.True(t, s.settled("a", serial))
			}
		})
	}
}

func TestSettleIsForThoseWhoSaidSo(t *testing.T) {
	s := newSettler(t, "a")
	c := &slow{}
	s.conns["b"], s.all["b"] = c, s.r.Opened(c, router.Origin{})
	s.say("b", "SETTLE serial=1")
	require.Equal(t, "INVALID command=SETTLE;message=REGISTER with settles=true comes first", c.lines[0])
	s.say("b", "REGISTER service=b;version=1")
	require.Equal(t, "<n1:communicatord READY my_address=127.0.0.1:4042", c.lines[2], "others see nothing of it")
	s.say("a", "SETTLE serial=x")
	require.Contains(t, s.conns["a"].lines[len(s.conns["a"].lines)-1], "INVALID command=SETTLE")

	s.say("a", "b/X")
	s.say("a", "SETTLE serial=5")
	s.r.Closed(s.all["a"], nil, router.Lost{})
	s.drain("b")
	n := len(s.conns["a"].lines)
	s.now = s.now.Add(time.Second)
	s.r.Tick(s.now)
	require.Len(t, s.conns["a"].lines, n, "who has gone is told nothing")
}

// TestSettleAskedOften would keep, and look at, one point for each question while a receiver does not read.
func TestSettleAskedOften(t *testing.T) {
	s := newSettler(t, "a", "b")
	for i := range 100 {
		s.say("a", "b/X")
		s.say("a", fmt.Sprintf("SETTLE serial=%d", i))
	}
	b := s.conns["b"]
	b.looks = 0
	s.now = s.now.Add(time.Second)
	s.r.Tick(s.now)
	require.Equal(t, 1, b.looks)
	b.out = b.Given() - 1
	require.False(t, s.settled("a", 99))
	s.drain("b")
	require.True(t, s.settled("a", 99))
}
