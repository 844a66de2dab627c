package on

import (
	"strconv"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// spec is a time that comes: every so long, on some days at a time of day, each hour at a minute, or once.
type spec struct {
	text  string
	every time.Duration // more than 0: so long from one to the next
	once  time.Time     // not zero: then, and never again

	days   [7]bool       // Sunday first
	hourly bool          // at is after each full hour, not after midnight
	at     time.Duration // after midnight, by the clock on the wall
}

// parseSpec reads a duration, "HH:MM[:SS]" with days of the week before it or not, ":MM", "hourly", "daily", "weekly", a date
// with a time or without, or "@SECONDS" since 1970. now is for what is not to be in the past, and has the time zone.
func parseSpec(text string, now time.Time) (spec, error) {
	s := spec{text: text}
	word := strings.TrimSpace(text)
	if d, err := toolkit.ParseDuration(word); err == nil {
		if d < time.Millisecond {
			return s, toolkit.Errorf(toolkit.Usage, "%q is too short: at least 1ms", toolkit.Escape(text))
		}
		s.every = d
		return s, nil
	}
	switch strings.ToLower(word) {
	case "hourly":
		word = ":00"
	case "daily", "midnight":
		word = "00:00"
	case "weekly":
		word = "Mon 00:00"
	}
	if s.calendar(word) {
		return s, nil
	}
	t, ok := parseDate(word, now.Location())
	if !ok {
		err := toolkit.Errorf(toolkit.Usage, "%q is no time", toolkit.Escape(text))
		if len(strings.Fields(word)) == 5 {
			return s, toolkit.WithHint(err, "the form of cron is not known here: write 5m, 03:00, 'Mon-Fri 18:30', :15 or '2026-12-24 18:00'")
		}
		return s, toolkit.WithHint(err, "write 5m, 03:00, 'Mon-Fri 18:30', :15 or '2026-12-24 18:00'")
	}
	if !t.After(now) {
		return s, toolkit.Errorf(toolkit.Usage, "%s has passed: it is %s", toolkit.Escape(text), now.Format("2006-01-02 15:04:05"))
	}
	s.once = t
	return s, nil
}

// calendar reads "[DAYS] HH:MM[:SS]" and ":MM".
func (s *spec) calendar(text string) bool {
	fields := strings.Fields(text)
	switch len(fields) {
	case 1:
		for i := range s.days {
			s.days[i] = true
		}
	case 2:
		if !s.parseDays(fields[0]) {
			return false
		}
		fields = fields[1:]
	default:
		return false
	}
	parts := strings.Split(fields[0], ":")
	if len(parts) < 2 || len(parts) > 3 {
		return false
	}
	if parts[0] == "" {
		s.hourly = true
		parts[0] = "0"
		if len(parts) == 3 {
			return false
		}
	}
	units := []struct {
		unit time.Duration
		most uint64
	}{{time.Hour, 23}, {time.Minute, 59}, {time.Second, 59}}
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 8) // which takes no sign
		if err != nil || n > units[i].most || len(p) > 2 || len(p) < 2 && i > 0 {
			return false
		}
		s.at += time.Duration(n) * units[i].unit
	}
	return true
}

// parseDays reads "Mon", "Mon,Wed", "Mon-Fri" and "Mon..Fri".
func (s *spec) parseDays(text string) bool {
	for part := range strings.SplitSeq(text, ",") {
		from, to, span := strings.Cut(strings.ReplaceAll(part, "..", "-"), "-")
		first, ok := parseDay(from)
		if !ok {
			return false
		}
		last := first
		if span {
			if last, ok = parseDay(to); !ok {
				return false
			}
		}
		for d := first; ; d = (d + 1) % 7 {
			s.days[d] = true
			if d == last {
				break
			}
		}
	}
	return true
}

func parseDay(text string) (int, bool) {
	if len(text) < 3 {
		return 0, false
	}
	for d := time.Sunday; d <= time.Saturday; d++ {
		if len(text) <= len(d.String()) && strings.EqualFold(text, d.String()[:len(text)]) {
			return int(d), true
		}
	}
	return 0, false
}

func parseDate(text string, zone *time.Location) (time.Time, bool) {
	if seconds, ok := strings.CutPrefix(text, "@"); ok {
		n, err := strconv.ParseInt(seconds, 10, 64)
		return time.Unix(n, 0).In(zone), err == nil && n < 1<<33
	}
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04Z07:00",
		"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02",
	} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// next is the first time of a calendar after now; false where there is none.
func (s *spec) next(now time.Time) (time.Time, bool) {
	if !s.once.IsZero() {
		return s.once, s.once.After(now)
	}
	if s.hourly {
		past := time.Duration(now.Minute())*time.Minute + time.Duration(now.Second())*time.Second + time.Duration(now.Nanosecond())
		t := now.Add(s.at - past)
		for !t.After(now) {
			t = t.Add(time.Hour)
		}
		return t, true
	}
	for day := range 9 {
		// A time that the clock leaves out in spring is taken as much later; one that comes twice in autumn counts once.
		wall := time.Date(now.Year(), now.Month(), now.Day()+day, 0, 0, int(s.at/time.Second), 0, time.UTC)
		t := time.Date(now.Year(), now.Month(), now.Day()+day, 0, 0, int(s.at/time.Second), 0, now.Location())
		_, offset := t.Zone()
		if early := wall.Unix() - t.Unix() - int64(offset); early > 0 { // of one left out, time.Date may give what is as much before
			t = t.Add(time.Duration(early) * time.Second)
		}
		if t.After(now) && s.days[wall.Weekday()] {
			return t, true
		}
	}
	return time.Time{}, false
}
