package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Expectation is one condition on a run, like p99<5ms, loss=0 or rate>=99%.
type Expectation struct {
	Text string

	metric  string
	of      string  // "response", "service", "delivery" or "late", for percentiles
	percent float64 // of a percentile
	op      string
	value   float64 // nanoseconds, a count, a rate, or a share of 1
	share   bool    // value was given in percent
}

// NeedsBaseline says that it is about a change since an earlier run.
func (e Expectation) NeedsBaseline() bool { return strings.HasPrefix(e.metric, "change.") }

// Pointless says why no run of this kind, and of an open loop or a closed one, can meet it; "" if one can.
func (e Expectation) Pointless(kind string, closed bool) string {
	switch {
	case closed && e.metric == "rate" && e.share:
		return "a closed loop has no rate to reach"
	case closed && e.of == "late":
		return "in a closed loop nothing is late"
	case e.of == "delivery" && kind != "pub":
		return "the service tells of the delivery of one-way messages only"
	}
	return ""
}

// Checked is an expectation with what was found.
type Checked struct {
	Text  string `json:"text"`
	Found string `json:"found"`
	Met   bool   `json:"met"`
}

// ParseExpect reads conditions with commas between them:
//
//	METRIC OP VALUE      OP is < <= > >= = !=
//
// METRIC is p50, p99, p99.9 … (or mean, min, max) of the response time, or with service., delivery. or late. before it; these
// are compared with a duration. loss, dup, order, late, wrong and failed are counts, or with % shares of what was sent;
// rate is messages a second, or with % a share of the target; change.rate, change.p50 and change.p99 are differences to the
// baseline in percent, 0 if they are not significant.
func ParseExpect(text string) ([]Expectation, error) {
	var all []Expectation
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		e, err := parseExpectation(part)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	if text != "" && len(all) == 0 {
		return nil, fmt.Errorf("%q has no condition in it", text)
	}
	return all, nil
}

func parseExpectation(text string) (Expectation, error) {
	e := Expectation{Text: text}
	at := strings.IndexAny(text, "<>=!")
	if at < 0 {
		return e, fmt.Errorf("%q has no comparison, as in p99<5ms", text)
	}
	name := strings.ToLower(strings.TrimSpace(text[:at]))
	rest := text[at:]
	for _, op := range []string{"<=", ">=", "==", "!=", "<", ">", "="} {
		if after, ok := strings.CutPrefix(rest, op); ok {
			e.op, rest = op, strings.TrimSpace(after)
			break
		}
	}
	if e.op == "" {
		return e, fmt.Errorf("%q has no comparison, as in p99<5ms", text)
	}
	if err := e.parseMetric(name); err != nil {
		return e, err
	}
	return e, e.parseValue(rest)
}

// parseMetric takes the name apart.
func (e *Expectation) parseMetric(name string) error {
	e.of = "response"
	whole, timed := name, false
	if of, metric, ok := strings.Cut(name, "."); ok {
		switch of {
		case "response", "service", "delivery", "late":
			e.of, name, timed = of, metric, true
		case "change":
			e.of = ""
			if metric != "rate" && metric != "p50" && metric != "p99" {
				return fmt.Errorf("%q: there are change.rate, change.p50 and change.p99", name)
			}
		}
	}
	e.metric = name
	switch name {
	case "mean", "min", "max":
		return nil
	case "loss", "dup", "order", "late", "wrong", "failed", "rate", "change.rate", "change.p50", "change.p99":
		if timed {
			return fmt.Errorf("%q: %s is no time", whole, name)
		}
		e.of = ""
		return nil
	}
	digits, ok := strings.CutPrefix(name, "p")
	p, err := strconv.ParseFloat(digits, 64)
	if !ok || err != nil || !(p > 0 && p <= 100) {
		return fmt.Errorf("%q is not known (p50, p99, p99.9, mean, max, service.p99, loss, dup, order, late, wrong, failed, rate, change.p99, change.p50, change.rate)", name)
	}
	e.metric, e.percent = "p", p
	return nil
}

func (e *Expectation) parseValue(text string) error {
	wrong := fmt.Errorf("%q: %q is not a value for it", e.Text, text)
	if e.of != "" {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return fmt.Errorf("%q: %q is not a duration, as in 5ms", e.Text, text)
		}
		e.value = float64(d)
		return nil
	}
	number, share := strings.CutSuffix(text, "%")
	change := strings.HasPrefix(e.metric, "change.")
	if e.share = share; change && !share {
		return fmt.Errorf("%q: a change is given in percent, as in change.p99<10%%", e.Text)
	}
	if share {
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || v < 0 && !change {
			return wrong
		}
		e.value = v / 100
		return nil
	}
	if e.metric == "rate" {
		v, err := ParseRate(text)
		if e.value = v; err != nil {
			return fmt.Errorf("%q: %w", e.Text, err)
		}
		return nil
	}
	v, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return wrong
	}
	e.value = float64(v)
	return nil
}

// ParseRate reads messages a second: N, N/s, N/m, N/h, where N may end in k or M.
func ParseRate(text string) (float64, error) {
	wrong := fmt.Errorf("%q is not a rate (like 100/s, 20k/s, 5/m)", text)
	number, unit, found := strings.Cut(strings.TrimSpace(text), "/")
	per := 1.0
	if found {
		i := slices.Index([]string{"s", "m", "h"}, unit)
		if i < 0 {
			return 0, wrong
		}
		per = []float64{1, 60, 3600}[i]
	}
	times := 1.0
	switch {
	case strings.HasSuffix(number, "k"):
		number, times = number[:len(number)-1], 1e3
	case strings.HasSuffix(number, "M"):
		number, times = number[:len(number)-1], 1e6
	}
	n, err := strconv.ParseFloat(number, 64)
	if n = n * times / per; err != nil || !(n >= 1e-6) || n > maxRate {
		return 0, wrong
	}
	return n, nil
}

// maxRate is the highest rate that can be asked for: a message a nanosecond.
const maxRate = 1e9
