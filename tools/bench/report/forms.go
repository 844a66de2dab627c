package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// JSON writes the report as one object on one line. Read takes it back.
func (r *Report) JSON(w io.Writer) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// CSV writes a line for each second, with a heading.
func (r *Report) CSV(w io.Writer) error {
	c := csv.NewWriter(w)
	_ = c.Write([]string{
		"run", "rate", "at_ns", "length_ns", "sent", "received",
		"response_p50_ns", "response_p99_ns", "response_max_ns", "service_p50_ns", "service_p99_ns", "service_max_ns",
	})
	n := func(d time.Duration) string { return strconv.FormatInt(int64(d), 10) }
	for i, run := range r.All() {
		for _, s := range run.Seconds {
			_ = c.Write([]string{
				strconv.Itoa(i + 1), run.Load.Rate, n(s.At), n(s.Length), strconv.FormatUint(s.Sent, 10), strconv.FormatUint(s.Received, 10),
				n(s.Response.P50), n(s.Response.P99), n(s.Response.Max), n(s.Service.P50), n(s.Service.P99), n(s.Service.Max),
			})
		}
	}
	c.Flush()
	return c.Error() // of any line
}

// Log writes the histograms of each second as a log of HdrHistogram, tagged response and service.
func (r *Report) Log(w io.Writer) error {
	log := hdrhistogram.NewHistogramLogWriter(w)
	base := r.Started.UnixMilli()
	if err := log.OutputComment(fmt.Sprintf("[ed bench %s %s]", r.Kind, strings.ReplaceAll(r.Address, "\n", " "))); err != nil {
		return err
	}
	if err := log.OutputLogFormatVersion(); err != nil {
		return err
	}
	if err := log.OutputStartTime(base); err != nil {
		return err
	}
	log.SetBaseTime(base)
	if err := log.OutputLegend(); err != nil {
		return err
	}
	for _, run := range r.All() {
		start := run.Started.Add(run.Load.Warmup)
		for _, s := range run.Seconds {
			for _, one := range []struct {
				tag  string
				text []byte
			}{{"response", s.response}, {"service", s.service}} {
				h := Decode(string(one.text))
				if h == nil {
					continue
				}
				h.SetTag(one.tag)
				h.SetStartTimeMs(start.Add(s.At).UnixMilli())
				h.SetEndTimeMs(start.Add(s.At + s.Length).UnixMilli())
				if err := log.OutputIntervalHistogram(h); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Bench writes the figures in the form of Go's benchmarks, a line for each second, for benchstat.
func (r *Report) Bench(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "goos: %s\ngoarch: %s\npkg: github.com/ed-toolbox/ed/tools/bench\n", r.Machine.OS, r.Machine.Arch)
	for _, run := range r.All() {
		name := fmt.Sprintf("Benchmark%s%s/%s/rate=%s/connections=%d/window=%d/size=%d", strings.ToUpper(run.Kind[:1]), run.Kind[1:],
			scheme(run.Address), strings.NewReplacer(" ", "", "/", "_").Replace(run.Load.Rate), run.Load.Connections, run.Load.Window, run.Load.Size)
		for _, s := range run.Seconds {
			if s.Received == 0 || s.Length <= 0 {
				continue
			}
			perSecond := float64(s.Received) / s.Length.Seconds()
			fmt.Fprintf(&b, "%s-%d\t%d\t%.1f ns/op\t%.1f msg/s\t%d p50-ns\t%d p99-ns\t%d service-p99-ns\n", name, r.Machine.CPUs,
				s.Received, 1e9/perSecond, perSecond, s.Response.P50, s.Response.P99, s.Service.P99)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
