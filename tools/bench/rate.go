package bench

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/tools/bench/report"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// shape is the kind of load that --rate asks for.
type shape uint8

const (
	steady shape = iota // one rate, by the clock
	closed              // as fast as the answers come
	steps               // one rate after the other
	ramp                // from one rate to another, evenly
	find                // the highest that meets what is expected
)

// rate is the value of --rate. Rates are messages a second.
type rate struct {
	text     string
	shape    shape
	from, to float64       // steady: both the same; ramp; find: where to look
	steps    []float64     // of steps
	each     time.Duration // of a step, or of the ramp; 0: --duration
}

// The range in which find looks unless told otherwise.
const (
	findFrom = 100
	findTo   = 10e6
)

// parseRate reads
//
//	N[/s|/m|/h]   max   step:R,R,…[/DUR]   step:R..R[:COUNT][/DUR]   ramp:R..R[/DUR]   find[:R..R]
func parseRate(text string) (rate, error) {
	r := rate{text: text}
	word, rest, _ := strings.Cut(text, ":")
	var err error
	switch {
	case text == "max":
		r.shape = closed
	case word == "step":
		r.shape = steps
		err = r.parseSteps(rest)
	case word == "ramp":
		r.shape = ramp
		rest = r.cutDuration(rest)
		r.from, r.to, err = parseRange(rest)
	case word == "find":
		r.shape, r.from, r.to = find, findFrom, findTo
		if rest != "" {
			r.from, r.to, err = parseRange(rest)
		}
		if err == nil && r.from >= r.to {
			err = errors.New("the second rate must be the higher one")
		}
	default:
		if r.from, err = report.ParseRate(text); err != nil {
			return r, fmt.Errorf("%q is not a rate (like 100/s, 20k/s, max, step:1k..20k/30s, ramp:1k..20k, find)", text)
		}
		r.to = r.from
	}
	if err != nil {
		err = fmt.Errorf("%q: %w", text, err)
	}
	return r, err
}

// cutDuration takes "/DUR" off the end.
func (r *rate) cutDuration(text string) string {
	at := strings.LastIndexByte(text, '/')
	if at < 0 || !strings.ContainsAny(text[at:], "0123456789") { // "/s" is a part of the rate
		return text
	}
	if d, err := toolkit.ParseDuration(text[at+1:]); err == nil && d > 0 {
		r.each = d
		return text[:at]
	}
	return text
}

func (r *rate) parseSteps(text string) error {
	text = r.cutDuration(text)
	if !strings.Contains(text, "..") {
		for part := range strings.SplitSeq(text, ",") {
			v, err := report.ParseRate(part)
			if err != nil {
				return err
			}
			r.steps = append(r.steps, v)
		}
		return nil
	}
	limits, count, counted := strings.Cut(text, ":")
	n := 5
	if counted {
		var err error
		if n, err = strconv.Atoi(count); err != nil || n < 2 || n > 1000 {
			return fmt.Errorf("%q is not a number of steps (2 to 1000)", count)
		}
	}
	from, to, err := parseRange(limits)
	for i := range n {
		r.steps = append(r.steps, from+(to-from)*float64(i)/float64(n-1))
	}
	return err
}

func parseRange(text string) (from, to float64, err error) {
	a, b, ok := strings.Cut(text, "..")
	if !ok {
		return 0, 0, fmt.Errorf("%q is not a range of rates, like 1k..20k", text)
	}
	if from, err = report.ParseRate(a); err != nil {
		return 0, 0, err
	}
	to, err = report.ParseRate(b)
	return from, to, err
}

// never is when what is not due at all is due.
const never = math.MaxInt64

// schedule says when messages are due. It counts messages and turns the count into time, so that nothing adds up.
type schedule struct {
	warm     float64 // seconds at the rate from
	from, to float64 // then from one rate to the other
	over     float64 // in so many seconds
	burst    float64 // messages that are due together; 0, 1: one by one
	step     float64 // workers: each takes every step-th message
	random   func() float64

	count float64
	drawn float64 // count of the last message that next told of
	rest  int     // of its burst, in a Poisson process
}

// newSchedule returns that of one worker of several. random draws from the exponential distribution of mean 1 for
// arrivals, of bursts where there are some, that are a Poisson process; nil means that they are even.
func newSchedule(r rate, warmup, duration time.Duration, burst, worker, workers int, random func() float64) *schedule {
	s := &schedule{
		warm: warmup.Seconds(), from: r.from, to: r.to, over: duration.Seconds(),
		burst: float64(burst), step: float64(workers), random: random, count: float64(worker),
	}
	if random != nil {
		s.count = random() * s.apart()
	}
	return s
}

// apart is how many messages of all workers lie between two arrivals of a Poisson process at this one, on average.
func (s *schedule) apart() float64 { return s.step * max(s.burst, 1) }

// next returns when the next message is due, in nanoseconds since the start.
func (s *schedule) next() int64 {
	n := s.count
	s.drawn = n
	switch {
	case s.random == nil:
		s.count += s.step
		if s.burst > 1 {
			n = math.Floor(n/s.burst) * s.burst
		}
	case s.rest > 0:
		s.rest--
	default: // it is bursts that arrive at random
		s.rest = max(int(s.burst), 1) - 1
	}
	if s.random != nil && s.rest == 0 {
		s.count += s.apart() * s.random()
	}
	return s.when(n)
}

// after returns when the message after the last one is due, on average of all bursts.
func (s *schedule) after() int64 {
	if s.rest > 0 {
		return s.when(s.count + s.step*(s.burst-float64(s.rest)))
	}
	return s.when(s.count)
}

// when returns the time of the count-th message.
func (s *schedule) when(count float64) int64 {
	seconds := count / s.from
	if n := count - s.warm*s.from; n > 0 && s.to != s.from {
		// The integral of a rate that grows evenly is a·t + b·t², here solved for t in the form that loses no digits.
		b := (s.to - s.from) / (2 * s.over)
		under := s.from*s.from + 4*b*n
		if under < 0 {
			return never // beyond the peak of a rate that falls to nothing
		}
		seconds = s.warm + 2*n/(s.from+math.Sqrt(under))
	}
	if seconds > 1e9 {
		return never
	}
	return int64(seconds * 1e9)
}

// until returns how many messages of this worker, from the next one on, are due before a time in nanoseconds; in a Poisson process,
// on average.
func (s *schedule) until(t int64) uint64 {
	seconds := float64(t) / 1e9
	n := s.from * seconds
	if after := seconds - s.warm; after > 0 {
		n = s.from*s.warm + s.from*after + (s.to-s.from)*after*after/(2*s.over)
	}
	if s.burst > 1 && s.random == nil {
		n = math.Ceil(n/s.burst) * s.burst
	}
	if n <= s.count {
		return 0
	}
	return uint64(math.Ceil((n - s.count) / s.step))
}
