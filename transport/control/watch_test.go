package control_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport/control"
)

func TestWatchShowsWhatTravels(t *testing.T) {
	s := startService(t, nil)
	b, c := s.client(), s.visit()
	id, err := c.Watch(s.ctx(), inspect.WatchOptions{})
	require.NoError(t, err)
	s.echo(b, "<h:client ECHO serial=7;password=hush;n=\"a;b\"")

	out, err := c.Next(s.ctx())
	require.NoError(t, err)
	in, err := c.Next(s.ctx())
	require.NoError(t, err)
	require.Equal(t, dispatch.Out, out.Record.Direction)
	require.Equal(t, dispatch.Sent, out.Record.Outcome)
	r := in.Record
	require.Equal(t, id, r.Watch)
	require.Equal(t, `<h:client ECHO n="a;b";password=***;serial=7`, string(r.Text))
	require.Equal(t, 1, r.Hidden)
	require.Equal(t, "echo", r.Handler)
	require.Equal(t, dispatch.Handled, r.Outcome)
	require.Equal(t, out.Record.Link, r.Link)
	require.Equal(t, out.Record.Seq, r.Pair)
	require.Positive(t, r.Latency)
	require.Positive(t, r.Took)
	require.Less(t, r.Mono, out.Record.Mono, "the answer was sent after the question came")
	require.NotContains(t, string(out.Record.Text), "hush")
	require.Equal(t, "h:client/ECHO", string(out.Record.Text[:13]))

	reply, err := c.Do(s.ctx(), message.New("UNWATCH"))
	require.NoError(t, err)
	require.Equal(t, "UNWATCHED", reply.Command())
	matched, _ := reply.Get("matched")
	require.Equal(t, "2", matched)
	s.on(func() { require.False(t, s.commands.Traced()) })
}

func TestWatchEndsWithTheConnection(t *testing.T) {
	s := startService(t, nil)
	c := s.visit()
	_, err := c.Watch(s.ctx(), inspect.WatchOptions{})
	require.NoError(t, err)
	s.on(func() { require.True(t, s.commands.Traced()) })
	c.Close()
	s.eventually("the hook is out", func() bool { return !s.commands.Traced() })
}

// What a client sent is shown or told to be lost, whatever the watcher does.
func TestEveryMessageIsShownOrCounted(t *testing.T) {
	for name, o := range map[string]inspect.WatchOptions{
		"all":      {Rate: -1, Queue: 32 << 20},
		"slow":     {Rate: -1, Queue: 4096},
		"rate":     {Rate: 100},
		"filtered": {Filter: []string{"ECHO_TWO,direction=in"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := startService(t, nil)
			b, c := s.client(), s.visit()
			_, err := c.Watch(s.ctx(), o)
			require.NoError(t, err)
			const n = 3000
			began := time.Now()
			for i := range n {
				command := "ECHO_ONE"
				if i%3 == 0 {
					command = "ECHO_TWO"
				}
				require.NoError(t, b.Send(message.New(command).SetInt("n", int64(i))))
			}
			for range n {
				_, err := b.Recv(s.ctx())
				require.NoError(t, err)
			}
			_, err = c.Do(s.ctx(), message.New("ALIVE")) // what was queued comes before its answer, but for the last note
			require.NoError(t, err)
			want := uint64(2 * n)
			if name == "filtered" {
				want = n / 3
			}
			var shown, lost, last uint64
			for shown+lost < want {
				item, err := c.Next(s.ctx())
				require.NoError(t, err)
				switch {
				case item.Record != nil:
					shown++
					require.Greater(t, item.Record.Seq, last, "in order")
					last = item.Record.Seq
				case item.Lost != nil:
					lost += item.Lost.Sum()
					require.Equal(t, lost, item.Lost.Total)
				}
			}
			require.Equal(t, want, shown+lost)
			switch name {
			case "all", "filtered":
				require.Zero(t, lost)
			case "rate":
				require.LessOrEqual(t, float64(shown), 100*(2+time.Since(began).Seconds()), "a second's worth at once, and what time allows")
			}
		})
	}
}

// A watcher that never reads costs the service nothing but a bounded queue.
func TestWatcherThatNeverReads(t *testing.T) {
	s := startService(t, nil)
	c := s.visit()
	_, err := c.Watch(s.ctx(), inspect.WatchOptions{Rate: -1, Queue: 64 << 10})
	require.NoError(t, err)
	deaf := s.visit()
	require.NoError(t, deaf.Send(inspect.WatchOptions{Rate: -1, Queue: 64 << 10}.Message()))
	b := s.client()
	pad := string(make([]byte, 0)) + fmt.Sprintf("%01000d", 7)
	dropped := func() (n uint64) {
		s.on(func() {
			for _, w := range s.control.Tracer().Watchers() {
				n += w.Stats().Dropped.Slow
				require.LessOrEqual(t, w.Stats().Bytes, 64<<10)
			}
		})
		return n
	}
	for i := 0; dropped() == 0; i++ {
		require.Less(t, i, 5000)
		for range 50 {
			require.NoError(t, b.Send(message.New("ECHO").Set("pad", pad)))
		}
		for range 50 {
			_, err := b.Recv(s.ctx())
			require.NoError(t, err)
		}
	}
}

// One visitor has so many watches at most; when it gives up one it may begin another.
func TestWatchesOfOneVisitor(t *testing.T) {
	s := startService(t, nil)
	c := s.visit()
	for range 8 {
		reply, err := c.Do(s.ctx(), message.New("WATCH"))
		require.NoError(t, err)
		require.Equal(t, "WATCHING", reply.Command())
	}
	_, err := c.Do(s.ctx(), message.New("WATCH"))
	require.True(t, control.IsRefused(err), "%v", err)
	require.ErrorContains(t, err, "too many watches on one connection")
	_, err = c.Do(s.ctx(), message.New("UNWATCH").Set("watch", "1"))
	require.NoError(t, err)
	_, err = c.Do(s.ctx(), message.New("WATCH"))
	require.NoError(t, err)
}
