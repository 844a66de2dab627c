package report_test

import (
	"bytes"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/bench/report"
)

// TestMannWhitney: the expected values are from tables of the distribution and from R's wilcox.test.
func TestMannWhitney(t *testing.T) {
	tests := []struct {
		name string
		a, b []float64
		p    float64
	}{
		{"apart, 5 and 5", []float64{1, 2, 3, 4, 5}, []float64{6, 7, 8, 9, 10}, 0.007937},
		{"apart, 4 and 4", []float64{1, 2, 3, 4}, []float64{6, 7, 8, 9}, 0.028571},
		{"apart the other way", []float64{6, 7, 8, 9}, []float64{1, 2, 3, 4}, 0.028571},
		{"mixed", []float64{1, 3, 5, 7}, []float64{2, 4, 6, 8}, 0.685714},
		{"example of R", []float64{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46}, []float64{1.15, 0.88, 0.90, 0.74, 1.21}, 0.254412},
		{"one each", []float64{1}, []float64{2}, 1},
		{"none", nil, []float64{2}, 1},
		{"all the same", []float64{2, 2, 2}, []float64{2, 2, 2}, 1},
		{"ties", []float64{1, 2, 2, 3, 4}, []float64{2, 5, 6, 7, 8}, 0.055556},             // 14 of the 252 choices
		{"apart, with ties", []float64{1, 1, 2, 2, 2}, []float64{3, 3, 3, 4, 5}, 0.007937}, // as without
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			require.InDelta(t, test.p, report.MannWhitney(test.a, test.b), 0.0005)
		})
	}
}

// TestNormal: of many samples the probability is about the share of random divisions that are as different.
func TestNormal(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, shift := range []float64{0, 0.3, 0.6} {
		var a, b []float64
		for range 40 {
			a = append(a, math.Round(random.NormFloat64()*10))
			b = append(b, math.Round((random.NormFloat64()+shift)*10))
		}
		p := report.MannWhitney(a, b)
		all, as, tries := slices.Concat(a, b), 0, 2000
		for range tries {
			random.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
			if report.MannWhitney(all[:40], all[40:]) <= p {
				as++
			}
		}
		require.InDelta(t, p, float64(as)/float64(tries), 0.03)
	}

	// With the correction for continuity: 31 and 30 that take turns, but for the first two, are half a rank from the mean.
	a, b := []float64{2}, []float64{1}
	for x := 3.0; x <= 61; x += 2 {
		a, b = append(a, x), append(b, x+1)
	}
	b = b[:30]
	require.InDelta(t, 0.99424, report.MannWhitney(a, b), 0.0001)
}

// TestReadForeign: what is no report is refused, also where only a part of it is damaged.
func TestReadForeign(t *testing.T) {
	for _, text := range []string{
		``, `[]`, `{`, `{}`, `{"v":99}`, `{"v":1}`, `{"v":1,"kind":"request"}`, `{"v":1,"response":{}}`,
		`{"v":1,"kind":"request","response":{},"service":{},"steps":[null]}`, `{"v":1,"kind":"request","response":{},"service":{},"steps":[{"kind":"request"}]}`,
		`{"v":1,"kind":"request","response":{}} {}`, `{"v":1,"kind":"request","response":{}}x`,
	} {
		_, err := report.Read(strings.NewReader(text))
		require.Error(t, err, text)
	}
	none := "read report: it is none that ed bench -o json wrote"
	for text, says := range map[string]string{
		"":                                    none + ": it is empty",
		`{"v":1,"kind":"req`:                  none + ": it ends in the middle",
		`[1]`:                                 none + ": it is a JSON array",
		`{"v":1,"seconds":[{"received":-1}]}`: none + ": seconds.received cannot be a number -1",
		`null`:                                none,
		`{"v":2}`:                             "read report: it is of version 2, and this ed knows 1: measure again",
	} {
		_, err := report.Read(strings.NewReader(text))
		require.EqualError(t, err, says)
	}
	// Nothing in it but what has to be: it can be compared with, and drawn.
	old, err := report.Read(strings.NewReader(`{"v":1,"kind":"request","response":{"count":5,"histogram":"AAAA"},"service":{"histogram":"?"},"seconds":[{}],"steps":[{"response":{},"service":{}}]}`))
	require.NoError(t, err)
	r := run(1, 2, 3)
	r.Baseline = report.Compare(r, old, "old.json")
	var b strings.Builder
	require.NoError(t, r.HTML(&b))
	require.Contains(t, b.String(), report.Unknown)
}

// TestWithoutSamples: what was measured in less than a second is not said to have changed, or to be 0.
func TestWithoutSamples(t *testing.T) {
	r := run()
	r.Baseline = report.Compare(r, run(1000, 2000, 1000), "old.json")
	for _, m := range r.Baseline.Metrics {
		require.Zero(t, m.Change)
		require.Equal(t, [2]int{3, 0}, m.Samples)
		require.Equal(t, "-", m.Words()[1])
		require.Equal(t, "-", m.Words()[2])
	}
	var b strings.Builder
	require.NoError(t, r.Text(&b))
	require.Contains(t, b.String(), " 1 000/s ->          -  -  p=1.000  n=3+0")
	b.Reset()
	require.NoError(t, r.HTML(&b))
	require.Contains(t, b.String(), "<td>1 000/s</td><td>-</td><td>-</td>")
}

// TestBaselineOfAnybody: what a file says of its run cannot do anything to the terminal.
func TestBaselineOfAnybody(t *testing.T) {
	old := run(1000, 2000)
	old.Load.Rate, old.Machine.Host, old.Kind, old.Verdict, old.Reasons = "\x1b[31m5", "a\x07", "\u009b2J", report.Invalid, []string{"\x1b]0;x"}
	r := run(1000, 2000)
	r.Baseline = report.Compare(r, old, "old.json")
	var b strings.Builder
	require.NoError(t, r.Text(&b))
	for _, c := range "\x1b\x07\u009b" {
		require.NotContains(t, b.String(), string(c))
	}
	require.Contains(t, b.String(), "differs: rate: .[31m5")

	old.Load.Message = strings.Repeat("\u00e9", 100_000)
	for _, d := range report.Compare(r, old, "old.json").Differs {
		require.Less(t, len(d), 500)
		require.True(t, utf8.ValidString(d))
	}
}

// FuzzBaseline: whatever a baseline says, it is refused, or everything can be made of it.
func FuzzBaseline(f *testing.F) {
	f.Add([]byte(`{"v":1,"kind":"request","response":{"count":5,"p50_ns":-9223372036854775808,"max_ns":-1},"seconds":[{"length_ns":1000000000,"received":18446744073709551615}]}`))
	f.Add([]byte(`{"v":1,"kind":"pub","response":{"histogram":"AAAA"},"load":{"rate":"max","receivers":-3},"steps":[{"kind":"","response":{}}]}`))
	for _, target := range []string{"1e308", "5e-324"} {
		f.Add([]byte(`{"v":1,"kind":"request","response":{},"load":{"rate":"5"},"rate":{"target":` + target + `},"seconds":[{"length_ns":1000000000}]}`))
	}
	var b bytes.Buffer
	require.NoError(f, run(1000, 2000).JSON(&b))
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, text []byte) {
		old, err := report.Read(bytes.NewReader(text))
		if err != nil || len(old.Seconds) > 100 {
			return
		}
		r := run(1000, 2000)
		r.Baseline = report.Compare(r, old.Like(r), "old.json")
		for _, one := range []*report.Report{r, old} {
			require.NoError(t, one.Text(io.Discard))
			require.NoError(t, one.CSV(io.Discard))
			var page bytes.Buffer
			require.NoError(t, one.HTML(&page))
			require.NotContains(t, page.String(), "NaN")
		}
	})
}

// TestFalseAlarms: of samples of one distribution about one pair in a hundred differs by chance.
func TestFalseAlarms(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	draw := func() (x []float64) {
		for range 12 {
			x = append(x, random.ExpFloat64())
		}
		return x
	}
	alarms := 0
	for range 1000 {
		if report.MannWhitney(draw(), draw()) < report.Alpha {
			alarms++
		}
	}
	require.Less(t, alarms, 22)
	require.Greater(t, alarms, 1)
}

func TestLeastP(t *testing.T) {
	require.InDelta(t, 0.0079365, report.LeastP(5, 5), 1e-6)
	require.Greater(t, report.LeastP(4, 4), report.Alpha)
	require.Less(t, report.LeastP(4, 8), report.Alpha)
	require.Equal(t, 1.0, report.LeastP(0, 8))
}

// run is a report with a second for each of the rates; its p99 is 1 ms × 1000 / rate.
func run(rates ...float64) *report.Report {
	r := sample()
	r.Seconds = nil
	for i, rate := range rates {
		r.Seconds = append(r.Seconds, report.Second{
			At: time.Duration(i) * time.Second, Length: time.Second, Received: uint64(rate),
			Response: report.Sample{Count: 1, P50: time.Millisecond, P99: time.Duration(1e9 / rate)},
		})
	}
	return r
}

// TestLike: each run of a series is held against the one of the same rate.
func TestLike(t *testing.T) {
	series, slow, fast := run(), run(1000), run(2000)
	slow.Load.Rate, fast.Load.Rate = "1 000/s", "2 000/s"
	series.Steps = []*report.Report{slow, fast}
	require.Same(t, fast, series.Like(fast))
	for _, text := range []string{"2000/s", "2k", "120k/m"} { // as it is written now, and in other words
		now := run(2000)
		now.Load.Rate = text
		require.Same(t, fast, series.Like(now))
		require.Empty(t, report.Compare(now, fast, "old.json").Differs)
	}
	most := run(2000)
	most.Load.Rate = "max"
	require.Equal(t, []string{"rate: 2 000/s, now max"}, report.Compare(most, fast, "old.json").Differs)
	require.Empty(t, report.Compare(most, most, "old.json").Differs)
	require.Same(t, series, series.Like(run(3000)))
	require.Same(t, slow, slow.Like(fast))
}

func TestCompare(t *testing.T) {
	metrics := func(c *report.Comparison) map[string]report.Metric {
		m := map[string]report.Metric{}
		for _, x := range c.Metrics {
			m[x.Name] = x
		}
		return m
	}
	old := run(1000, 1010, 1020, 1030, 1040, 1050)

	require.Empty(t, report.Compare(old, old, "old.json").Differs)
	crowded := run(1000, 1010, 1020, 1030, 1040, 1050)
	crowded.Generator.Queued = 0.3
	require.Equal(t, []string{"processors that the generator waited for: 0.00, now 0.30"}, report.Compare(crowded, old, "old.json").Differs)

	same := metrics(report.Compare(run(1005, 1015, 1025, 1035, 1045, 1055), old, "old.json"))
	require.Equal(t, report.Same, same["rate"].Verdict)
	require.Equal(t, report.Same, same["p50"].Verdict) // ties throughout
	require.InDelta(t, 0.005, same["rate"].Change, 0.001)

	worse := metrics(report.Compare(run(900, 901, 902, 903, 904, 905), old, "old.json"))
	require.Equal(t, report.Worse, worse["rate"].Verdict)
	require.Equal(t, report.Worse, worse["p99"].Verdict)
	require.Less(t, worse["p99"].P, 0.01)
	require.Greater(t, worse["p99"].Change, 0.1)

	better := metrics(report.Compare(run(1900, 1901, 1902, 1903, 1904, 1905), old, "old.json"))
	require.Equal(t, report.Better, better["rate"].Verdict)
	require.Equal(t, report.Better, better["p99"].Verdict)

	// Times have three digits, so that some of them are the same: five seconds in both are enough all the same.
	tied := metrics(report.Compare(run(900, 900, 901, 901, 902), run(1000, 1000, 1010, 1010, 1020), "old.json"))
	require.Equal(t, report.Worse, tied["rate"].Verdict)

	// A part of a second says little of a rate, and a second without answers nothing of their times.
	part, silent := run(900, 901, 902, 903, 904, 5), run(900, 901, 902, 903, 904, 0)
	part.Seconds[5].Length, silent.Seconds[5].Response = 500*time.Millisecond, report.Sample{}
	require.Equal(t, 5, metrics(report.Compare(part, old, "old.json"))["rate"].Samples[1])
	of := metrics(report.Compare(silent, old, "old.json"))
	require.Equal(t, []int{6, 5, 5}, []int{of["rate"].Samples[1], of["p50"].Samples[1], of["p99"].Samples[1]})

	few := metrics(report.Compare(run(1, 2, 3), old, "old.json"))
	require.Equal(t, report.Unknown, few["rate"].Verdict)

	r := run(900, 901, 902, 903, 904, 905)
	r.Load.Size = 1024
	r.Baseline = report.Compare(r, old, "old.json")
	require.Equal(t, []string{"size: 64, now 1024"}, r.Baseline.Differs)
	e, err := report.ParseExpect("change.p99<10%,change.rate>-5%,change.p99<50%")
	require.NoError(t, err)
	got := report.Check(e, r)
	require.False(t, got[0].Met)
	require.False(t, got[1].Met)
	require.True(t, got[2].Met)

	r = run(1005, 1015, 1025, 1035, 1045, 1055) // half a percent, which is no change
	r.Baseline = report.Compare(r, old, "old.json")
	e, err = report.ParseExpect("change.rate=0%")
	require.NoError(t, err)
	require.Equal(t, []report.Checked{{Text: "change.rate=0%", Found: "no change", Met: true}}, report.Check(e, r))

	r = run(900, 901, 902, 903, 904, 905)
	r.Load.Arrival, r.Load.Burst, r.Load.Message, r.Address = "poisson", 10, "OTHER", "tcp://127.0.0.1:1"
	invalid := run(1000, 1010, 1020, 1030, 1040, 1050)
	invalid.Verdict, invalid.Reasons = report.Invalid, []string{"connections ended"}
	require.Equal(t, []string{
		"medium: unix, now tcp", "arrival: uniform, now poisson", "burst: 1, now 10", "message: BENCH, now OTHER", "that run was invalid: connections ended",
	}, report.Compare(r, invalid, "old.json").Differs)

	for i := range r.Seconds {
		r.Seconds[i].Response.P50 += 50 * time.Microsecond
	}
	r.Baseline = report.Compare(r, old, "old.json")
	e, err = report.ParseExpect("change.p50<3%,change.p50<6%")
	require.NoError(t, err)
	got = report.Check(e, r)
	require.False(t, got[0].Met)
	require.True(t, got[1].Met)
}
