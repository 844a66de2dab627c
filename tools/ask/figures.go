package ask

import (
	"slices"
	"time"
)

// maxSamples is how many of the last answers the figures are of.
const maxSamples = 100_000

// figures are the round-trip times of one target.
type figures struct {
	sent     int
	answered int
	samples  []time.Duration // a ring when it is full
}

func (f *figures) add(rtt time.Duration) {
	if len(f.samples) < maxSamples {
		f.samples = append(f.samples, rtt)
	} else {
		f.samples[f.answered%maxSamples] = rtt
	}
	f.answered++
}

// summary is what they come to.
type summary struct {
	min, avg, p99, max time.Duration
}

// sum is the summary of the samples; all is zero without any. p99 is the smallest time that 99 of 100 answers did not exceed.
func (f *figures) sum() (s summary) {
	if len(f.samples) == 0 {
		return s
	}
	sorted := slices.Clone(f.samples)
	slices.Sort(sorted)
	var total time.Duration
	for _, d := range sorted {
		total += d
	}
	n := len(sorted)
	s.min, s.max = sorted[0], sorted[n-1]
	s.avg = total / time.Duration(n)
	s.p99 = sorted[(n*99+99)/100-1]
	return s
}
