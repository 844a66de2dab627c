package router

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/service"
)

// fates are what became of numbered messages. It belongs to the loop of the services.
type fates struct {
	arrived   map[string]int
	uncertain map[string]int // told by the sender's own end
	reported  map[string]int // told by a router
}

// crew is some services of this process with a loop of their own.
type crew struct {
	t     *testing.T
	loop  *reactor.Loop
	at    address.Address
	fates fates
	all   map[string]*service.Service
}

func newCrew(t *testing.T, socket string) *crew {
	loop, err := reactor.New(reactor.Options{})
	require.NoError(t, err)
	at, err := address.Parse("unix:"+socket, address.Defaults{})
	require.NoError(t, err)
	c := &crew{t: t, loop: loop, at: at, all: map[string]*service.Service{}, fates: fates{map[string]int{}, map[string]int{}, map[string]int{}}}
	over := make(chan error, 1)
	loop.Every(time.Hour, "keeps it running", func(int) {})
	go func() { over <- loop.Run(context.Background()) }()
	t.Cleanup(func() {
		require.NoError(t, loop.Post(loop.Stop))
		require.NoError(t, <-over)
		require.NoError(t, loop.Close())
	})
	return c
}

// do calls f, which must not fail the test, on the loop.
func (c *crew) do(f func()) {
	c.t.Helper()
	done := make(chan struct{})
	require.NoError(c.t, c.loop.Post(func() { f(); close(done) }))
	select {
	case <-done:
	case <-time.After(patience):
		c.t.Fatal("the loop of the services does nothing")
	}
}

// join starts a service that notes what it gets and answers it.
func (c *crew) join(name string) {
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	d := dispatch.New(dispatch.Options{Logger: quiet})
	var err error
	c.do(func() {
		err = d.On("DONE", func(dispatch.Sender, *message.Message) error { return nil })
		err = errors.Join(err, d.On("TRANSMISSION_REPORT", func(_ dispatch.Sender, m *message.Message) error {
			command, _ := m.Get("command")
			c.fates.reported[strings.TrimPrefix(command, "DO_")]++
			return nil
		}))
		err = errors.Join(err, d.Add(dispatch.Match{Glob: "DO_*", Name: "numbered", Handler: func(from dispatch.Sender, m *message.Message) error {
			c.fates.arrived[strings.TrimPrefix(m.Command(), "DO_")]++
			return from.Send(m.Reply("DONE"))
		}}))
		s, failed := service.New(c.loop, service.Options{Name: name, Router: c.at, Dispatcher: d, Logger: quiet, Link: link.PermanentOptions{
			Pauses: link.Pauses{5 * time.Millisecond},
			// That something was sent long ago proves nothing: it is what the router says that counts.
			DoubtTime: time.Millisecond,
			Queue:     link.Queue{Messages: 100_000, Bytes: 64 << 20},
			OnUndelivered: func(m *message.Message, why error) {
				if number, ok := strings.CutPrefix(m.Command(), "DO_"); ok {
					c.fates.uncertain[number]++
				}
			},
		}})
		err = errors.Join(err, failed)
		c.all[name] = s
	})
	require.NoError(c.t, err)
}

// pause has a service read nothing, or go on.
func (c *crew) pause(name string, yes bool) {
	if l := c.all[name].Link().Link(); l != nil && yes {
		l.Conn().Pause()
	} else if l != nil {
		l.Conn().Resume()
	}
}

// registered counts services that are up.
func (c *crew) registered() (n int) {
	c.t.Helper()
	c.do(func() {
		for _, s := range c.all {
			if s.Registered() {
				n++
			}
		}
	})
	return n
}

// open counts messages of which nothing is known: each step-th of those from a number on.
func (c *crew) open(from, to, step int) (n int) {
	c.t.Helper()
	c.do(func() {
		for i := from; i < to; i += step {
			id := fmt.Sprint(i)
			if c.fates.arrived[id]+c.fates.uncertain[id]+c.fates.reported[id] == 0 {
				n++
			}
		}
	})
	return n
}

// TestKilledRouterLosesNothingUntold: routers are killed again and again while services send, and while much waits in the router
// for one that does not read. Each message arrives once, or its sender is told.
func TestKilledRouterLosesNothingUntold(t *testing.T) {
	socket := t.TempDir() + "/s"
	c := newCrew(t, socket)
	sent := 0
	until := time.Now().Add(lasting(t, 0))
	names := []string{"sender", "quick", "lazy"}
	for round := 0; round < 4 || time.Now().Before(until); round++ {
		p := spawn(t, nil, "unix_listen="+socket)
		for _, name := range names {
			if round == 0 {
				c.join(name)
			}
		}
		eventually(t, "all are registered", func() bool { return c.registered() == len(names) })
		c.do(func() { c.pause("lazy", round%2 == 0) })
		most, first := 1000+rand.IntN(1000), sent
		for burst := 0; burst < most; burst += 50 {
			var err error
			c.do(func() {
				for i := range 50 {
					m := message.New(fmt.Sprintf("DO_%d", sent)).Set("p", strings.Repeat("p", 900)).Set("transmission_report", "failure")
					m.SetService(names[1+i%2])
					err = errors.Join(err, c.all["sender"].Send(m))
					sent++
				}
			})
			require.NoError(t, err)
		}
		if round%2 == 0 { // what is for the lazy one is in the router, which has told the quick one all
			eventually(t, "the quick one has its part", func() bool { return c.open(first, sent, 2) == 0 })
		}
		require.NoError(t, p.cmd.Process.Signal(syscall.SIGKILL))
		<-p.over
		c.do(func() { c.pause("lazy", false) })
		eventually(t, "all have noticed", func() bool { return c.registered() == 0 })
	}
	spawn(t, nil, "unix_listen="+socket)
	eventually(t, "each has its fate", func() bool { return c.open(0, sent, 1) == 0 })
	lost := 0
	var f fates
	c.do(func() {
		f = fates{maps.Clone(c.fates.arrived), maps.Clone(c.fates.uncertain), maps.Clone(c.fates.reported)}
	})
	for i := range sent {
		id := fmt.Sprint(i)
		require.LessOrEqual(t, f.arrived[id], 1, "message %d arrived twice", i)
		// Both may tell of it: a router that is killed right after its report cannot say any more that it had read the message.
		require.LessOrEqual(t, f.uncertain[id], 1, "message %d was told of twice", i)
		require.LessOrEqual(t, f.reported[id], 1, "message %d was reported twice", i)
		require.False(t, f.reported[id] > 0 && f.arrived[id] > 0, "message %d arrived, and was reported", i)
		if f.arrived[id] == 0 {
			lost++
		}
	}
	require.NotZero(t, lost, "the routers were killed with something in their queues")
	t.Logf("%d messages, %d lost, %d reported, %d uncertain", sent, lost, len(f.reported), len(f.uncertain))
}
