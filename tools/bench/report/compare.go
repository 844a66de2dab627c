package report

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"
)

// Alpha is the level of significance: how often a difference is reported where there is none.
const Alpha = 0.01

// What became of a metric since the baseline.
const (
	Same    = "no change"
	Better  = "better"
	Worse   = "worse"
	Unknown = "too few samples"
)

// Comparison holds a run against an earlier one.
type Comparison struct {
	File    string   `json:"file"`
	Alpha   float64  `json:"alpha"`
	Metrics []Metric `json:"metrics"`
	Differs []string `json:"differs"` // what was different about the load: the figures may not be comparable

	old *Report
}

// Metric compares the samples of one figure, a second each, with the test of Mann and Whitney (two-sided).
type Metric struct {
	Name        string  `json:"name"` // "rate", "p50", "p99"
	Old         float64 `json:"old"`  // medians of the samples: messages a second, or nanoseconds
	New         float64 `json:"new"`
	Change      float64 `json:"change"` // share of Old
	P           float64 `json:"p"`
	Samples     [2]int  `json:"samples"` // old, new
	Significant bool    `json:"significant"`
	Verdict     string  `json:"verdict"`
}

// Read reads a report in its JSON form.
func Read(in io.Reader) (*Report, error) {
	var r Report
	d := json.NewDecoder(in)
	if err := d.Decode(&r); err != nil {
		return nil, fmt.Errorf("%w: %s", errNoReport, whyNot(err))
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("%w: there is more in it than one", errNoReport)
	}
	if r.V != 0 && r.V != Version {
		return nil, fmt.Errorf("read report: it is of version %d, and this ed knows %d: measure again", r.V, Version)
	}
	for _, one := range append([]*Report{&r}, r.Steps...) {
		if one == nil || r.V == 0 || r.Kind == "" || one.Response == nil {
			return nil, errNoReport
		}
		if one.Service == nil {
			one.Service = &Latency{}
		}
		for i := range one.Seconds {
			if !one.Seconds[i].possible() {
				return nil, fmt.Errorf("read report: second %d cannot have been measured", i+1)
			}
		}
	}
	return &r, nil
}

var errNoReport = errors.New("read report: it is none that ed bench -o json wrote")

// whyNot says what is wrong with the JSON, without the words of Go's types.
func whyNot(err error) string {
	var kind *json.UnmarshalTypeError
	switch {
	case err == io.EOF:
		return "it is empty"
	case err == io.ErrUnexpectedEOF:
		return "it ends in the middle"
	case errors.As(err, &kind) && kind.Field == "":
		return "it is a JSON " + kind.Value
	case errors.As(err, &kind):
		return kind.Field + " cannot be a " + kind.Value
	}
	return err.Error()
}

// possible says that no number is one that breaks what is made of it.
func (s *Second) possible() bool {
	for _, d := range []time.Duration{s.At, s.Length, s.Response.P50, s.Response.P99, s.Response.Max} {
		if d < 0 || d > 1e9*time.Second {
			return false
		}
	}
	for _, h := range s.Heat {
		if h.Step < 0 || h.Step > heatStep(highest) {
			return false
		}
	}
	return true
}

// Like returns the run of a series that had the same rate; r itself if there is none.
func (r *Report) Like(o *Report) *Report {
	for _, one := range r.Steps {
		if sameRate(one.Load, o.Load) {
			return one
		}
	}
	return r
}

// sameRate says that both asked for the same, as 2k/s and 2000/s do.
func sameRate(a, b Load) bool {
	return a.Rate == b.Rate || a.steady() > 0 && a.steady() == b.steady()
}

// steady is the rate that was asked for, if that was one; else 0. It was once written with spaces between thousands.
func (l Load) steady() float64 {
	rate, _ := ParseRate(strings.ReplaceAll(l.Rate, " ", ""))
	return rate
}

// Compare holds r against old, which was read from file.
func Compare(r, old *Report, file string) *Comparison {
	c := &Comparison{File: file, Alpha: Alpha, Differs: []string{}, old: old}
	for _, name := range []string{"rate", "p50", "p99"} {
		m := Metric{Name: name}
		a, b := old.samples(name), r.samples(name)
		m.Samples = [2]int{len(a), len(b)}
		m.Old, m.New = median(a), median(b)
		if m.Old > 0 && len(b) > 0 {
			m.Change = m.New/m.Old - 1
		}
		m.P = MannWhitney(a, b)
		m.Verdict = Same
		switch least := LeastP(len(a), len(b)); {
		case least >= Alpha:
			m.Verdict = Unknown
		case m.P < Alpha:
			m.Significant = true
			if m.Verdict = Worse; (m.New > m.Old) == (name == "rate") {
				m.Verdict = Better
			}
		}
		c.Metrics = append(c.Metrics, m)
	}
	c.differ(old, r)
	return c
}

// differ notes what was different about the load and the machine.
func (c *Comparison) differ(old, r *Report) {
	note := func(text string) { // the file may be anybody's
		c.Differs = append(c.Differs, Clip(printable(text), 400))
	}
	differs := func(what string, a, b any) {
		if a != b {
			note(fmt.Sprintf("%s: %v, now %v", what, a, b))
		}
	}
	a, b := old.Load, r.Load
	differs("kind", old.Kind, r.Kind)
	differs("medium", scheme(old.Address), scheme(r.Address))
	if !sameRate(a, b) {
		differs("rate", a.Rate, b.Rate)
	}
	differs("arrival", a.Arrival, b.Arrival)
	differs("burst", max(a.Burst, 1), max(b.Burst, 1))
	differs("connections", a.Connections, b.Connections)
	differs("idle connections", a.Idle, b.Idle)
	differs("window", a.Window, b.Window)
	differs("workers", a.Workers, b.Workers)
	differs("size", a.Size, b.Size)
	if r.Kind != "router" && a.Messages <= 1 && b.Messages <= 1 { // each run has names of its own there, and a template may have times
		differs("message", a.Message, b.Message)
	}
	differs("messages", a.Messages, b.Messages)
	differs("CPUs", old.Machine.CPUs, r.Machine.CPUs)
	differs("host", old.Machine.Host, r.Machine.Host)
	if old.Verdict == Invalid {
		note("that run was invalid: " + strings.Join(old.Reasons, "; "))
	}
	if a, b := old.Generator.Queued, r.Generator.Queued; math.Abs(a-b) > contended {
		differs("processors that the generator waited for", fmt.Sprintf("%.2f", a), fmt.Sprintf("%.2f", b))
	}
}

// Words are what was, what is, and how much that is changed, for people; "-" where there are no samples.
func (m Metric) Words() (words [3]string) {
	for i, v := range []float64{m.Old, m.New} {
		switch {
		case m.Samples[i] == 0:
			words[i], words[2] = "-", "-"
		case m.Name == "rate":
			words[i] = Count(v) + "/s"
		default:
			words[i] = Short(time.Duration(v))
		}
	}
	words[2] = cmp.Or(words[2], fmt.Sprintf("%+.1f%%", 100*m.Change))
	return words
}

// scheme is that of an address.
func scheme(address string) string {
	s, _, _ := strings.Cut(address, ":")
	return s
}

// contended is how much more of a processor one of two runs may have waited for than the other: beyond that the machine was not as free, or
// the service took more of it.
const contended = 0.05

// samples returns a figure of each second. A last part of a second does not count.
func (r *Report) samples(name string) []float64 {
	var all []float64
	for _, run := range r.All() {
		for _, s := range run.Seconds {
			switch {
			case s.Length.Seconds() < 0.9:
			case name == "rate":
				all = append(all, float64(s.Received)/s.Length.Seconds())
			case s.Response.Count == 0:
			case name == "p50":
				all = append(all, float64(s.Response.P50))
			default:
				all = append(all, float64(s.Response.P99))
			}
		}
	}
	return all
}
