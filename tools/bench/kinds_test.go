package bench

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/bench/report"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
)

func met(t *testing.T, r *report.Report) {
	t.Helper()
	for _, c := range r.Expect {
		require.True(t, c.Met, "%s, found %s; %v", c.Text, c.Found, r.Notes)
	}
}

const nothingWrong = "loss=0,dup=0,order=0,wrong=0,failed=0"

// TestRouter: pairs of services that talk through a router, one in flight and pipelined.
func TestRouter(t *testing.T) {
	t.Parallel()
	where, packets := service(t, "unix", "--router"), service(t, "unixpacket", "--router")
	for _, shape := range [][]string{
		{"--rate", "max", "-n", "100"},
		{packets, "--rate", "max", "-n", "100", "-w", "5", "-c", "2"},
		{"--rate", "max", "-w", "1000", "-n", "20000"},
		{"--rate", "500/s", "-w", "10", "-n", "60", "-c", "3", "--workers", "2"},
		{"--rate", "max", "-n", "100", "-m", "LOCK tag=5", "-s", "200"},
		{"--rate", "max", "-n", "100", "-m", "ALIVE"}, // which a service answers itself, and a router does not when it is for another
	} {
		where := where
		if shape[0] == packets {
			where, shape = packets, shape[1:]
		}
		r, err := measure(t, append([]string{"router", where, "-d", "1m", "--warmup", "0", "-e", nothingWrong}, shape...)...)
		require.NotNil(t, r, err)
		met(t, r)
		require.NotZero(t, r.Counts.Received)
		require.Equal(t, r.Counts.Sent, r.Counts.Received)
		require.Equal(t, r.Counts.Received, r.Response.Count)
	}
	// What loses messages is found out.
	r, err := measure(t, "router", service(t, "unix", "--router", "--fault", "drop=5%"), "-r", "max", "-w", "20", "-n", "400", "--warmup", "0", "--answer-in", "300ms")
	require.NotNil(t, r, err)
	require.Equal(t, uint64(20), r.Counts.Lost)
	require.Equal(t, uint64(380), r.Counts.Received)
}

// TestFanout: one sender, many receivers.
func TestFanout(t *testing.T) {
	t.Parallel()
	where := service(t, "unix", "--router")
	packets := service(t, "unixpacket", "--router")
	for _, shape := range [][]string{{where, "--rate", "500/s"}, {where, "--rate", "max", "-w", "50"}, {packets, "--rate", "500/s", "-w", "5"}} {
		r, err := measure(t, append([]string{"fanout", "-c", "5", "-n", "80", "-d", "1m", "--warmup", "0", "-e", nothingWrong}, shape...)...)
		require.NotNil(t, r, err)
		met(t, r)
		require.Equal(t, uint64(80), r.Counts.Sent)
		require.Equal(t, uint64(400), r.Counts.Received)
		require.Equal(t, 5, r.Load.Receivers)
	}
	// A service that registers nobody.
	_, err := measure(t, "fanout", service(t, "unix", "--fault", "drop=100%"), "--timeout", "50ms")
	require.Equal(t, toolkit.Timeout, toolkit.KindOf(err), err)

	// Nobody at all.
	_, err = measure(t, "fanout", service(t, "unix", "--fault", "drop=100%")+"x")
	require.Equal(t, toolkit.Unavailable, toolkit.KindOf(err))
}

// TestConnect opens connections, at a rate, at once, and keeps them.
func TestConnect(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"tcp", "unix", "unixpacket"} {
		where := service(t, scheme)
		for _, shape := range [][]string{{"--rate", "500/s"}, {"--rate", "max", "--workers", "2"}, {"--rate", "max", "--hold"}} {
			r, err := measure(t, append([]string{"connect", where, "-n", "60", "-d", "1m", "--warmup", "0", "-e", "failed=0,loss=0"}, shape...)...)
			require.NotNil(t, r, err)
			met(t, r)
			require.Equal(t, uint64(60), r.Counts.Received)
			require.Equal(t, uint64(60), r.Response.Count)
		}
	}
}

// TestIdleConnections beside the busy ones.
func TestIdleConnections(t *testing.T) {
	t.Parallel()
	r, err := measure(t, "request", service(t, "unix"), "-r", "max", "-n", "100", "--warmup", "0", "--idle", "150", "-e", nothingWrong)
	require.NotNil(t, r, err)
	met(t, r)
	require.Equal(t, 150, r.Load.Idle)
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"request"}, {"request", ""}, {"serve", ":1", ""}, {"request", "a", "b"}, {"request", ":1", "-c", "0"}, {"request", ":1", "-w", "-1"}, {"request", ":1", "--workers", "0"},
		{"request", ":1", "--workers", "1025"}, {"request", ":1", "-c", "1000", "-w", "1048576"},
		{"request", ":1", "-s", "70000"}, {"request", ":1", "-s", "0"}, {"request", ":1", "-d", "0"}, {"request", ":1", "-n", "0"}, {"request", ":1", "--burst", "-1"},
		{"request", ":1", "-m", "A", "-f", "x"}, {"request", ":1", "-m", "lower"}, {"request", ":1", "-m", "A", "-p", "x"}, {"request", ":1", "-f", "x", "-p", "a=b"},
		{"request", ":1", "--template", "{{.X}}"}, {"request", ":1", "--template", "{{"}, {"request", ":1", "--template", "{{.N}}"},
		{"request", ":1", "-r", "max", "--arrival", "poisson"}, {"request", ":1", "-r", "max", "-w", "0"}, {"request", "exec:cat"}, {"request", "fifo:x"},
		{"request", "udp://127.0.0.1:1", "-s", "2000"}, {"request", "udp://127.0.0.1:1", "--idle", "5"}, {"request", ":1", "--max-datagram", "0"},
		{"connect", "udp://127.0.0.1:1"}, {"connect", ":1", "--hold"}, {"fanout", "udp://127.0.0.1:1"}, {"router", ":1", "--seq", "none"},
		{"serve"}, {"serve", "exec:cat"}, {"serve", ":1", "--fault", "x"}, {"request", ":1", "-c", "999999"}, {"request", ":1", "-e", "change.p99<10%"}, {"request", ":1", "--pid", "-1"},
		{"request", ":1", "--pid", "9999999"}, {"request", ":1", "-r", "max", "-e", "rate>=99%"}, {"pub", ":1", "-r", "max", "-e", "late.p99<1ms"},
		{"request", ":1", "-e", "delivery.p99<1ms"}, {"request", ":1", "-e", "service.loss=0"}, {"request", ":1", "-e", ","},
		{"request", ":1", "--burst", "0"}, {"request", ":1", "--seq", "pad"}, {"pub", ":1", "-w", "3"}, {"pub", ":1", "--seq", "at"}, {"pub", ":1", "--seq", "due"},
		{"request", ":1", "--reply", "not a command"}, {"request", ":1", "-o", "csv=/tmp/x", "-o", "json=/tmp/x"},
	} {
		w := toolkittest.New(t)
		err := w.Run(context.Background(), Command, append([]string{"bench"}, args...)...)
		require.Equal(t, toolkit.Usage, toolkit.KindOf(err), "%v: %v", args, err)
	}
	w := toolkittest.New(t)
	require.ErrorContains(t, w.Run(context.Background(), Command, "bench", "connect", ":1", "--hold", "-n", "9223372036854775807"), "1000000 connections at most")
	require.Equal(t, toolkit.NoInput, toolkit.KindOf(w.Run(context.Background(), Command, "bench", "request", ":1", "-f", "/nowhere")))
	require.Equal(t, toolkit.NoInput, toolkit.KindOf(w.Run(context.Background(), Command, "bench", "request", ":1", "-b", "/nowhere")))
	require.Equal(t, toolkit.Data, toolkit.KindOf(w.Run(context.Background(), Command, "bench", "request", ":1", "-b", "parts_test.go")))
	require.Equal(t, toolkit.Data, toolkit.KindOf(w.Run(context.Background(), Command, "bench", "request", ":1", "-b", "/dev/zero")))
}

// TestReportsByFIFO: one that nobody writes to is not waited for longer than the command lasts, and one that somebody reads takes a report.
func TestReportsByFIFO(t *testing.T) {
	t.Parallel()
	fifo := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(20*time.Millisecond, func() { cancel(&toolkit.Interrupted{Signal: os.Interrupt}) })
	err := toolkittest.New(t).Run(ctx, Command, "bench", "request", ":1", "-b", fifo)
	require.Equal(t, toolkit.Interrupt, toolkit.KindOf(err), "%v", err)

	reader, err := os.OpenFile(fifo, os.O_RDWR, 0)
	require.NoError(t, err)
	defer reader.Close()
	require.NoError(t, toolkittest.New(t).Run(t.Context(), Command, "bench", "request", service(t, "unix"), "-n", "10", "-r", "max", "-o", "csv="+fifo))
	n, err := reader.Read(make([]byte, 1<<10))
	require.NoError(t, err)
	require.Positive(t, n)
}

// TestOutputsAreCheckedBefore: that a report cannot be written is known before the load. What is there stays, and what is not
// there does not come before the report.
func TestOutputsAreCheckedBefore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	there, missing := filepath.Join(dir, "there"), filepath.Join(dir, "missing")
	require.NoError(t, os.WriteFile(there, []byte("before"), 0o666))
	link, target := filepath.Join(dir, "link"), filepath.Join(dir, "target")
	require.NoError(t, os.Symlink(target, link))
	_, err := measure(t, "request", "unix:"+filepath.Join(dir, "nobody"), "-o", "csv="+filepath.Join(dir, "no", "dir"))
	require.Equal(t, toolkit.CantCreate, toolkit.KindOf(err))
	_, err = measure(t, "request", "unix:"+filepath.Join(dir, "nobody"), "-o", "csv="+there, "-o", "html="+missing, "-o", "json="+link)
	require.Equal(t, toolkit.Unavailable, toolkit.KindOf(err))
	text, err := os.ReadFile(there)
	require.NoError(t, err)
	require.Equal(t, "before", string(text))
	require.NoFileExists(t, missing)
	require.NoFileExists(t, target)

	// One that fails all the same does not cost the others.
	r, err := measure(t, "request", service(t, "unix"), "-n", "3", "--warmup", "0", "-o", "csv=/dev/full", "-o", "html="+missing)
	require.Equal(t, toolkit.CantCreate, toolkit.KindOf(err))
	require.NotNil(t, r)
	require.FileExists(t, missing)
}

// TestCountOfMany: the messages of --count are due in the time that the rate gives them, whenever they are answered, and those
// of workers that have nothing to do, or end sooner than others, are not lost.
func TestCountOfMany(t *testing.T) {
	t.Parallel()
	where := service(t, "unix")
	for _, args := range [][]string{{"-c", "2"}, {"-c", "8", "--workers", "8"}, {"-c", "1", "--burst", "2"}} {
		r, err := measure(t, append([]string{"request", where, "-r", "20/s", "-n", "3", "--warmup", "0", "-d", "1h"}, args...)...)
		require.NotNil(t, r, err)
		require.Equal(t, uint64(3), r.Counts.Received)
		require.InDelta(t, 20, r.Rate.Target, 0.01, args)
	}
	r, err := measure(t, "request", where, "-r", "max", "-n", "3", "-d", "1h", "-c", "8", "--workers", "8") // without a warm-up
	require.NotNil(t, r, err)
	require.Equal(t, uint64(3), r.Counts.Received)

	run := &runner{plan: &plan{}, workers: make([]*worker, 3), took: map[int]time.Duration{}, parts: map[int]*part{}, last: map[int]int{}, total: newInterval(), live: nil}
	for _, e := range []struct {
		worker, index int
		last          bool
	}{{0, warming, false}, {1, warming, true}, {0, 0, false}, {2, warming, false}, {0, 1, false}, {2, 0, true}, {0, 2, true}} {
		i := newInterval()
		i.index, i.last, i.due, i.length = e.index, e.last, 1, 1
		run.workers[e.worker] = &worker{spare: make(chan *interval, 4)}
		run.take(event{worker: e.worker, interval: i})
	}
	require.Equal(t, 3, run.ended)
	require.Empty(t, run.parts)
	require.Equal(t, uint64(4), run.total.due) // but those of the warm-up
	require.Len(t, run.seconds, 3)
}

// TestTimeOfMany: seconds that one worker after the other ends late do not make the time that was measured longer, and the rate lower.
func TestTimeOfMany(t *testing.T) {
	p := &plan{kind: kindRequest, rate: rate{shape: closed}, script: &script{lines: []line{{text: []byte("A\n")}}}}
	r := &runner{plan: p, env: toolkittest.New(t).Env, workers: make([]*worker, 2), took: map[int]time.Duration{}, parts: map[int]*part{}, last: map[int]int{}, total: newInterval()}
	for index := range 10 {
		for w := range 2 {
			i := newInterval()
			i.index, i.last, i.arrived = index, index == 9, 500
			i.length = int64(time.Second)
			if index%2 == w { // this one is late, and its next second is shorter
				i.length += int64(50 * time.Millisecond)
			} else {
				i.length -= int64(50 * time.Millisecond)
			}
			r.workers[w] = &worker{spare: make(chan *interval, 4)}
			r.take(event{worker: w, interval: i})
		}
	}
	out := r.report()
	require.Equal(t, 10*time.Second, out.Load.Duration)
	require.InDelta(t, 1000, out.Rate.Achieved, 0.01)
}
