package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/tools/bench/report"
)

func TestParseRate(t *testing.T) {
	tests := []struct {
		text string
		want rate
	}{
		{"1000", rate{shape: steady, from: 1000, to: 1000}},
		{"20k/s", rate{shape: steady, from: 20000, to: 20000}},
		{"1.5M", rate{shape: steady, from: 1.5e6, to: 1.5e6}},
		{"90/m", rate{shape: steady, from: 1.5, to: 1.5}},
		{"36/h", rate{shape: steady, from: 0.01, to: 0.01}},
		{"max", rate{shape: closed}},
		{"step:1k,2k,5k", rate{shape: steps, steps: []float64{1000, 2000, 5000}}},
		{"step:1k/s,2k/s", rate{shape: steps, steps: []float64{1000, 2000}}},
		{"step:1k,2k/30s", rate{shape: steps, steps: []float64{1000, 2000}, each: 30 * time.Second}},
		{"step:1k..20k/30s", rate{shape: steps, steps: []float64{1000, 5750, 10500, 15250, 20000}, each: 30 * time.Second}},
		{"step:10..30:3", rate{shape: steps, steps: []float64{10, 20, 30}}},
		{"step:30..10:3/2m", rate{shape: steps, steps: []float64{30, 20, 10}, each: 2 * time.Minute}},
		{"ramp:1k..20k", rate{shape: ramp, from: 1000, to: 20000}},
		{"ramp:20k/s..1k/s/10s", rate{shape: ramp, from: 20000, to: 1000, each: 10 * time.Second}},
		{"find", rate{shape: find, from: findFrom, to: findTo}},
		{"find:1k..5k", rate{shape: find, from: 1000, to: 5000}},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			test.want.text = test.text
			got, err := parseRate(test.text)
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
	for _, text := range []string{
		"", "0", "-5", "x", "5/d", "1e99", "NaN", "Inf", "max/s", "step", "step:", "step:1,,2", "step:1..", "step:1..5:1", "step:1..5:x", "step:1..5:1001",
		"ramp", "ramp:5", "ramp:1..x", "find:5", "find:5..5", "find:9..5", "steps:1,2", "2e9",
	} {
		t.Run("not "+text, func(t *testing.T) {
			_, err := parseRate(text)
			require.Error(t, err)
		})
	}
}

// dues returns the first n times of a schedule.
func dues(s *schedule, n int) (all []time.Duration) {
	for range n {
		all = append(all, time.Duration(s.next()))
	}
	return all
}

func TestScheduleIsEven(t *testing.T) {
	r := rate{from: 1000, to: 1000}
	require.Equal(t, []time.Duration{0, time.Millisecond, 2 * time.Millisecond}, dues(newSchedule(r, time.Second, time.Second, 0, 0, 1, nil), 3))
	// Two workers share it.
	require.Equal(t, []time.Duration{0, 2 * time.Millisecond}, dues(newSchedule(r, 0, time.Second, 0, 0, 2, nil), 2))
	require.Equal(t, []time.Duration{time.Millisecond, 3 * time.Millisecond}, dues(newSchedule(r, 0, time.Second, 0, 1, 2, nil), 2))
	// Bursts of two.
	require.Equal(t, []time.Duration{0, 0, 2 * time.Millisecond, 2 * time.Millisecond}, dues(newSchedule(r, 0, time.Second, 2, 0, 1, nil), 4))
	// It does not drift: message 3,000,000 at 3/s.
	s := newSchedule(rate{from: 3, to: 3}, 0, time.Hour, 0, 0, 1, nil)
	s.count = 3e6
	require.Equal(t, 1e6*time.Second, time.Duration(s.next()))
}

// TestScheduleCounts: until and next agree, whatever the rate does.
func TestScheduleCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rate{from: rapid.Float64Range(1, 1e5).Draw(t, "from"), to: rapid.Float64Range(1, 1e5).Draw(t, "to")}
		if rapid.Bool().Draw(t, "steady") {
			r.to = r.from
		}
		workers := rapid.IntRange(1, 4).Draw(t, "workers")
		warmup := time.Duration(rapid.IntRange(0, 100).Draw(t, "warmup")) * time.Millisecond
		s := newSchedule(r, warmup, 100*time.Millisecond, rapid.IntRange(0, 5).Draw(t, "burst"), rapid.IntRange(0, workers-1).Draw(t, "worker"), workers, nil)
		end := int64(warmup + 100*time.Millisecond)
		want := s.until(end)
		n, last := uint64(0), int64(-1)
		for {
			at := s.next()
			require.GreaterOrEqual(t, at, last)
			if last = at; at >= end {
				break
			}
			n++
		}
		require.InDelta(t, float64(want), float64(n), 1+float64(s.burst)) // a burst may lie on the limit
	})
}

// TestRampIsARamp: the number of messages is the area under the rate.
func TestRampIsARamp(t *testing.T) {
	for _, r := range []rate{{from: 100, to: 1900}, {from: 1900, to: 100}} {
		s := newSchedule(r, time.Second, 10*time.Second, 0, 0, 1, nil)
		perSecond := make([]int, 11)
		for at := s.next(); at < int64(11*time.Second); at = s.next() {
			perSecond[at/int64(time.Second)]++
		}
		require.Equal(t, int(r.from), perSecond[0])
		for i := 1; i <= 10; i++ {
			middle := r.from + (r.to-r.from)*(float64(i)-0.5)/10
			require.InDelta(t, middle, float64(perSecond[i]), 2)
		}
	}
}

func TestPoissonIsRandom(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	s := newSchedule(rate{from: 1000, to: 1000}, 0, time.Minute, 0, 0, 1, random.ExpFloat64)
	const n = 20000
	var last, short int64
	for range n {
		at := s.next()
		if at-last < int64(time.Millisecond) {
			short++
		}
		last = at
	}
	require.InDelta(t, n*int64(time.Millisecond), last, float64(n*time.Millisecond)*0.03)
	require.InDelta(t, 0.632, float64(short)/n, 0.02) // 1 - 1/e of the pauses are shorter than their mean
}

// TestPoissonBursts: bursts of --burst messages come at random, whole ones, at the rate that was asked for.
func TestPoissonBursts(t *testing.T) {
	const size, bursts = 10, 20000
	for _, workers := range []int{1, 3} {
		random := rand.New(rand.NewPCG(1, 2))
		s := newSchedule(rate{from: 1000, to: 1000}, 0, time.Hour, size, 0, workers, random.ExpFloat64)
		mean := time.Duration(size*workers) * time.Millisecond
		last, short := int64(0), 0
		for range bursts {
			at := s.next()
			if at-last < int64(mean) {
				short++
			}
			last = at
			for k := 1; k < size; k++ {
				require.GreaterOrEqual(t, s.after(), at)
				require.Equal(t, at, s.next())
			}
		}
		require.InEpsilon(t, float64(bursts*mean), float64(last), 0.03)
		require.InDelta(t, 0.632, float64(short)/bursts, 0.02)
		require.InEpsilon(t, 1000.0/float64(workers), float64(s.until(last+1e12)-s.until(last))/1000, 0.01)
	}
}

// TestFindTriesAgain: a run that is no measurement does not end the search, nor does it count for the service.
func TestFindTriesAgain(t *testing.T) {
	var rates []float64
	interrupted := 0 // in this run, if there is one
	search := func(verdict func(n int, rate float64) string) *report.Report {
		rates = nil
		s := &series{live: &live{}}
		s.one = func(_ context.Context, p *plan, _ *live) (*report.Report, error) {
			rates = append(rates, p.rate.from)
			h := report.NewLatency(report.NewHistogram())
			r := &report.Report{Verdict: verdict(len(rates), p.rate.from), Response: h, Service: h, Rate: report.Rate{Target: p.rate.from}, Interrupted: len(rates) == interrupted}
			if r.Load.Rate = p.rate.text; r.Verdict != report.OK {
				r.Reasons = []string{fmt.Sprint("run ", len(rates))}
			}
			return r, nil
		}
		r, err := s.find(context.Background(), &plan{rate: rate{shape: find, from: 100, to: 1000}, script: &script{lines: []line{{text: []byte("A\n")}}}})
		require.NoError(t, err)
		return r
	}
	r := search(func(n int, _ float64) string {
		return map[bool]string{true: report.Invalid, false: report.OK}[n%2 == 1] // every other run
	})
	require.Equal(t, report.OK, r.Verdict)
	require.InDelta(t, 1000, r.Found, 0)
	require.Equal(t, "1000/s", r.Steps[9].Load.Rate) // a value of --rate
	require.Equal(t, []float64{100, 100, 200, 200, 400, 400, 800, 800, 1000, 1000}, rates)

	r = search(func(_ int, rate float64) string {
		return map[bool]string{true: report.Invalid, false: report.OK}[rate > 300] // the service cannot do more
	})
	require.InDelta(t, 292, r.Found, 12)
	require.Equal(t, []float64{400, 400}, rates[2:4])

	r = search(func(int, float64) string { return report.Invalid })
	require.Equal(t, report.Invalid, r.Verdict) // it is not known what the service can do
	require.Equal(t, []string{"not even 100/s met what was expected", "run 2"}, r.Reasons)

	r = search(func(int, float64) string { return report.Failed })
	require.Equal(t, report.Failed, r.Verdict)
	require.Equal(t, []float64{100}, rates)

	interrupted = 1
	r = search(func(int, float64) string { return report.OK })
	require.Equal(t, report.Invalid, r.Verdict, "what was measured of the first rate says nothing of the highest")
	require.Equal(t, []string{"it was interrupted before 100/s was tried to the end"}, r.Reasons)

	interrupted = 3
	r = search(func(int, float64) string { return report.OK })
	require.Equal(t, report.OK, r.Verdict)
	require.InDelta(t, 200, r.Found, 0)
}
