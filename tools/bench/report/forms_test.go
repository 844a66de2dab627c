package report_test

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/bench/report"
)

func TestJSONIsReadBack(t *testing.T) {
	r := sample()
	var b bytes.Buffer
	require.NoError(t, r.JSON(&b))
	require.Equal(t, 1, strings.Count(b.String(), "\n"))
	got, err := report.Read(&b)
	require.NoError(t, err)
	require.Equal(t, r.Counts, got.Counts)
	require.Equal(t, r.Response.P99, got.Response.P99)
	require.True(t, r.Response.Histogram().Equals(got.Response.Histogram()))
	require.Equal(t, r.Response.At(99.9), got.Response.At(99.9))

	for _, text := range []string{
		"", "{", `{"v":1}`, `{"v":2,"kind":"request","response":{}}`, `[]`,
		`{"v":1,"kind":"request","response":{},"seconds":[{"length_ns":-5}]}`,
		`{"v":1,"kind":"request","response":{},"seconds":[{"response":{"p50_ns":-9223372036854775808}}]}`,
		`{"v":1,"kind":"request","response":{},"steps":[{"kind":"request","response":{},"seconds":[{"heat":[{"step":2147483647,"count":3}]}]}]}`,
	} {
		_, err := report.Read(strings.NewReader(text))
		require.Error(t, err, text)
	}
	// A histogram that is none does no harm.
	got, err = report.Read(strings.NewReader(`{"v":1,"kind":"request","response":{"count":5,"histogram":"AAAA"}}`))
	require.NoError(t, err)
	require.Nil(t, got.Response.Histogram())
	require.Zero(t, got.Response.At(99))
}

// TestLatency: figures of known data.
func TestLatency(t *testing.T) {
	l := sample().Response
	near := func(want, got time.Duration) { require.InEpsilon(t, float64(want), float64(got), 0.001) }
	require.Equal(t, uint64(100), l.Count)
	near(50500*time.Microsecond, l.Mean)
	near(time.Millisecond, l.Min)
	near(50*time.Millisecond, l.P50)
	near(90*time.Millisecond, l.P90)
	near(99*time.Millisecond, l.P99)
	near(100*time.Millisecond, l.P999)
	near(100*time.Millisecond, l.Max)
	require.Zero(t, report.NewLatency(report.NewHistogram()).P99)
	require.Equal(t, int64(1), report.Clamp(-5))
	require.Equal(t, int64(time.Hour), report.Clamp(int64(2*time.Hour)))
}

// TestPercentilesOfFew: no more than a hundredth of the times is above p99, however few there are.
func TestPercentilesOfFew(t *testing.T) {
	h := report.NewHistogram()
	for n := 1; n <= 1100; n++ {
		require.NoError(t, h.RecordValue(int64(n))) // up to 2047 each value has a place of its own
		if n > 110 && n < 890 {
			continue
		}
		l := report.NewLatency(h)
		for perMille, got := range map[int]time.Duration{500: l.P50, 900: l.P90, 990: l.P99, 999: l.P999} {
			require.Equal(t, (n*perMille+999)/1000, int(got), "p%d of %d", perMille, n)
			require.Equal(t, got, l.At(float64(perMille)/10))
		}
		require.Equal(t, time.Duration(n), l.At(100))
	}
}

func TestHeat(t *testing.T) {
	h := report.NewHistogram()
	for _, v := range []int64{10, 1000, 1400, 1500, 2100, int64(time.Second)} {
		require.NoError(t, h.RecordValue(v))
	}
	require.Equal(t, []report.Heat{{Step: 0, Count: 3}, {Step: 1, Count: 1}, {Step: 2, Count: 1}, {Step: 39, Count: 1}}, report.HeatOf(h))
	require.Empty(t, report.HeatOf(report.NewHistogram()))
}

func TestCSV(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, sample().CSV(&b))
	rows, err := csv.NewReader(&b).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 3)
	require.Equal(t, []string{"run", "rate", "at_ns", "length_ns", "sent", "received"}, rows[0][:6])
	require.Equal(t, []string{"1", "50/s", "1000000000", "1000000000", "50", "50"}, rows[2][:6])
}

// TestLogIsReadBack by the reader of the library.
func TestLogIsReadBack(t *testing.T) {
	var b bytes.Buffer
	r := sample()
	r.Load.Warmup = 300 * time.Millisecond
	require.NoError(t, r.Log(&b))
	reader := hdrhistogram.NewHistogramLogReader(&b)
	tags := map[string]int{}
	for {
		h, err := reader.NextIntervalHistogram()
		if err != nil || h == nil {
			require.True(t, err == nil || errors.Is(err, io.EOF), err)
			break
		}
		begin := r.Started.Add(r.Load.Warmup).Add(time.Duration(tags[h.Tag()]) * time.Second).UnixMilli()
		require.Equal(t, []int64{begin, begin + 1000}, []int64{h.StartTimeMs(), h.EndTimeMs()})
		tags[h.Tag()]++
		require.Equal(t, int64(100), h.TotalCount())
	}
	require.Equal(t, map[string]int{"response": 2, "service": 2}, tags)
}

// TestBenchIsReadBack: the lines have the form that benchstat reads: name, count, then pairs of value and unit.
func TestBenchIsReadBack(t *testing.T) {
	var b bytes.Buffer
	r := sample()
	r.Seconds = append(r.Seconds, report.Second{Length: time.Second}) // of which there is nothing to tell
	require.NoError(t, r.Bench(&b))
	lines := 0
	for s := bufio.NewScanner(&b); s.Scan(); {
		if !strings.HasPrefix(s.Text(), "Benchmark") {
			require.Regexp(t, `^[a-z]+: \S+$`, s.Text())
			continue
		}
		lines++
		fields := strings.Fields(s.Text())
		require.Equal(t, "BenchmarkRequest/unix/rate=50_s/connections=8/window=1/size=64-2", fields[0])
		n, err := strconv.Atoi(fields[1])
		require.NoError(t, err)
		require.Equal(t, 50, n)
		units := map[string]float64{}
		require.Zero(t, len(fields)%2)
		for i := 2; i < len(fields); i += 2 {
			v, err := strconv.ParseFloat(fields[i], 64)
			require.NoError(t, err)
			units[fields[i+1]] = v
		}
		require.Equal(t, 2e7, units["ns/op"])
		require.Equal(t, 50.0, units["msg/s"])
		require.InEpsilon(t, 99e6, units["p99-ns"], 0.001)
	}
	require.Equal(t, 2, lines)
}

// TestHTML: one well-formed file with its drawings, that loads nothing, whatever a peer or a file is called.
func TestHTML(t *testing.T) {
	r := run(1000, 1010, 1020, 1030, 1040, 1050)
	r.Address = `unix:/tmp/<script>alert("x")</script>&`
	r.Notes = []string{"wrong answers; the first: \x1b[31m<b>\xff"}
	for i := range r.Seconds {
		h := report.NewHistogram()
		require.NoError(t, h.RecordValues(int64(i+1)*1e6, 10))
		r.Seconds[i].SetTimes(h, h)
		r.Seconds[i].KeepHistograms(h, h)
	}
	r.Baseline = report.Compare(r, run(1, 2, 3, 4, 5, 6), "old <1>.json")
	series := sample()
	series.Steps = []*report.Report{run(1000, 1000), run(2000, 2000)}
	series.Steps[1].Rate.Target = 2000
	for _, r := range []*report.Report{r, sample(), series, {V: 1, Kind: "pub", Response: report.NewLatency(report.NewHistogram()), Service: report.NewLatency(report.NewHistogram())}} {
		var b bytes.Buffer
		require.NoError(t, r.HTML(&b))
		text := b.String()
		require.NotContains(t, text, "<script")
		require.NotContains(t, text, "<b>")
		for _, loads := range []string{"src=", "href=", "url(", "@import"} {
			require.NotContains(t, text, loads)
		}
		drawings := 0
		d := xml.NewDecoder(&b)
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			if e, ok := token.(xml.StartElement); ok {
				if e.Name.Local == "svg" {
					drawings++
				}
				for _, a := range e.Attr {
					require.NotContains(t, a.Value, "NaN")
					require.NotContains(t, a.Value, "Inf")
				}
			}
		}
		if len(r.Seconds) > 0 {
			require.GreaterOrEqual(t, drawings, 3)
		}
	}
	var b bytes.Buffer
	require.NoError(t, r.HTML(&b))
	require.Equal(t, 2, strings.Count(b.String(), `class="baseline"`))
	require.Contains(t, b.String(), "old &lt;1&gt;.json")

	// What a run of a moment took is drawn, and a ramp or a series has no line for its rate.
	require.Contains(t, b.String(), `class="target"`)
	moment := run(1000)
	moment.Seconds[0].Length, moment.Load.Rate = 5*time.Millisecond, "ramp:1..1000"
	b.Reset()
	require.NoError(t, moment.HTML(&b))
	require.Contains(t, b.String(), `<polyline class="response" points="72.0,`)
	require.Contains(t, b.String(), ">0.0005s<")
	require.NotContains(t, b.String(), `class="target"`)

	// Each axis of times has labels, however near the times are.
	for _, width := range []int64{1, 100, 100000} {
		near := run(1000)
		h := report.NewHistogram()
		require.NoError(t, h.RecordValue(1_171_000))
		require.NoError(t, h.RecordValue(1_171_000*width))
		near.Response, near.Service = report.NewLatency(h), report.NewLatency(h)
		near.Seconds[0].SetTimes(h, h)
		near.Seconds[0].KeepHistograms(h, h)
		b.Reset()
		require.NoError(t, near.HTML(&b))
		drawing, _, _ := strings.Cut(b.String()[strings.Index(b.String(), "<title>percentiles"):], "</svg>")
		labels := strings.Count(drawing, `text-anchor="end"`)
		require.GreaterOrEqual(t, labels, 3, width)
		require.LessOrEqual(t, labels, 10, width)
	}

	// The seconds of one run come after those of the one before.
	b.Reset()
	require.NoError(t, series.HTML(&b))
	require.Regexp(t, `<polyline class="response" points="166\.0,\S+ 354\.0,\S+ 542\.0,\S+ 730\.0,`, b.String())

	// A second has a length, also where there is only one.
	short := run(1000)
	b.Reset()
	require.NoError(t, short.HTML(&b))
	require.Regexp(t, `<polyline class="response" points="72.0,(\d+\.\d) 824.0,\d+\.\d"/>`, b.String())
}

// TestHTMLOfAnHour: what is narrower than anybody sees is put together, and nothing is left out.
func TestHTMLOfAnHour(t *testing.T) {
	r, drawn := sample(), regexp.MustCompile(`<rect x="([0-9.]+)" [^>]*><title>(\d+) messages of`)
	second, each := r.Seconds[0], uint64(1000)
	second.Heat = nil
	for step := range 30 {
		second.Heat = append(second.Heat, report.Heat{Step: step, Count: each})
	}
	for _, length := range []int{2, 240, 241, 3600} {
		r.Seconds = nil
		for i := range length {
			second.At = time.Duration(i)*time.Second + time.Duration(i%3)*time.Millisecond // the clock of the generator is not exact
			r.Seconds = append(r.Seconds, second)
		}
		var b bytes.Buffer
		require.NoError(t, r.HTML(&b))
		require.Less(t, b.Len(), 1<<20)
		columns, messages := map[string]bool{}, uint64(0)
		for _, rect := range drawn.FindAllStringSubmatch(b.String(), -1) {
			n, err := strconv.ParseUint(rect[2], 10, 64)
			require.NoError(t, err)
			columns[rect[1]] = true
			messages += n
		}
		require.Equal(t, uint64(length)*30*each, messages)
		seconds := (length + 239) / 240
		require.Len(t, columns, (length+seconds-1)/seconds)
		heading := "Response times of each second<"
		if seconds > 1 {
			heading = fmt.Sprintf("Response times of each %d seconds<", seconds)
		}
		require.Contains(t, b.String(), heading)
	}
}

func TestText(t *testing.T) {
	var b bytes.Buffer
	r := sample()
	r.Verdict, r.Reasons = report.Failed, []string{"expected p99<5ms, found 99.0ms"}
	require.NoError(t, r.Text(&b))
	for _, want := range []string{
		"request unix:x.sock, open loop, 50/s, uniform, 8 connections, window 1, 1 worker, 64 bytes, 2s (+0s warm-up discarded)\n",
		"sent 101  received 100  lost 1  dup 2  reordered 3  not sent 1\n", "achieved 50/s (98.0% of 51/s)\n",
		"response: from when each message was due", "service:  from when it was really sent", "verdict: failed: expected p99<5ms",
	} {
		require.Contains(t, b.String(), want)
	}
	r.Load.Loop = "closed"
	b.Reset()
	require.NoError(t, r.Text(&b))
	require.Contains(t, b.String(), "request unix:x.sock, closed loop, 8 connections")
	require.Contains(t, b.String(), "response = service")

	// The runs of a series stand one below the other in 80 columns.
	r.Steps = []*report.Report{sample(), sample()}
	r.Steps[1].Verdict, r.Steps[1].Rate.Target = report.Invalid, 1e6
	b.Reset()
	require.NoError(t, r.Text(&b))
	for _, line := range strings.Split(b.String(), "\n")[1:5] {
		require.LessOrEqual(t, utf8.RuneCountInString(line), 80)
	}
	require.Contains(t, b.String(), "       51        50  98.0% ")
	require.Contains(t, b.String(), "     1 invalid\n")
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		math.MinInt64: "-9223372037s", 0: "0ns", 999: "999ns", 1500: "1.50µs", 25 * time.Microsecond: "25.0µs", 250 * time.Millisecond: "250ms", 90 * time.Second: "90.0s", -time.Millisecond: "-1.00ms",
	} {
		require.Equal(t, want, report.Short(d))
	}
	for v, want := range map[float64]string{0: "0", 999.5: "999.5", 1234567: "1 234 567", 1000: "1 000", math.Pi: "3.1"} {
		require.Equal(t, want, report.Count(v))
	}
}

func TestClip(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "abcdefgh": "abcdefgh", "abcdefghi": "abcdefgh…", "abcdef€": "abcdef…", "abcde€€": "abcde€…", "a€€€": "a€€…",
		strings.Repeat("\x80", 9): strings.Repeat("\x80", 5) + "…", // no letters at all
	} {
		require.Equal(t, want, report.Clip(text, 8))
	}
}
