package tail

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestParseSpeed(t *testing.T) {
	for text, want := range map[string]float64{"1x": 1, "2x": 2, "0.5x": 0.5, "3": 3, "max": 0, "1e3x": 1000} {
		got, err := parseSpeed(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "x", "0", "0x", "-1x", "fast", "2xx", "NaN", "Inf", "1e300"} {
		_, err := parseSpeed(text)
		require.Error(t, err, text)
	}
}

func TestPacerKeepsTheTimes(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(seconds float64) time.Time { return start.Add(time.Duration(seconds * 1e9)) }
	for name, c := range map[string]struct {
		pacer pacer
		times []time.Time
		want  []time.Duration // since the beginning
	}{
		"as it was":    {pacer{speed: 1}, []time.Time{at(0), at(1), at(3.5)}, []time.Duration{0, 1e9, 35e8}},
		"twice":        {pacer{speed: 2}, []time.Time{at(0), at(1), at(3)}, []time.Duration{0, 5e8, 15e8}},
		"max":          {pacer{}, []time.Time{at(0), at(1), at(3600)}, []time.Duration{0, 0, 0}},
		"gaps cut":     {pacer{speed: 1, maxGap: time.Second}, []time.Time{at(0), at(3600), at(3600.5)}, []time.Duration{0, 1e9, 15e8}},
		"no times":     {pacer{speed: 1}, []time.Time{{}, {}, {}}, []time.Duration{0, 0, 0}},
		"some times":   {pacer{speed: 1}, []time.Time{at(0), {}, at(2), {}}, []time.Duration{0, 0, 2e9, 2e9}},
		"clock set":    {pacer{speed: 1}, []time.Time{at(10), at(5), at(6)}, []time.Duration{0, 0, 1e9}},
		"slowest":      {pacer{speed: 1e-300}, []time.Time{at(0), at(1)}, []time.Duration{0, 100 * 365 * 24 * time.Hour}},
		"late at once": {pacer{speed: 1}, []time.Time{at(100), at(100)}, []time.Duration{0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				p := c.pacer
				var got []time.Duration
				for _, at := range c.times {
					require.NoError(t, p.wait(t.Context(), at))
					got = append(got, time.Since(began))
				}
				require.Equal(t, c.want, got)
				require.Zero(t, p.late.worst)
			})
		})
	}
}

// However long each line takes to send, the next is due at its own time.
func TestPacerDoesNotDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pacer{speed: 1}
		at, began := time.Unix(1000, 0), time.Now()
		for i := range 100 {
			require.NoError(t, p.wait(t.Context(), at.Add(time.Duration(i)*10*time.Millisecond)))
			<-time.After(7 * time.Millisecond)
		}
		require.Equal(t, 990*time.Millisecond+7*time.Millisecond, time.Since(began))
		<-time.After(93 * time.Millisecond)
		require.NoError(t, p.wait(t.Context(), at.Add(time.Second)))
		require.Equal(t, 90*time.Millisecond, p.late.worst)
	})
}

func TestPacerIsMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := pacer{speed: rapid.Float64Range(0.1, 100).Draw(t, "speed"), maxGap: time.Duration(rapid.IntRange(0, 1e9).Draw(t, "gap"))}
		now := time.Unix(1, 0)
		last := now
		for _, s := range rapid.SliceOf(rapid.Int64Range(-1e12, 1e12)).Draw(t, "times") {
			due := p.next(time.Unix(0, s), now)
			require.False(t, due.Before(last))
			last = due
		}
	})
}
