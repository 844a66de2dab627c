package router

import (
	"bytes"
	"os"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	rules "github.com/ed-toolbox/ed/core/router"
	"github.com/ed-toolbox/ed/transport"
)

// drain is a connection in memory whose peer takes everything at once. Like those of sockets it lends room.
type drain struct {
	transport.Conn
	buffer  []byte
	taken   uint64
	handler transport.Handler
}

func (c *drain) Write(p []byte) error {
	c.buffer = append(c.buffer[:0], p...)
	c.taken += uint64(len(p))
	return nil
}

func (c *drain) Lend() []byte                        { return c.buffer[:0:cap(c.buffer)] }
func (c *drain) Commit(p []byte)                     { c.taken += uint64(len(p)) }
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
		c.feed([]byte("REGISTER service=" + name + ";version=1\nCOMMANDS list=HELP,READY\n"))
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
	lines := bytes.Repeat([]byte(line64), 500)
	eventually(t, "nothing else in the process allocates", func() bool {
		before, allocs := alpha.taken, 0.0
		n.do(func() { allocs = testing.AllocsPerRun(20, func() { beta.feed(lines) }) })
		require.Equal(t, uint64(21*500*(len("<n1:beta ")+len(line64))), alpha.taken-before)
		return allocs == 0
	})
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
	count := bytes.Count(lines, []byte("\n"))
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
