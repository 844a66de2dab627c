package on_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/on"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

func TestSpecs(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	newYork, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	santiago, err := time.LoadLocation("America/Santiago")
	require.NoError(t, err)
	const layout = "Mon 2006-01-02 15:04:05 -0700"
	now := time.Date(2026, 11, 21, 13, 59, 30, 500, berlin) // a Saturday
	for _, c := range []struct {
		spec string
		now  time.Time
		want []string
	}{
		{"14:00", now, []string{"Sat 2026-11-21 14:00:00 +0100", "Sun 2026-11-22 14:00:00 +0100"}},
		{"13:59:30", now, []string{"Sun 2026-11-22 13:59:30 +0100"}},
		{"3:00", now, []string{"Sun 2026-11-22 03:00:00 +0100"}},
		{"Mon-Fri 18:30", now, []string{"Mon 2026-11-23 18:30:00 +0100", "Tue 2026-11-24 18:30:00 +0100"}},
		{"fri..mon 18:30", now, []string{"Sat 2026-11-21 18:30:00 +0100", "Sun 2026-11-22 18:30:00 +0100", "Mon 2026-11-23 18:30:00 +0100", "Fri 2026-11-27 18:30:00 +0100"}},
		{"Saturday,WED 13:00", now, []string{"Wed 2026-11-25 13:00:00 +0100", "Sat 2026-11-28 13:00:00 +0100"}},
		{":15", now, []string{"Sat 2026-11-21 14:15:00 +0100", "Sat 2026-11-21 15:15:00 +0100"}},
		{":59", now, []string{"Sat 2026-11-21 14:59:00 +0100"}},
		{"hourly", now, []string{"Sat 2026-11-21 14:00:00 +0100"}},
		{"daily", now, []string{"Sun 2026-11-22 00:00:00 +0100"}},
		{"weekly", now, []string{"Mon 2026-11-23 00:00:00 +0100", "Mon 2026-11-30 00:00:00 +0100"}},
		{"2026-12-24 18:00", now, []string{"Thu 2026-12-24 18:00:00 +0100"}},
		{"2026-12-24", now, []string{"Thu 2026-12-24 00:00:00 +0100"}},
		{"2026-12-24T18:00:01Z", now, []string{"Thu 2026-12-24 18:00:01 +0000"}},
		{"2026-12-24 18:00+02:00", now, []string{"Thu 2026-12-24 18:00:00 +0200"}},
		{"@1798131600", now, []string{"Thu 2026-12-24 18:00:00 +0100"}},
		// The clocks go forward on 2026-03-29 at 02:00, and back on 2026-10-25 at 03:00.
		{"02:30", time.Date(2026, 3, 28, 12, 0, 0, 0, berlin), []string{"Sun 2026-03-29 03:30:00 +0200", "Mon 2026-03-30 02:30:00 +0200"}},
		{"02:30", time.Date(2026, 10, 24, 12, 0, 0, 0, berlin), []string{"Sun 2026-10-25 02:30:00 +0100", "Mon 2026-10-26 02:30:00 +0100"}},
		{"18:00", time.Date(2026, 3, 28, 19, 0, 0, 0, berlin), []string{"Sun 2026-03-29 18:00:00 +0200"}},
		{":30", time.Date(2026, 10, 25, 0, 45, 0, 0, time.UTC).In(berlin), []string{"Sun 2026-10-25 02:30:00 +0100", "Sun 2026-10-25 03:30:00 +0100"}},
		// West of Greenwich, on 2026-03-08 at 02:00; and on 2026-09-06 at midnight.
		{"02:30", time.Date(2026, 3, 7, 12, 0, 0, 0, newYork), []string{"Sun 2026-03-08 03:30:00 -0400", "Mon 2026-03-09 02:30:00 -0400"}},
		{"Sun 00:30", time.Date(2026, 9, 5, 12, 0, 0, 0, santiago), []string{"Sun 2026-09-06 01:30:00 -0300", "Sun 2026-09-13 00:30:00 -0300"}},
	} {
		t.Run(c.spec, func(t *testing.T) {
			every, times, err := on.NextTimes(c.spec, c.now, len(c.want))
			require.NoError(t, err)
			require.Zero(t, every)
			var got []string
			for _, at := range times {
				got = append(got, at.Format(layout))
			}
			require.Equal(t, c.want, got)
		})
	}
	for spec, want := range map[string]time.Duration{"5m": 5 * time.Minute, "90": 90 * time.Second, "1.5h": 90 * time.Minute, "2d": 48 * time.Hour, " 1s ": time.Second} {
		every, _, err := on.NextTimes(spec, now, 1)
		require.NoError(t, err, spec)
		require.Equal(t, want, every)
	}
	for _, spec := range []string{"", " ", ":", ":60", "24:00", "1:2", "01:02:03:04", ":1:2", "-1:00", "+1:00", "-0:00", "0:-0", "Mo 1:00", "Mon", "Mon- 1:00", "Mon-Fry 1:00",
		"Mon Tue 1:00", "2026-13-01", "2026-11-21 13:00", "@", "@x", "@99999999999999", "-5m", "0", "soon"} {
		_, _, err := on.NextTimes(spec, now, 1)
		require.Equal(t, toolkit.Usage, toolkit.KindOf(err), spec)
	}
}

func FuzzSpec(f *testing.F) {
	f.Add("Mon-Fri 18:30")
	f.Add("2026-12-24 18:00")
	f.Add(":15")
	now := time.Date(2026, 11, 21, 13, 59, 30, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		every, times, err := on.NextTimes(text, now, 2)
		if err != nil {
			require.Equal(t, toolkit.Usage, toolkit.KindOf(err))
			return
		}
		require.True(t, every > 0 || len(times) > 0)
		last := now
		for _, at := range times {
			require.True(t, at.After(last))
			last = at
		}
	})
}
