package bench

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/tools/bench/report"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport"
)

// TestSizes: a message has the size that was asked for, and its number can be found in it.
func TestSizes(t *testing.T) {
	for _, size := range []int{0, 16, 17, 20, 22, 23, 24, 26, 27, 28, 64, 1024, 16384, 65536} {
		s, err := newScript(wording{command: "BENCH", size: size}, nil)
		require.NoError(t, err, size)
		l := s.lines[0]
		if size == 0 {
			size = defaultSize
		}
		require.Len(t, l.text, size+1)
		require.Equal(t, size, s.size())
		require.Equal(t, strings.Repeat("9", s.digits), string(l.text[l.seq:][:s.digits]))
		m, err := message.Parse(l.text[:size])
		require.NoError(t, err)
		require.Equal(t, "BENCH", m.Command())
		text, err := m.AppendText(nil)
		require.NoError(t, err)
		require.Equal(t, l.text[:size], text, "a service answers other bytes")
	}
	_, err := newScript(wording{command: "BENCH", size: 12}, nil)
	require.Equal(t, toolkit.Usage, toolkit.KindOf(err))
	m, err := message.Parse([]byte("LOCK tag=1;text=\"a;b seq=999999999999\";zeta=2"))
	require.NoError(t, err)
	s, err := newScript(wording{size: 100}, []*message.Message{m})
	require.NoError(t, err)
	require.Len(t, s.lines[0].text, 101)
	require.Contains(t, string(s.lines[0].text), "seq="+string(s.lines[0].text[s.lines[0].seq:][:12])+";")
	for _, text := range []string{"LOCK pad=", "LOCK pad=mine", `LOCK pad="mine;and=yours";tag=1`} {
		own, err := message.Parse([]byte(text))
		require.NoError(t, err)
		s, err := newScript(wording{size: 60}, []*message.Message{own})
		require.NoError(t, err)
		require.Len(t, s.lines[0].text, 61, "%s", s.lines[0].text)
	}
	_, err = newScript(wording{seq: "1x"}, []*message.Message{m})
	require.Equal(t, toolkit.Usage, toolkit.KindOf(err))
}

func TestStampsFit(t *testing.T) {
	s, err := newScript(wording{command: commandPub, stamps: true}, nil)
	require.NoError(t, err)
	l := s.lines[0]
	require.Len(t, l.text, defaultSize+1)
	require.Positive(t, l.at)
	require.Positive(t, l.due)
	s, err = newScript(wording{command: commandPub, stamps: true, size: 20}, nil)
	require.NoError(t, err)
	require.Equal(t, -1, s.lines[0].at)
	require.Len(t, s.lines[0].text, 21)

	require.Equal(t, int64(5), since(1_000_000_000_105, 100))
	require.Equal(t, int64(10), since(2_000_000_000_005, 999_999_999_995))
	require.Zero(t, since(100, 105)) // another clock
}

// TestNumbersComeBack: what a client shows of a number is enough to know it again, also after it wrapped around.
func TestNumbersComeBack(t *testing.T) {
	s, err := newScript(wording{command: "BENCH", size: 16}, nil)
	require.NoError(t, err)
	require.Equal(t, uint64(1_000_000), s.modulo)
	c := newClient(&worker{plan: &plan{kind: kindRequest, window: 1, connections: 1, script: s}}, 0, s)
	for _, next := range []uint64{0, 1, 899_999, 900_000, 950_000, 1_000_000, 5_123_456} {
		c.setNext(next)
		shown, ok := digits(c.digits[:s.digits])
		require.True(t, ok)
		require.Equal(t, next, c.number(shown))
		for _, back := range []uint64{1, 50, 400_000} {
			if back <= next {
				require.Equal(t, next-back, c.number((shown+s.modulo-back)%s.modulo))
			}
		}
		increment(c.digits[:s.digits])
		shown, _ = digits(c.digits[:s.digits])
		require.Equal(t, next+1, c.number(shown))
	}
	for _, text := range []string{"", "x", "1x", "-1"} {
		_, ok := digits([]byte(text))
		require.False(t, ok)
	}
}

func TestParseFault(t *testing.T) {
	f, err := parseFault("200ms:every2s", "drop=1%,reorder=0.5%")
	require.NoError(t, err)
	require.Equal(t, fault{stall: 200 * time.Millisecond, every: 2 * time.Second, drop: 0.01, reorder: 0.005}, f)
	f, err = parseFault("1:every 3", "")
	require.NoError(t, err)
	require.Equal(t, 3*time.Second, f.every)
	for _, stall := range []string{"5", "5:", "x:every1s", "1s:everyx", "1s:every1s", "0:every1s"} {
		_, err := parseFault(stall, "")
		require.Equal(t, toolkit.Usage, toolkit.KindOf(err), stall)
	}
	for _, faults := range []string{"drop", "drop=1", "drop=x%", "lose=1%", "drop=101%", "drop=-1%"} {
		_, err := parseFault("", faults)
		require.Equal(t, toolkit.Usage, toolkit.KindOf(err), faults)
	}
}

// peerOf is a dispatch.Sender that remembers what it was sent.
type peerOf struct{ got []string }

func (p *peerOf) Send(m *message.Message) error { p.got = append(p.got, m.Command()); return nil }

// TestReorderedForEachPeer: an answer waits for the next one to the same peer. A peer that does not ask again keeps no other's from it.
func TestReorderedForEachPeer(t *testing.T) {
	f := &faulty{fault: fault{reorder: 1}}
	gone, stays := &peerOf{}, &peerOf{}
	for i, to := range []*peerOf{gone, stays, stays, stays, stays} {
		require.NoError(t, f.send(to, message.New(string(rune('A'+i)))))
	}
	require.Empty(t, gone.got)
	require.Equal(t, []string{"C", "B", "E", "D"}, stays.got)
	f.forget(gone)
	require.Empty(t, f.kept)
	for range mostTallies {
		require.NoError(t, f.send(&peerOf{}, message.New("A")))
	}
	require.Len(t, f.kept, mostTallies)
	require.NoError(t, f.send(stays, message.New("F")))
	require.Len(t, f.kept, 1)
}

func TestParseOutputs(t *testing.T) {
	all, err := parseOutputs([]string{"json=x.json", "html=y=z.html"}, false)
	require.NoError(t, err)
	require.Equal(t, []output{{"json", "x.json"}, {"html", "y=z.html"}, {"text", ""}}, all)
	all, err = parseOutputs([]string{"csv"}, false)
	require.NoError(t, err)
	require.Equal(t, []output{{"csv", ""}}, all)
	all, err = parseOutputs(nil, true)
	require.NoError(t, err)
	require.Equal(t, []output{{"json", ""}}, all)
	all, err = parseOutputs([]string{"csv=-", "json=./-"}, false)
	require.NoError(t, err)
	require.Equal(t, []output{{"csv", ""}, {"json", "./-"}}, all)
	for _, texts := range [][]string{{"pdf"}, {"json="}, {"json", "csv"}, {"json", "csv=-"}, {"json=x", "csv=./x"}} {
		_, err := parseOutputs(texts, false)
		require.Equal(t, toolkit.Usage, toolkit.KindOf(err))
	}
}

func TestSparkline(t *testing.T) {
	require.Equal(t, "▁▃▅█", sparkline([]float64{0, 2, 4, 7}))
	require.Equal(t, "▁▁", sparkline([]float64{0, 0}))
	require.Empty(t, sparkline(nil))
}

// TestLive: a line that is drawn anew on a terminal, a line for each second elsewhere.
func TestLive(t *testing.T) {
	second := report.Second{Length: time.Second, Received: 2000, Response: report.Sample{P50: time.Millisecond, P99: 2 * time.Millisecond, Max: 5 * time.Millisecond}}
	w := toolkittest.New(t)
	l := &live{out: w.Env.Output(toolkit.Common{}), total: 2 * time.Second}
	l.second(second)
	require.Equal(t, "1s  2 000/s  p50 1.00ms  p99 2.00ms  max 5.00ms\n", w.Err.String())
	w = toolkittest.New(t)
	w.Terminal(120)
	l = &live{out: w.Env.Output(toolkit.Common{}), total: 2 * time.Second, terminal: w.Env.Stderr}
	l.second(second)
	require.Equal(t, "\r\x1b[K1s/2s  2 000/s  p50 1.00ms  p99 2.00ms  max 5.00ms  █", w.Err.String())
	l.phase("waiting") // so soon it is not drawn anew
	(*live)(nil).second(second)
	(*live)(nil).phase("waiting")

	// What there is no room for is the oldest.
	w = toolkittest.New(t)
	w.Terminal(60)
	l = &live{out: w.Env.Output(toolkit.Common{}), total: 2 * time.Second, terminal: w.Env.Stderr, rates: []float64{8000, 8000, 8000, 8000, 8000, 8000, 8000, 8000, 2000}}
	l.second(second)
	require.Equal(t, "\r\x1b[K1s/2s  2 000/s  p50 1.00ms  p99 2.00ms  max 5.00ms  "+"█████▃▃", w.Err.String())
	w = toolkittest.New(t)
	w.Terminal(60)
	l = &live{out: w.Env.Output(toolkit.Common{}), terminal: w.Env.Stderr, title: "step 1/2: "}
	l.phase("waiting")
	require.Equal(t, "\r\x1b[Kstep 1/2: waiting", w.Err.String())
}

// TestLiveOnADumbTerminal: what cannot draw a line anew gets one for each second.
func TestLiveOnADumbTerminal(t *testing.T) {
	w := toolkittest.New(t)
	w.Terminal(80)
	w.Vars["TERM"] = "dumb"
	require.NoError(t, w.Run(t.Context(), Command, "bench", "request", service(t, "unix"), "-r", "max", "-d", "20ms", "--warmup", "0"))
	require.Regexp(t, `^0s  [0-9 ]+/s  p50 .*\n$`, w.Err.String())
}

// TestLimitsAreCheckedBefore: nothing is dialled that cannot be opened.
func TestLimitsAreCheckedBefore(t *testing.T) {
	n, err := portRange("32768\t60999\n")
	require.NoError(t, err)
	require.Equal(t, 28232, n)
	for _, text := range []string{"", "1", "a b", "1 b"} {
		_, err := portRange(text)
		require.Error(t, err)
	}
	tcp, err := address.Parse("tcp://127.0.0.1:1", address.Defaults{})
	require.NoError(t, err)
	require.Equal(t, toolkit.Usage, toolkit.KindOf(checkPorts(tcp, 65537)))
	require.NoError(t, checkPorts(tcp, 10))
	unix, err := address.Parse("unix:x", address.Defaults{})
	require.NoError(t, err)
	require.NoError(t, checkPorts(unix, 65537))
	require.Equal(t, toolkit.Usage, toolkit.KindOf(checkDescriptors(1<<30, 1)))
	require.NoError(t, checkDescriptors(10, 1))
	fds, err := proc.FDLimit()
	require.NoError(t, err)
	require.Error(t, checkDescriptors(int(fds.Hard)-reserve-19, 10), "each worker has a loop, of two descriptors")
}

// TestCountIsDealtOut: every message is some worker's, however many there are.
func TestCountIsDealtOut(t *testing.T) {
	for _, count := range []int{1, 2, 3, 7, 100, math.MaxInt} {
		for workers := 1; workers <= 4; workers++ {
			p, all := &plan{count: count, workers: workers}, 0
			for i := range workers {
				n := p.countOf(i)
				require.GreaterOrEqual(t, n, count/workers)
				all += n
			}
			require.Equal(t, count, all)
		}
	}
}

// TestOwnFault: what the generator did not send while it did not run is late by its own fault, though it was then held back
// by the window that the first of it filled; what the service kept waiting is not.
func TestOwnFault(t *testing.T) {
	ms := int64(time.Millisecond)
	w := &worker{plan: &plan{}, until: never, now: newInterval()}
	w.awake(50 * ms)
	w.freed = 90 * ms // a service that took 80 ms
	w.note(10*ms, 91*ms)
	require.Equal(t, int64(1), w.now.late.TotalCount())
	require.InDelta(t, ms, w.now.late.Max(), float64(ms)/100)

	w.awake(120 * ms)
	w.awake(620 * ms) // it was stopped
	w.freed = 625 * ms
	w.note(220*ms, 625*ms)
	require.InDelta(t, 400*ms, w.now.late.Max(), float64(ms))
	w.note(621*ms, 626*ms)
	require.Equal(t, int64(3), w.now.late.TotalCount())
	require.Equal(t, uint64(3), w.now.held)
	require.Equal(t, uint64(1), w.now.lateOver)

	// What waited for the service before the generator was stopped is late by that time only, also where it is stopped again.
	w.now.late.Reset()
	w.awake(680 * ms)
	w.head, w.blocked = 630*ms, true // the service takes nothing
	w.awake(700 * ms)
	w.awake(800 * ms)
	w.freed = 800 * ms
	w.note(630*ms, 800*ms)
	require.InDelta(t, 100*ms, w.now.late.Max(), float64(ms))
	w.head = 700 * ms // which it was not before
	w.awake(850 * ms)
	w.awake(950 * ms)
	w.freed = 950 * ms
	w.note(700*ms, 950*ms)
	require.InDelta(t, 250*ms, w.now.late.Max(), float64(ms))
}

// TestVerdicts: a run is no measurement where the generator, and not the service, is what was measured; and it says why.
func TestVerdicts(t *testing.T) {
	late := func(count int64, by time.Duration) *report.Latency {
		h := report.NewHistogram()
		require.NoError(t, h.RecordValues(int64(100*time.Microsecond), 1000-count))
		require.NoError(t, h.RecordValues(int64(by), count))
		return report.NewLatency(h)
	}
	all := report.Counts{Due: 1000, Sent: 1000, Received: 1000}
	steady, storm := &plan{kind: kindRequest, rate: rate{shape: steady}, window: 1}, &plan{kind: kindConnect}
	packets := &plan{kind: kindRequest, target: address.Address{Scheme: address.UDP}}
	for name, tt := range map[string]struct {
		plan   *plan
		counts report.Counts
		own    report.Generator
		failed uint64
		why    string // "": it is valid
	}{
		"as asked":             {steady, all, report.Generator{Late: late(50, 10*time.Millisecond)}, 0, ""},
		"busy machine":         {steady, all, report.Generator{Late: late(90, 40*time.Millisecond)}, 0, ""},
		"stopped for a while":  {steady, all, report.Generator{Late: late(15, time.Second)}, 0, "late by its own fault"},
		"has a part of a CPU":  {steady, all, report.Generator{Late: late(300, 50*time.Millisecond)}, 0, "late by its own fault"},
		"too slow":             {steady, report.Counts{Due: 1000, Sent: 900, Received: 900}, report.Generator{Busy: 0.95}, 0, "the generator was too slow"},
		"held up by others":    {steady, report.Counts{Due: 1000, Sent: 900, Received: 900}, report.Generator{Held: 10}, 0, "the generator was too slow"},
		"the service is":       {steady, report.Counts{Due: 1000, Sent: 900, Received: 900}, report.Generator{Held: 90}, 0, "the window was full"},
		"the service is still": {steady, report.Counts{Due: 1000, BytesOut: 65}, report.Generator{Held: 1000}, 0, "the window was full; nothing was sent but what had been due in the warm-up"},
		"none was sent":        {steady, report.Counts{Due: 1000}, report.Generator{Busy: 1}, 0, "the generator was too slow; nothing was sent"},
		"none was answered":    {steady, report.Counts{Due: 9, Sent: 9}, report.Generator{}, 0, "nothing was answered"},
		"nobody listens":       {storm, report.Counts{Due: 9, Sent: 9}, report.Generator{}, 9, "no connection was made; the first failed: refused"},
		"few are begun":        {storm, report.Counts{Due: 100, Sent: 13, Received: 5}, report.Generator{Held: 87}, 0, "13 of 100 connections were begun (13.0%); the service did not take more"},
		"no packet is taken":   {packets, all, report.Generator{}, 9, "datagrams that failed: 9; the first: refused"},
		"some are refused":     {storm, report.Counts{Due: 9, Sent: 9, Received: 8}, report.Generator{}, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := &runner{plan: tt.plan, total: newInterval()}
			r.total.failures, r.total.failureText = tt.failed, "refused"
			r.total.unsent, r.total.kept = tt.counts.Due-tt.counts.Sent, tt.own.Held
			out := &report.Report{Verdict: report.OK, Counts: tt.counts, Generator: tt.own, Load: report.Load{Duration: time.Second}}
			r.judge(out)
			if tt.why == "" {
				require.Equal(t, report.OK, out.Verdict, out.Reasons)
				return
			}
			require.Equal(t, report.Invalid, out.Verdict)
			require.Contains(t, strings.Join(out.Reasons, "; "), tt.why)
		})
	}
}

// TestStarved: in a closed loop nothing is late, so that the wait of the generator for a processor is told besides.
func TestStarved(t *testing.T) {
	for _, tt := range []struct {
		shape  shape
		queued float64
		told   bool
	}{{closed, 0.3, false}, {closed, 1.5, true}, {steady, 1.5, false}} {
		r := &runner{plan: &plan{kind: kindRequest, rate: rate{shape: tt.shape}}, total: newInterval()}
		out := &report.Report{Verdict: report.OK, Counts: report.Counts{Sent: 9, Received: 9}, Generator: report.Generator{Queued: tt.queued}, Load: report.Load{Duration: time.Second}}
		r.judge(out)
		require.Equal(t, report.OK, out.Verdict)
		require.Equal(t, tt.told, strings.Contains(strings.Join(out.Notes, "\n"), "1.50 threads of the generator waited for a processor"), "%+v", tt)
	}
}

// TestShortOfPorts: a storm that this machine has no ports for says nothing of the service, and is invalid however many got through.
func TestShortOfPorts(t *testing.T) {
	r := &runner{plan: &plan{kind: kindConnect}, total: newInterval()}
	for _, warm := range []int{warming, 0} {
		i := newInterval()
		i.index = warm
		i.failure(&transport.OpError{Op: "connect", Err: syscall.EADDRNOTAVAIL})
		i.failure(&transport.OpError{Op: "connect", Err: syscall.ECONNREFUSED})
		i.failure(nil)
		r.second(i)
	}
	out := &report.Report{Verdict: report.OK, Counts: report.Counts{Due: 9, Sent: 9, Received: 5}, Load: report.Load{Duration: time.Second}}
	r.judge(out)
	require.Equal(t, report.Invalid, out.Verdict)
	require.Equal(t, []string{"this machine had no port, descriptor or memory left for 2 connections; the first that failed: connect: cannot assign requested address"}, out.Reasons)
}

// TestQueued: the time that threads waited for a processor is the second number of each schedstat.
func TestQueued(t *testing.T) {
	dir := t.TempDir()
	for id, text := range map[string]string{"1": "10 200 3\n", "2": "5 40 1\n", "3": "", "4": "x y z"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, id), 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(dir, id, "schedstat"), []byte(text), 0o666))
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "5"), 0o777)) // it ended meanwhile
	require.Equal(t, 240*time.Nanosecond, takeQueued(dir))
	require.Zero(t, takeQueued(filepath.Join(dir, "none")))
}
