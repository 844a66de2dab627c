package bench

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
)

// sink is a transport.Conn that takes all that is written.
type sink struct {
	transport.Conn
	got []byte
}

func (s *sink) Write(p []byte) error { s.got = append(s.got, p...); return nil }
func (s *sink) Congested() bool      { return false }
func (s *sink) Queued() int          { return 0 }

// closedClient is a client in a closed loop without a network.
func closedClient(t require.TestingT, size, window int) (*client, *sink) {
	s, err := newScript(wording{command: "BENCH", size: size}, nil)
	require.NoError(t, err)
	target, err := address.Parse("unix:x", address.Defaults{})
	require.NoError(t, err)
	p := &plan{kind: kindRequest, target: target, window: window, connections: 1, script: s, rate: rate{shape: closed}}
	w := &worker{plan: p, until: never, left: never, now: newInterval()}
	c := newClient(w, 0, s)
	c.remember()
	out := &sink{}
	c.conn, c.open = out, true
	return c, out
}

// figures are what a run would report of a client.
func figures(c *client) string {
	c.w.endRun()
	n := c.w.now
	return fmt.Sprintf("sent %d of %d bytes, in flight %d and %d, answered %d and %d, lost %d, overdue %d, duplicated %d, reordered %d, wrong %d, mean %.0f, highest %d, p50 %d",
		n.sent, c.w.bytesOut, c.inFlight, c.w.inFlight, n.recorded, n.arrived, n.lost, n.overdue, n.duplicated, n.reordered, n.wrongs,
		n.service.Mean(), n.service.Max(), n.service.ValueAtQuantile(50))
}

// TestNothingIsSentAfterTheEnd: a loop that is busy hears of the end late. One-way messages that it sent meanwhile would be lost, or arrive,
// without being among those that were sent.
func TestNothingIsSentAfterTheEnd(t *testing.T) {
	for _, prepare := range []func(c *client){
		func(*client) {},
		func(c *client) { c.echoes = newEchoes(c) },
		func(c *client) { c.packets = true },
	} {
		c, out := closedClient(t, 64, 4)
		prepare(c)
		c.w.until = 1000
		c.fill(1000)
		require.Empty(t, out.got)
		c.fill(999)
		require.Equal(t, 4, bytes.Count(out.got, []byte("BENCH ")))
		require.Equal(t, uint64(4), c.w.now.due)
	}
}

// TestEchoesAreNoOtherAccount: whatever a service answers, and in whatever pieces, the quick account and the slots say the
// same of it, and send the same.
func TestEchoesAreNoOtherAccount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size, window := rapid.SampledFrom([]int{16, 24, 64}).Draw(t, "size"), rapid.IntRange(1, 20).Draw(t, "window")
		quick, out := closedClient(t, size, window)
		if rapid.Bool().Draw(t, "single") {
			quick.w.plan.connections = mostRings
		}
		quick.echoes = newEchoes(quick)
		require.NotNil(t, quick.echoes)
		slots, same := closedClient(t, size, window)
		both := []*client{quick, slots}
		fates := rapid.SliceOfN(rapid.SampledFrom([]string{"right", "right", "right", "right", "right", "drop", "double", "swap", "garbage", "word", "limit"}), 0, 60).Draw(t, "fates")
		var in []byte
		told := 0
		for _, c := range both {
			c.fill(0)
		}
		for i, fate := range fates {
			require.Equal(t, string(same.got), string(out.got))
			lines := bytes.SplitAfter(out.got[told:], []byte("\n"))
			lines = lines[:len(lines)-1]
			if len(lines) == 0 {
				break
			}
			told += len(lines[0])
			switch fate {
			case "right":
				in = append(in, lines[0]...)
			case "double":
				in = append(append(in, lines[0]...), lines[0]...)
			case "swap":
				if len(lines) > 1 {
					told += len(lines[1])
					in = append(append(in, lines[1]...), lines[0]...)
				}
			case "garbage":
				in = append(in, "=?\n"...)
			case "word":
				in = append(append(in, "<a:b "...), lines[0]...)
			case "limit":
				in = append(append(in, bytes.Repeat([]byte("x"), 70_000)...), '\n')
			}
			n := rapid.IntRange(0, len(in)).Draw(t, "piece")
			for _, c := range both {
				c.w.time = int64(i+1) * 1000
				if n > 0 {
					c.take(bytes.Clone(in[:n]))
				}
				if i%7 == 6 {
					c.sweep(c.w.time, 20_000)
				}
				c.fill(c.w.time)
			}
			in = in[n:]
			require.Equal(t, figures(slots), figures(quick))
			if quick.echoes == nil {
				require.Equal(t, string(slots.inText), string(quick.inText))
			}
		}
		for _, c := range both {
			c.w.time = 1_000_000
			c.take(bytes.Clone(in))
			c.loseAll()
		}
		require.Equal(t, figures(slots), figures(quick))
	})
}

// TestEchoesStay: while the answers are right the slots are not needed, and nothing is allocated.
func TestEchoesStay(t *testing.T) {
	for name, connections := range map[string]int{"ring": 1, "single": mostRings} {
		t.Run(name, func(t *testing.T) {
			c, out := closedClient(t, 64, 64)
			c.w.plan.connections = connections
			c.echoes = newEchoes(c)
			require.Equal(t, name == "single", c.echoes.single)
			c.fill(0)
			exchange := func() {
				c.w.time += 1000
				half := len(out.got)/2 + 7
				for _, p := range [][]byte{out.got[:half], out.got[half:]} {
					c.take(p)
				}
				out.got = out.got[:0]
				c.fill(c.w.time)
			}
			exchange() // the buffers grow
			require.Zero(t, testing.AllocsPerRun(1000, exchange))
			require.NotNil(t, c.echoes)
			require.Equal(t, 64, c.inFlight)
			c.w.endRun()
			require.Equal(t, int64(1002*64), c.w.now.service.TotalCount())
			require.Zero(t, c.w.now.wrongs)
		})
	}
}

// TestWindowsAreFilledInTurns: the loop has other work, too, such as the answers to the first messages and Ctrl-C.
func TestWindowsAreFilledInTurns(t *testing.T) {
	const window = fillAtOnce / 65
	c, _ := closedClient(t, 64, window+1)
	w := c.w
	loop, err := reactor.New(reactor.Options{})
	require.NoError(t, err)
	defer loop.Close()
	w.loop, w.phase, w.begin, w.clients = loop, sending, time.Now(), []*client{c}
	for range 2 {
		more := newClient(w, len(w.clients), w.plan.script)
		more.remember()
		more.conn, more.open = &sink{}, true
		w.clients = append(w.clients, more)
	}
	w.fillFrom(0)
	require.Equal(t, window+1, w.inFlight)
	loop.BeforeWait(func() {
		if w.inFlight == 3*(window+1) {
			loop.Stop()
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	require.NoError(t, loop.Run(ctx))
	require.Equal(t, 3*(window+1), w.inFlight)
}

// TestNumber: the numbers in a row of messages are those that increment counts up to, however long they are.
func TestNumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(6, 17).Draw(t, "digits")
		size, count := n+rapid.IntRange(0, 9).Draw(t, "beside"), rapid.IntRange(0, 40).Draw(t, "messages")
		at := rapid.IntRange(0, size-n).Draw(t, "at")
		first := []byte(rapid.StringMatching(fmt.Sprintf("[0-9]{%d}9*", n/2)).Draw(t, "first") + "99999999999999999")[:n]
		want, next := bytes.Repeat([]byte{'.'}, size*count), bytes.Clone(first)
		got := bytes.Clone(want)
		for p := want; len(p) > 0; p = p[size:] {
			copy(p[at:], next)
			increment(next)
		}
		number(got, at, size, first)
		require.Equal(t, string(want), string(got))
		require.Equal(t, string(next), string(first))
	})
}

// BenchmarkClosedLoop is what the generator does itself for a message of a closed loop at window 64: writing it, and taking
// the answer.
func BenchmarkClosedLoop(b *testing.B) {
	for _, name := range []string{"echoes", "single", "slots"} {
		b.Run(name, func(b *testing.B) {
			c, out := closedClient(b, 64, 64)
			if name == "single" {
				c.w.plan.connections = mostRings
			}
			if name != "slots" {
				c.echoes = newEchoes(c)
			}
			c.fill(0)
			b.ReportAllocs()
			for n := 0; n < b.N; n += 64 {
				c.w.time += 1000
				c.take(out.got)
				out.got = out.got[:0]
				c.fill(c.w.time)
			}
		})
	}
}
