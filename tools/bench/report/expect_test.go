package report_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/bench/report"
)

// sample is a report of known figures: response times of 1 to 100 ms, one of each, service times of 1 ms.
func sample() *report.Report {
	response, service := report.NewHistogram(), report.NewHistogram()
	for ms := range int64(100) {
		_ = response.RecordValue((ms + 1) * int64(time.Millisecond))
		_ = service.RecordValue(int64(time.Millisecond))
	}
	r := &report.Report{
		V: report.Version, Kind: "request", Address: "unix:x.sock", Verdict: report.OK, Started: time.Unix(1_800_000_000, 0).UTC(),
		Reasons: []string{}, Notes: []string{}, Expect: []report.Checked{},
		Load:     report.Load{Loop: "open", Rate: "50/s", Arrival: "uniform", Connections: 8, Window: 1, Workers: 1, Size: 64, Duration: 2 * time.Second, Message: "BENCH"},
		Counts:   report.Counts{Due: 102, Sent: 101, Received: 100, Lost: 1, LostKnown: true, Duplicated: 2, Reordered: 3},
		Rate:     report.Rate{Target: 51, Sent: 50.5, Achieved: 50, Percent: 98.04},
		Response: report.NewLatency(response), Service: report.NewLatency(service),
		Machine: report.Machine{OS: "linux", Arch: "amd64", CPUs: 2},
	}
	for i := range 2 {
		s := report.Second{At: time.Duration(i) * time.Second, Length: time.Second, Sent: 50, Received: 50}
		s.SetTimes(response, service)
		s.KeepHistograms(response, service)
		r.Seconds = append(r.Seconds, s)
	}
	return r
}

func TestExpect(t *testing.T) {
	tests := []struct {
		text string
		met  bool
	}{
		{"p50<51ms", true},
		{"p50<=49ms", false},
		{"p99<100ms", true},
		{"p99 < 99ms", false},
		{"p99.9>=100ms", true},
		{"p100=100ms", false}, // a histogram has three digits
		{"max<101ms", true},
		{"min>900us", true},
		{"mean<51ms", true},
		{"response.p99>98ms", true},
		{"service.p99<2ms", true},
		{"service.p99>2ms", false},
		{"delivery.p99<1h", false}, // nothing measured is not met
		{"late.p99<1h", false},
		{"loss=0", false},
		{"loss=1", true},
		{"loss==1", true},
		{"loss!=1", false},
		{"loss<1%", true},
		{"loss<0.5%", false},
		{"dup<=2", true},
		{"order<3", false},
		{"wrong=0", true},
		{"failed=0", true},
		{"late=0", true},
		{"rate>=98%", true},
		{"rate>=99%", false},
		{"rate>=50/s", true},
		{"rate>3000/m", false},
		{"rate>2999/m", true},
		{"change.p99<1%", false}, // there is no baseline
		{"change.p50<1%", false},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			e, err := report.ParseExpect(test.text)
			require.NoError(t, err)
			got := report.Check(e, sample())
			require.Len(t, got, 1)
			require.Equal(t, test.text, got[0].Text)
			require.Equal(t, test.met, got[0].Met, got[0].Found)
			require.NotEmpty(t, got[0].Found)
		})
	}
	for _, loop := range []string{"open", "closed"} { // interrupted before there was anything
		e, err := report.ParseExpect("rate>=99%")
		require.NoError(t, err)
		r := &report.Report{Load: report.Load{Loop: loop}}
		require.Equal(t, map[string]string{"open": "nothing measured", "closed": "a closed loop has no target"}[loop], report.Check(e, r)[0].Found)
	}
	e, err := report.ParseExpect(" p50<51ms , loss=1,, ")
	require.NoError(t, err)
	require.Len(t, e, 2)
}

func TestExpectRefuses(t *testing.T) {
	for _, text := range []string{
		"p99", "p99<", "p99<5", "p99<-5ms", "p0<5ms", "p101<5ms", "pp<5ms", "=5ms", "loss<5ms", "loss=-1", "loss=x%", "rate>x/s", "rate>5/d",
		"latency<5ms", "change.p90<5%", "change.p99<5", "change.p99<x%", "p99!5ms", "dup=1.5", "loss<NaN%",
		"service.loss=0", "late.dup=0", "delivery.rate>5/s", "response.change.p99<5%", ",", " ,, ", " ",
	} {
		t.Run(text, func(t *testing.T) {
			_, err := report.ParseExpect(text)
			require.Error(t, err)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

// TestLossOfManyReceivers: what is lost counts for each receiver, and so does what it is a share of.
func TestLossOfManyReceivers(t *testing.T) {
	r := sample()
	r.Kind, r.Load.Receivers, r.Counts.Sent, r.Counts.Lost = "fanout", 10, 100, 20
	e, err := report.ParseExpect("loss<=2%,loss<2%,loss=20")
	require.NoError(t, err)
	got := report.Check(e, r)
	require.True(t, got[0].Met)
	require.Equal(t, "2.000%", got[0].Found)
	require.False(t, got[1].Met)
	require.True(t, got[2].Met)
}

// TestPointless: what no run can meet is known before it.
func TestPointless(t *testing.T) {
	for text, of := range map[string][]bool{ // open loop; closed loop; closed loop of pub
		"rate>=99%": {false, true, true}, "rate>5/s": {false, false, false}, "late.p99<1ms": {false, true, true}, "late=0": {false, false, false},
		"delivery.p99<1ms": {true, true, false}, "p99<1ms": {false, false, false}, "loss=0": {false, false, false},
	} {
		e, err := report.ParseExpect(text)
		require.NoError(t, err)
		require.Equal(t, of, []bool{e[0].Pointless("request", false) != "", e[0].Pointless("request", true) != "", e[0].Pointless("pub", true) != ""}, text)
	}
}

// TestLossThatIsNotKnown: nobody can expect what nobody can tell.
func TestLossThatIsNotKnown(t *testing.T) {
	r := sample()
	r.Counts.Lost, r.Counts.LostKnown = 0, false
	e, err := report.ParseExpect("loss=0,loss<100%")
	require.NoError(t, err)
	for _, c := range report.Check(e, r) {
		require.False(t, c.Met)
		require.Equal(t, "not known", c.Found)
	}
	r = sample()
	r.Rate.Target = 0
	e, err = report.ParseExpect("rate>=1%")
	require.NoError(t, err)
	require.False(t, report.Check(e, r)[0].Met)
}

func FuzzParseExpect(f *testing.F) {
	f.Add("p99<5ms,loss=0,rate>=99%")
	f.Add("service.p99.9>=1h,change.rate>-5%")
	f.Fuzz(func(t *testing.T, text string) {
		e, err := report.ParseExpect(text)
		if err == nil {
			report.Check(e, sample())
		}
	})
}
