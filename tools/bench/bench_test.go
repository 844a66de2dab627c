package bench

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ed-toolbox/ed/tools/bench/report"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

func TestMain(m *testing.M) {
	transporttest.Prepare()
	goleak.VerifyTestMain(m)
}

// limit bounds every wait. It is reached only when something is wrong.
const limit = 40 * time.Second

// service runs `ed bench serve` with these options until the test ends and returns its address.
func service(t *testing.T, scheme string, options ...string) string {
	t.Helper()
	where := scheme + ":" + filepath.Join(t.TempDir(), "s")
	if scheme == "udp" || scheme == "tcp" {
		where = scheme + "://127.0.0.1:0"
	}
	w := toolkittest.New(t)
	ctx, cancel := context.WithCancelCause(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx, Command, append([]string{"bench", "serve", where}, options...)...) }()
	t.Cleanup(func() {
		cancel(errStopped)
		if err := <-done; err != nil { // nil: after --timeout
			require.ErrorIs(t, err, errStopped)
		}
	})
	var bound string
	require.Eventually(t, func() bool {
		_, after, ok := strings.Cut(w.Err.String(), "listening on ")
		bound, _, _ = strings.Cut(after, "\n")
		return ok && bound != ""
	}, limit, time.Millisecond, w.Err)
	return bound
}

var errStopped = toolkit.Errorf(toolkit.Interrupt, "stopped by the test")

// measure runs a load and returns its report, and the error that the command ends with.
func measure(t *testing.T, args ...string) (*report.Report, error) {
	t.Helper()
	w := toolkittest.New(t)
	err := w.Run(context.Background(), Command, append([]string{"bench"}, append(args, "-q", "-o", "json")...)...)
	if w.Out.String() == "" {
		return nil, err
	}
	r, readErr := report.Read(strings.NewReader(w.Out.String()))
	require.NoError(t, readErr, w.Out)
	return r, err
}

// TestEveryMedium: a load over each carrier loses nothing, in an open loop and in a closed one.
func TestEveryMedium(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"tcp", "unix", "udp", "unixgram", "unixpacket"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			where := service(t, scheme)
			for _, shape := range [][]string{
				{"--rate", "2000/s", "--arrival", "poisson", "-c", "3", "-w", "2"},
				{"--rate", "max", "-c", "3", "-w", "8", "--workers", "2", "--warmup", "0"},
				{"--rate", "max", "-c", "2", "-w", "4", "--message", "ALIVE", "--warmup", "0"},
				{"--rate", "1000/s", "-s", "16", "-w", "0"},
				{"--rate", "500/s", "-s", "1000"},
				{"--rate", "500/s", "--seq", "none", "--burst", "10"},
			} {
				r, err := measure(t, append([]string{"request", where, "-n", "100", "-d", "1m", "--warmup", "10ms", "--answer-in", "10s", "-e", "loss=0,dup=0,order=0,wrong=0,failed=0"}, shape...)...)
				require.NotNil(t, r, err)
				for _, c := range r.Expect {
					require.True(t, c.Met, "%s: %s, found %s; %v", shape, c.Text, c.Found, r.Notes)
				}
				require.NotZero(t, r.Counts.Received)
				require.Equal(t, r.Counts.Sent, r.Counts.Received)
				require.Equal(t, r.Counts.Received, r.Response.Count)
				require.Equal(t, r.Counts.Received, r.Service.Count)
				require.LessOrEqual(t, r.Service.P50, r.Response.P50)
				if slices.Contains(shape, "--workers") { // it has no warm-up: all bytes count, those of line ends where there are some
					text := map[bool]uint64{true: 65, false: 64}[scheme == "tcp" || scheme == "unix"]
					require.Equal(t, text*r.Counts.Sent, r.Counts.BytesOut)
				}
			}
		})
	}
}

// TestOneWay: what is not answered is counted by the service.
func TestOneWay(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"tcp", "unix", "udp", "unixgram", "unixpacket"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			where := service(t, scheme)
			r, err := measure(t, "pub", where, "--answer-in", "30s", "-n", "60", "-d", "1m", "--warmup", "0", "-r", "500/s", "-c", "3", "--workers", "2", "-e", "loss=0,dup=0,order=0,delivery.max>0s")
			require.NotNil(t, r, err)
			require.True(t, r.Counts.LostKnown)
			for _, c := range r.Expect {
				require.True(t, c.Met, "%s, found %s", c.Text, c.Found)
			}
			require.Equal(t, uint64(60), r.Delivery.Count)
			require.Equal(t, r.Counts.Sent, r.Response.Count)

			// Other messages are not counted, but over a stream the answer to the last one proves that all arrived.
			stream := scheme != "udp" && scheme != "unixgram"
			wait := map[bool]string{true: "30s", false: "100ms"}
			r, err = measure(t, "pub", where, "-d", "50ms", "--warmup", "0", "-m", "LOG_ROTATE", "-r", "200/s", "--answer-in", wait[stream])
			require.NotNil(t, r, err)
			require.Equal(t, stream, r.Counts.LostKnown)

			// As fast as the medium takes them: a datagram socket may take all there is, for ever.
			if scheme == "udp" {
				r, err = measure(t, "pub", where, "-d", "10ms", "--warmup", "5ms", "-r", "max", "-c", "2", "--answer-in", "10ms")
				require.NotNil(t, r, err)
				_, err = measure(t, "pub", where, "-d", "10ms", "--warmup", "5ms", "-r", "100M", "-c", "2", "--answer-in", "10ms")
				require.Equal(t, toolkit.Temporary, toolkit.KindOf(err))
			}
		})
	}
	where := service(t, "unix")
	r, err := measure(t, "pub", where, "-n", "2000", "-d", "1m", "--warmup", "0", "-r", "max", "-c", "2", "--answer-in", "30s", "-e", "loss=0,dup=0,order=0")
	require.NotNil(t, r, err)
	require.Greater(t, r.Counts.Received, uint64(1000))
	for _, c := range r.Expect {
		require.True(t, c.Met, "%s, found %s", c.Text, c.Found)
	}
}

// TestCoordinatedOmission is what the two times are for. The service stands still for 200 ms in each second: of the messages
// that were due meanwhile the generator could send only the few that the window allows. The service times hardly show the
// stall, the response times do. Other tests may keep the generator or the service from running: then it is tried again.
func TestCoordinatedOmission(t *testing.T) {
	t.Parallel()
	where := service(t, "unix", "--stall", "200ms:every1s")
	var r *report.Report
	for range 5 { // on a busy machine a stall may fall to where nothing could be sent
		var err error
		r, err = measure(t, "request", where, "-d", "2s", "--warmup", "200ms", "-r", "1000/s", "-c", "2", "-w", "1", "-e", "loss=0")
		require.NotNil(t, r, err)
		if r.Generator.Late.P99 < 50*time.Millisecond && r.Service.P99 < 100*time.Millisecond && r.Counts.Sent > r.Counts.Due/2 && r.Response.P90 > 30*time.Millisecond {
			break
		}
	}
	require.Greater(t, r.Response.P99, 120*time.Millisecond)
	require.Greater(t, r.Response.P90, 30*time.Millisecond)
	require.Less(t, r.Service.P99, 100*time.Millisecond)
	require.Greater(t, r.Service.Max, 100*time.Millisecond) // the few that were in flight
	require.Zero(t, r.Counts.Lost)
	require.Greater(t, r.Counts.Sent, r.Counts.Due/2) // what was held back went afterwards
	require.Greater(t, r.Generator.Held, uint64(200))
	require.Less(t, r.Generator.Late.P99, 100*time.Millisecond) // it was not the generator's fault

	// Left out instead of sent afterwards.
	r, err := measure(t, "request", where, "-d", "1s", "--warmup", "100ms", "-r", "1000/s", "-c", "1", "--no-catchup")
	require.NotNil(t, r, err)
	require.Greater(t, r.Counts.Due-r.Counts.Sent, uint64(100))
	require.Equal(t, report.Invalid, r.Verdict)
}

// TestFaultsAreFound: a service that loses, doubles and swaps answers is found out, over streams and packets alike.
func TestFaultsAreFound(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"unix", "unixgram"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			with := func(fault, expect string, right func(c report.Counts) bool) {
				for wait := 500 * time.Millisecond; ; wait *= 2 { // on a slow machine an answer takes longer
					where := service(t, scheme, "--fault", fault)
					r, err := measure(t, "request", where, "-r", "max", "-n", "1000", "-d", "1m", "--warmup", "0", "-c", "1", "-w", "20", "--answer-in", wait.String(), "-e", expect)
					require.NotNil(t, r, err)
					require.Equal(t, toolkit.Threshold, toolkit.KindOf(err), err)
					require.Equal(t, uint64(1000), r.Counts.Sent)
					require.Equal(t, r.Counts.Sent, r.Counts.Received+r.Counts.Lost)
					if right(r.Counts) {
						return
					}
					require.Less(t, wait, 4*time.Second, "%+v", r.Counts)
				}
			}
			with("drop=2%", "loss=0", func(c report.Counts) bool { return c.Lost == 20 && c.Duplicated+c.Reordered == 0 })
			with("duplicate=2%", "dup=0", func(c report.Counts) bool { // the last one may come too late
				return (c.Duplicated == 20 || c.Duplicated == 19) && c.Lost+c.Reordered == 0
			})
			with("reorder=2%", "order=0", func(c report.Counts) bool { // the last one waits for one that does not come
				return c.Reordered == 19 && c.Lost == 1 && c.Duplicated == 0
			})

			where := service(t, scheme, "--fault", "drop=10%")
			r, err := measure(t, "pub", where, "-r", "max", "-n", "200", "--warmup", "0", "-c", "1", "-e", "loss<5%", "--answer-in", "5s")
			require.NotNil(t, r, err)
			require.Equal(t, toolkit.Threshold, toolkit.KindOf(err), err)
			require.Equal(t, uint64(20), r.Counts.Lost)

			// What was lost while it warmed up is not told, and nothing of an earlier run.
			r, err = measure(t, "pub", where, "-r", "2000/s", "-d", "100ms", "--warmup", "150ms", "-c", "1", "--answer-in", "5s")
			require.NotNil(t, r, err)
			require.InDelta(t, float64(r.Counts.Sent)/10, float64(r.Counts.Lost), 1)
			require.Equal(t, r.Counts.Sent, r.Counts.Received+r.Counts.Lost)
			require.Equal(t, r.Counts.Received, r.Delivery.Count)
		})
	}
}

// TestLateAnswers: an answer that comes after it was given up counts as late, not as lost.
func TestLateAnswers(t *testing.T) {
	t.Parallel()
	where := service(t, "unix", "--stall", "150ms:every250ms")
	late := uint64(0)
	for try := 0; late == 0 && try < 20; try++ { // a machine may be too busy to send much between two stalls
		r, err := measure(t, "request", where, "-d", "600ms", "--warmup", "0", "-r", "500/s", "-c", "2", "-w", "10", "--answer-in", "60ms")
		require.NotNil(t, r, err)
		require.Equal(t, r.Counts.Sent, r.Counts.Received+r.Counts.Lost)
		late = r.Counts.Late
	}
	require.NotZero(t, late)
}

// TestInvalid: a run that did not do what was asked for says so and ends with 75.
func TestInvalid(t *testing.T) {
	t.Parallel()
	where := service(t, "unix")
	r, err := measure(t, "request", where, "-r", "100M/s", "-d", "200ms", "--warmup", "0")
	require.Equal(t, toolkit.Temporary, toolkit.KindOf(err))
	require.Equal(t, report.Invalid, r.Verdict)
	require.Contains(t, r.Reasons[0], "the rate was not held")
	require.Less(t, r.Rate.Percent, 50.0)

	// Even if what is expected is not met either.
	_, err = measure(t, "request", where, "-r", "100M/s", "-d", "100ms", "--warmup", "0", "-e", "rate>=99%")
	require.Equal(t, toolkit.Temporary, toolkit.KindOf(err))

	// A service that does not know the message.
	r, err = measure(t, "request", where, "-m", "LEAK", "--reply", "LEAKED", "-r", "100/s", "-d", "100ms", "--warmup", "0", "--answer-in", "50ms")
	require.Equal(t, toolkit.Temporary, toolkit.KindOf(err))
	require.Contains(t, r.Reasons, "nothing was answered")
}

// TestWrongAnswers: what is not the expected answer is told.
func TestWrongAnswers(t *testing.T) {
	t.Parallel()
	where := service(t, "unix")
	r, err := measure(t, "request", where, "-m", "GREET", "--reply", "HELLO", "-r", "200/s", "-d", "100ms", "--warmup", "0", "-e", "wrong=0")
	require.NotNil(t, r, err)
	require.NotZero(t, r.Counts.Wrong)
	require.Contains(t, strings.Join(r.Notes, "\n"), "GREET seq=")
	require.Equal(t, toolkit.Temporary, toolkit.KindOf(err))
	require.Contains(t, strings.Join(r.Reasons, "; "), "no answer was HELLO, which --reply changes; the first: GREET seq=")
}

// TestTheServiceGoesAway: the run ends and is invalid.
func TestTheServiceGoesAway(t *testing.T) {
	t.Parallel()
	where := service(t, "unix", "--timeout", "2s")
	r, err := measure(t, "request", where, "-r", "200/s", "-d", "1h", "--warmup", "0")
	require.Equal(t, toolkit.Temporary, toolkit.KindOf(err))
	require.NotZero(t, r.Counts.Failed)
	require.NotZero(t, r.Counts.Received)
}

// TestInterrupted: Ctrl-C reports.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	where := service(t, "unix")
	w := toolkittest.New(t)
	ctx, cancel := context.WithCancelCause(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- w.Run(ctx, Command, "bench", "request", where, "-r", "500/s", "-d", "1h", "--warmup", "0", "-o", "json")
	}()
	require.Eventually(t, func() bool { return strings.Contains(w.Err.String(), "1s  ") }, limit, time.Millisecond)
	cancel(errStopped)
	require.ErrorIs(t, <-done, errStopped)
	r, err := report.Read(strings.NewReader(w.Out.String()))
	require.NoError(t, err)
	require.True(t, r.Interrupted)
	require.GreaterOrEqual(t, r.Load.Duration, 900*time.Millisecond)
	require.Less(t, r.Load.Duration, limit)
	require.NotZero(t, r.Counts.Received)
}

// TestInterruptedWhileSilent: who interrupts a load on a service that does not answer waits a second for its report, and not
// for --answer-in; what is in flight then is not called lost. In the warm-up nothing was measured.
func TestInterruptedWhileSilent(t *testing.T) {
	t.Parallel()
	where := peer(t, func([]byte) []byte { return []byte{} })
	for name, tt := range map[string]struct{ kind, rate, warmup, before string }{
		"rate":    {"request", "500/s", "0", "1s  "},
		"max":     {"request", "max", "0", "1s  "},
		"warm-up": {"request", "500/s", "1h", "warming up"},
		"pub":     {"pub", "500/s", "0", "1s  "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := toolkittest.New(t)
			if tt.warmup != "0" {
				w.Terminal(80)
			}
			ctx, cancel := context.WithCancelCause(context.Background())
			done := make(chan error, 1)
			go func() {
				args := []string{"bench", tt.kind, where, "-r", tt.rate, "-c", "2", "-d", "1h", "--warmup", tt.warmup, "--answer-in", "1h", "-o", "json"}
				if tt.kind == "request" {
					args = append(args, "-w", "3")
				}
				done <- w.Run(ctx, Command, args...)
			}()
			require.Eventually(t, func() bool { return strings.Contains(w.Err.String(), tt.before) }, limit, time.Millisecond)
			cancel(errStopped)
			require.ErrorIs(t, <-done, errStopped)
			r, err := report.Read(strings.NewReader(w.Out.String()))
			require.NoError(t, err)
			require.True(t, r.Interrupted)
			require.Zero(t, r.Counts.Lost)
			require.GreaterOrEqual(t, r.Generator.CPU, time.Duration(0))
			require.Less(t, r.Generator.GCs, uint32(1000))
			if tt.kind == "pub" {
				require.False(t, r.Counts.LostKnown)
				require.Zero(t, r.Load.Window)
			} else if tt.warmup == "0" {
				require.Equal(t, uint64(6), r.Counts.Sent)
				require.Contains(t, r.Notes, "in flight when it ended, neither received nor lost: 6")
			} else {
				require.Contains(t, w.Out.String(), `"seconds":[]`)
			}
		})
	}
}

// TestRecordedTraffic: messages from a file and of a template are sent in turn.
func TestRecordedTraffic(t *testing.T) {
	t.Parallel()
	where := service(t, "unix")
	file := filepath.Join(t.TempDir(), "day.jsonl")
	require.NoError(t, os.WriteFile(file, []byte(`{"command":"LOCK","parameters":{"tag":"7","text":"a;b"},"direction":"in"}
{"command":"LOCKED","direction":"out"}
cluckd/UNLOCK tag=8
`), 0o666))
	r, err := measure(t, "request", where, "-f", file, "-r", "max", "-n", "50", "--warmup", "0", "-e", "loss=0,wrong=0")
	require.NoError(t, err)
	require.Equal(t, 2, r.Load.Messages)
	require.Equal(t, `LOCK seq=999999999999;tag=7;text="a;b"`, r.Load.Message)

	r, err = measure(t, "request", where, "--template", `LOCK tag={{.N}}`, "-r", "max", "-w", "8", "-n", "20000", "--warmup", "0", "-e", "loss=0,wrong=0,order=0")
	require.NoError(t, err)
	require.Equal(t, rendered, r.Load.Messages)

	// ALIVE is answered with another command and its serial, in whatever company it comes.
	for _, text := range []string{"ALIVE serial=1\nLOCK tag=5\nALIVE serial=2\n", "ALIVE serial=1\nALIVE\n"} {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o666))
		for _, rate := range []string{"500/s", "max"} {
			r, err = measure(t, "request", where, "-f", file, "-r", rate, "-w", "4", "-n", "200", "-e", nothingWrong)
			require.NotNil(t, r, err)
			met(t, r)
			require.Equal(t, uint64(200), r.Counts.Received)
		}
	}
	_, err = measure(t, "request", where, "-f", filepath.Join("..", "..", "tests", "perf", "corpus.txt"), "-r", "max", "-w", "64", "-n", "20000", "--warmup", "0", "-e", "loss=0,wrong=0,order=0")
	require.NoError(t, err)
}

// TestSeries runs several loads, one after the other. On a machine that is busy with other tests a run may be called
// invalid: what is looked at does not depend on that.
func TestSeries(t *testing.T) {
	t.Parallel()
	where := service(t, "unix")
	r, err := measure(t, "request", where, "-r", "step:200,400/100ms", "--warmup", "0", "-e", "loss=0")
	require.NotNil(t, r, err)
	require.Len(t, r.Steps, 2)
	require.InDelta(t, 60, float64(r.Counts.Due), 2)
	require.Equal(t, r.Steps[0].Counts.Received+r.Steps[1].Counts.Received, r.Counts.Received)
	require.Equal(t, r.Counts.Received, r.Response.Count)
	require.Equal(t, r.Steps[0].Generator.CPU+r.Steps[1].Generator.CPU, r.Generator.CPU)
	require.Equal(t, r.Counts.Sent, r.Generator.Late.Count)
	require.Positive(t, r.Generator.Busy)

	r, err = measure(t, "fanout", service(t, "unix", "--router"), "-c", "4", "-w", "0", "-r", "step:100,200/100ms", "--warmup", "0", "-e", "loss=0")
	require.NotNil(t, r, err)
	require.LessOrEqual(t, r.Rate.Percent, 100.1) // of 4 × the rate

	r, err = measure(t, "request", where, "-r", "step:100M,200/100ms", "--warmup", "0")
	require.Equal(t, toolkit.Temporary, toolkit.KindOf(err))
	require.Equal(t, report.Invalid, r.Steps[0].Verdict)

	r, err = measure(t, "request", where, "-r", "ramp:100..900/400ms", "--warmup", "0", "-e", "loss=0")
	require.NotNil(t, r, err)
	require.InDelta(t, 200, float64(r.Counts.Due), 3)

	slow := service(t, "unix", "--stall", "30ms:every33ms") // about 30 turns a second
	r, err = measure(t, "request", slow, "-r", "find:5..20k", "-d", "200ms", "--warmup", "0", "-c", "1")
	require.NotNil(t, r, err)
	require.Less(t, r.Found, 10000.0)
	require.NotEmpty(t, r.Steps)

	r, err = measure(t, "request", where, "-r", "find:100..200", "-d", "50ms", "--warmup", "0", "-e", "p50<1ns")
	require.Equal(t, toolkit.Threshold, toolkit.KindOf(err))
	require.LessOrEqual(t, len(r.Steps), 2) // one more where a busy machine made the first no measurement
}

// TestReportHasItsFields: the names in the JSON form are a promise.
func TestReportHasItsFields(t *testing.T) {
	t.Parallel()
	where := service(t, "unix")
	w := toolkittest.New(t)
	_ = w.Run(context.Background(), Command, "bench", "request", where, "-r", "200/s", "-d", "100ms", "--warmup", "0", "--json", "--pid", "1")
	require.Equal(t, 1, strings.Count(w.Out.String(), "\n"))
	var got map[string]any
	require.NoError(t, json.Unmarshal([]byte(w.Out.String()), &got))
	want := map[string][]string{
		"":           {"v", "kind", "address", "started", "verdict", "reasons", "notes", "interrupted", "load", "counts", "rate", "response", "service", "generator", "machine", "seconds", "expect"},
		"load":       {"loop", "rate", "arrival", "connections", "window", "workers", "size", "message", "messages", "duration_ns", "warmup_ns"},
		"counts":     {"due", "sent", "received", "lost", "lost_known", "duplicated", "reordered", "late", "wrong", "failed", "bytes_out", "bytes_in"},
		"rate":       {"target", "sent", "achieved", "percent"},
		"response":   {"count", "mean_ns", "min_ns", "p50_ns", "p90_ns", "p99_ns", "p999_ns", "p9999_ns", "max_ns", "histogram"},
		"service":    {"count", "p50_ns", "histogram"},
		"generator":  {"late", "late_over_1ms", "held", "cpu_ns", "cores", "busy", "gc_count", "gc_pause_ns", "gc_pause_max_ns"},
		"machine":    {"host", "os", "arch", "cpus", "go"},
		"seconds[0]": {"at_ns", "length_ns", "sent", "received", "response", "service", "heat"},
	}
	for part, names := range want {
		object := got
		switch {
		case part == "seconds[0]":
			object = got["seconds"].([]any)[0].(map[string]any)
		case part != "":
			object = got[part].(map[string]any)
		}
		for _, name := range names {
			require.Contains(t, object, name, part)
		}
	}
	require.Equal(t, 1.0, got["v"])
}
