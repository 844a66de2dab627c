package router

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/core/address"
	rules "github.com/ed-toolbox/ed/core/router"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
)

// drain is a connection in memory whose peer takes everything at once. Like those of sockets it lends room.
type drain struct {
	transport.Conn
	buffer  []byte
	taken   uint64
	handler transport.Handler
	keep    bool
	text    []byte // what was written, if it is to be kept
}

func (c *drain) Write(p []byte) error {
	c.buffer = append(c.buffer[:0], p...)
	c.Commit(c.buffer)
	return nil
}

func (c *drain) Commit(p []byte) {
	c.taken += uint64(len(p))
	if c.keep {
		c.text = append(c.text, p...)
	}
}

func (c *drain) Lend() []byte                        { return c.buffer[:0:cap(c.buffer)] }
func (c *drain) Congested() bool                     { return false }
func (c *drain) Queued() int                         { return 0 }
func (c *drain) Unacked() (int, bool)                { return 0, true }
func (c *drain) Stats() transport.Stats              { return transport.Stats{BytesOut: c.taken} }
func (c *drain) Local() address.Address              { return address.Address{} }
func (c *drain) Remote() address.Address             { return address.Address{} }
func (c *drain) Peer() (transport.Credentials, bool) { return transport.Credentials{}, false }
func (c *drain) Pause()                              {}
func (c *drain) Resume()                             {}
func (c *drain) Close() error                        { return nil }
func (c *drain) Abort(error)                         {}
func (c *drain) ID() uint64                          { return 1 }
func (c *drain) feed(text []byte)                    { c.handler.OnData(c, text) }
func (c *drain) register(n *node, name string) *drain {
	c.buffer = make([]byte, 0, 128<<10)
	n.do(func() {
		c.handler = n.d.accept(rules.LocalUnix, c)
		c.handler.OnOpen(c)
		c.feed([]byte("REGISTER service=" + name + ";version=1\nCOMMANDS list=HELP,MEASURE,READY\n"))
	})
	n.t.Cleanup(func() { n.do(func() { c.handler.OnClose(c, nil) }) })
	return c
}

// line64 is a message of 64 bytes with its line end.
const line64 = "alpha/MEASURE id=1234567;name=temperature;value=21.75;zone=nine\n"

// TestPathAllocatesNothing: a message from one service to another allocates nothing on its way from one connection to the other.
func TestPathAllocatesNothing(t *testing.T) {
	n := begin(t, "log_level=error")
	alpha, beta := new(drain).register(n, "alpha"), new(drain).register(n, "beta")
	for _, line := range []string{line64, strings.Replace(line64, "alpha", ".", 1)} { // a broadcast, too
		lines := bytes.Repeat([]byte(line), 500)
		eventually(t, "nothing else in the process allocates", func() bool {
			before, allocs := alpha.taken, 0.0
			n.do(func() { allocs = testing.AllocsPerRun(20, func() { beta.feed(lines) }) })
			require.Equal(t, uint64(21*500*(len("<n1:beta ")+len(line))), alpha.taken-before)
			return allocs == 0
		})
	}
}

// TestPathInPieces: however a stream is divided, and whatever is in it that does not pass at once, the same arrives.
func TestPathInPieces(t *testing.T) {
	n := begin(t, "log_level=error")
	alpha, beta := new(drain).register(n, "alpha"), new(drain).register(n, "beta")
	lines := []string{line64, "alpha/GO\n", "n1:alpha/GO x=1\n", "alpha/GO b=1;a=2\n", "alpha/GO transmission_report=failure\n", "ALIVE\n", "no message\n", "\n"}
	arrives := map[string]string{"alpha/GO b=1;a=2\n": "alpha/GO a=2;b=1\n", "ALIVE\n": "", "no message\n": "", "\n": ""}
	alpha.keep = true
	rapid.Check(t, func(rt *rapid.T) {
		var text []byte
		want := ""
		for _, line := range rapid.SliceOfN(rapid.SampledFrom(lines), 1, 400).Draw(rt, "lines") {
			text = append(text, line...)
			as, other := arrives[line]
			if !other {
				as = line
			}
			if as != "" {
				want += "<n1:beta " + as
			}
		}
		cuts := rapid.SliceOfN(rapid.IntRange(1, 5000), 1, 20).Draw(rt, "cuts")
		n.do(func() {
			alpha.text = alpha.text[:0]
			for i := 0; len(text) > 0; i++ {
				k := min(len(text), cuts[i%len(cuts)])
				beta.feed(bytes.Clone(text[:k]))
				text = text[k:]
			}
		})
		require.Equal(t, want, string(alpha.text))
	})
	got, pending := uint64(0), 0
	n.do(func() { got = alpha.handler.(*link.Link).Value().(*client).wire.given })
	n.do(func() { pending = alpha.handler.(*link.Link).Value().(*client).Pending() })
	require.Equal(t, alpha.taken, got, "the ledger knows all")
	require.LessOrEqual(t, pending, int(got))
}

// TestSocketsAllocateNothing: nor do the sockets on both sides.
func TestSocketsAllocateNothing(t *testing.T) {
	n := begin(t, "log_level=error")
	alpha, beta := n.service("alpha"), n.service("beta")
	alpha.sync()
	beta.sync()
	lines := bytes.Repeat([]byte(line64), 500)
	answer := make([]byte, 500*(len("<n1:beta ")+len(line64)))
	pass := func() {
		_, err := beta.c.Write(lines)
		require.NoError(t, err)
		for got := 0; got < len(answer); {
			n, err := alpha.r.Read(answer[got:])
			require.NoError(t, err)
			got += n
		}
	}
	eventually(t, "nothing else in the process allocates", func() bool {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 20 {
			pass()
		}
		runtime.ReadMemStats(&after)
		return after.Mallocs-before.Mallocs < 100 // of 10,000 messages: timers of both sides
	})
}

// BenchmarkPath is the way of a message through the router without the kernel: an operation is one message.
func BenchmarkPath(b *testing.B) {
	lines := bytes.Repeat([]byte(line64), 1000)
	if file := os.Getenv("PATH_LINES"); file != "" {
		text, err := os.ReadFile(file)
		require.NoError(b, err)
		lines = append([]byte("alpha/"), bytes.ReplaceAll(bytes.TrimSpace(text), []byte("\n"), []byte("\nalpha/"))...)
		lines = append(lines, '\n')
	}
	n := begin(b, "log_level=error")
	new(drain).register(n, "alpha")
	beta := new(drain).register(n, "beta")
	measurePath(b, n, beta, lines, bytes.Count(lines, []byte("\n")))
}

// BenchmarkPathBroadcast is that of a broadcast to 100 services; an operation is one delivery.
func BenchmarkPathBroadcast(b *testing.B) {
	n := begin(b, "log_level=error")
	for i := range 100 {
		new(drain).register(n, fmt.Sprintf("alpha%d", i))
	}
	beta := new(drain).register(n, "beta")
	measurePath(b, n, beta, bytes.Repeat([]byte(strings.Replace(line64, "alpha", ".", 1)), 100), 100*100)
}

// measurePath has beta send the lines, which are so many operations, again and again. The processor time is that of the thread, as
// other work on the machine does not count.
func measurePath(b *testing.B, n *node, beta *drain, lines []byte, count int) {
	b.ReportAllocs()
	n.do(func() {
		var before, after syscall.Rusage
		const thread = 1 // RUSAGE_THREAD
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		_ = syscall.Getrusage(thread, &before)
		b.ResetTimer()
		for left := b.N; left > 0; left -= count {
			for p := lines; len(p) > 0; {
				k := min(len(p), 64<<10)
				beta.feed(p[:k])
				p = p[k:]
			}
		}
		b.StopTimer()
		_ = syscall.Getrusage(thread, &after)
		cpu := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
		b.ReportMetric(float64(cpu)/float64((b.N+count-1)/count*count), "cpu-ns/op")
	})
}
