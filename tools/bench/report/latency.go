package report

import (
	"encoding/base64"
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The range of all histograms: a nanosecond to an hour, three digits.
const (
	lowest  = 1
	highest = int64(time.Hour)
	digits  = 3
)

// NewHistogram makes a histogram of nanoseconds, about 270 kB large.
func NewHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(lowest, highest, digits) }

// Clamp makes v a value that the histograms take.
func Clamp(v int64) int64 { return min(max(v, lowest), highest) }

// Latency is a distribution of times in nanoseconds.
type Latency struct {
	Count  uint64        `json:"count"`
	Mean   time.Duration `json:"mean_ns"`
	Min    time.Duration `json:"min_ns"`
	P50    time.Duration `json:"p50_ns"`
	P90    time.Duration `json:"p90_ns"`
	P99    time.Duration `json:"p99_ns"`
	P999   time.Duration `json:"p999_ns"`
	P9999  time.Duration `json:"p9999_ns"`
	Max    time.Duration `json:"max_ns"`
	Base64 string        `json:"histogram"` // V2, compressed, as HdrHistogram's logs have it

	histogram *hdrhistogram.Histogram
}

// NewLatency describes h, which the Latency keeps.
func NewLatency(h *hdrhistogram.Histogram) *Latency {
	l := &Latency{Count: uint64(h.TotalCount()), histogram: h}
	if l.Count > 0 {
		at := func(p float64) time.Duration { return percentile(h, p) }
		l.Mean, l.Min, l.Max = time.Duration(math.Round(h.Mean())), time.Duration(h.Min()), time.Duration(h.Max())
		l.P50, l.P90, l.P99, l.P999, l.P9999 = at(50), at(90), at(99), at(99.9), at(99.99)
	}
	if p, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase); err == nil {
		l.Base64 = string(p) // it is base64 already
	}
	return l
}

// percentile is the lowest value that p percent of the times do not exceed. The library rounds to the nearest of them: of 60 times it would
// take the last but one for the 99th percentile, which 1.7 percent exceed.
func percentile(h *hdrhistogram.Histogram, p float64) time.Duration {
	n := float64(h.TotalCount())
	rank := max(1, math.Ceil(p*n/100-1e-6)) // 99.9 percent of 1000 are 999, though not in binary
	return time.Duration(h.ValueAtPercentile(100 * rank / n))
}

// Histogram returns the whole distribution, nil if a report that was read has none that can be decoded. It is the Latency's.
func (l *Latency) Histogram() *hdrhistogram.Histogram {
	if l == nil {
		return nil
	}
	if l.histogram == nil {
		l.histogram = Decode(l.Base64)
	}
	return l.histogram
}

// Decode reads a histogram in the form of Latency.Base64; nil if it is none.
func Decode(text string) *hdrhistogram.Histogram {
	if _, err := base64.StdEncoding.DecodeString(text); err != nil || text == "" {
		return nil
	}
	h, err := hdrhistogram.Decode([]byte(text))
	if err != nil {
		return nil
	}
	return h
}

// At is the value that p percent of the times do not exceed; 0 of nothing.
func (l *Latency) At(p float64) time.Duration {
	h := l.Histogram()
	if h == nil || h.TotalCount() == 0 {
		return 0
	}
	return percentile(h, p)
}

// newSample describes h shortly.
func newSample(h *hdrhistogram.Histogram) Sample {
	s := Sample{Count: uint64(h.TotalCount())}
	if s.Count > 0 {
		s.P50, s.P99, s.Max = percentile(h, 50), percentile(h, 99), time.Duration(h.Max())
	}
	return s
}

// heatStep is the Step of a time in nanoseconds.
func heatStep(v int64) int { return max(0, int(math.Floor(2*math.Log2(float64(max(v, 1))/1000)))) }

// HeatOf sorts the values of h into the steps of a heat map.
func HeatOf(h *hdrhistogram.Histogram) []Heat {
	all := []Heat{}
	if h.TotalCount() == 0 {
		return all
	}
	for _, b := range h.Distribution() {
		if b.Count == 0 {
			continue
		}
		step := heatStep(b.From)
		if n := len(all); n > 0 && all[n-1].Step == step {
			all[n-1].Count += uint64(b.Count)
			continue
		}
		all = append(all, Heat{Step: step, Count: uint64(b.Count)})
	}
	return all
}

// SetTimes describes a sample.
func (s *Second) SetTimes(response, service *hdrhistogram.Histogram) {
	s.Response, s.Service, s.Heat = newSample(response), newSample(service), HeatOf(response)
}

// KeepHistograms keeps those of a sample in their short form, for the hlog form of the report. To make it takes a megabyte or two.
func (s *Second) KeepHistograms(response, service *hdrhistogram.Histogram) {
	s.response, _ = response.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	s.service, _ = service.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
}
