package message

import (
	"errors"
	"math"
	"math/bits"
	"strings"
	"time"
)

var (
	errDuration     = errors.New(`it is not a duration, like "90", "1.5s" or "1h 30m"`)
	errDurationLong = errors.New("it is over 292 years")
)

// units are the lengths of the units of durations, by name. It is never written to.
var units = map[string]time.Duration{
	"": time.Second, "s": time.Second, "sec": time.Second, "second": time.Second, "seconds": time.Second,
	"m": time.Minute, "min": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"h": time.Hour, "hr": time.Hour, "hour": time.Hour, "hours": time.Hour,
	"d": day, "day": day, "days": day,
	"w": 7 * day, "week": 7 * day, "weeks": 7 * day,
	"month": 30 * day, "months": 30 * day,
	"y": 365 * day, "year": 365 * day, "years": 365 * day,
	"ms": time.Millisecond, "us": time.Microsecond, "µs": time.Microsecond, "μs": time.Microsecond, "ns": time.Nanosecond,
}

const day = 24 * time.Hour

// ParseDuration reads a duration as it is written in parameters and options:
//
//	duration = part { [blanks] part }      part = [+-] digits [. digits] [blanks] [unit]
//	unit     = s m h d w y | second(s) sec minute(s) min hour(s) hr day(s) week(s) month(s) year(s) | ms us ns
//
// The parts are summed; upper and lower case are the same, no unit is seconds, m is minutes, a month has 30 days and a year 365.
// What time.Duration prints is read back, too: in "-1h30m", without blanks, the sign is that of the whole.
func ParseDuration(s string) (time.Duration, error) {
	if d, err := time.ParseDuration(s); err == nil {
		return d, nil
	}
	s = strings.ToLower(strings.Trim(s, blanks))
	if s == "" {
		return 0, errDuration
	}
	sum := time.Duration(0)
	for s != "" {
		part, rest, err := parseDurationPart(s)
		if err != nil {
			return 0, err
		}
		if part > 0 && sum > math.MaxInt64-part || part < 0 && sum < math.MinInt64-part {
			return 0, errDurationLong
		}
		sum, s = sum+part, rest
	}
	return sum, nil
}

// parseDurationPart reads one number with its unit, and the blanks behind it.
func parseDurationPart(s string) (part time.Duration, rest string, err error) {
	number, rest := cut(s, 1, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	rest = strings.TrimLeft(rest, blanks)
	name, rest := cut(rest, 0, func(r rune) bool { return strings.ContainsRune("+-.0123456789"+blanks, r) })
	negative, whole, nano, err := parseDecimal(number)
	unit, known := units[name]
	if !known || errors.Is(err, errTimespec) {
		return 0, "", errDuration
	}
	// A unit is at most 365 days: nanoseconds of it fit 64 bits when taken in two steps.
	fraction := uint64(unit/time.Second)*uint64(nano) + uint64(unit%time.Second)*uint64(nano)/1e9
	high, low := bits.Mul64(whole, uint64(unit))
	low, carry := bits.Add64(low, fraction, 0)
	switch {
	case err != nil || high+carry > 0 || low > -math.MinInt64 || low > math.MaxInt64 && !negative:
		return 0, "", errDurationLong
	case negative:
		return -time.Duration(low), strings.TrimLeft(rest, blanks), nil
	}
	return time.Duration(low), strings.TrimLeft(rest, blanks), nil
}

// cut cuts s before the first rune that ends it, but not before from.
func cut(s string, from int, ends func(rune) bool) (before, after string) {
	if i := strings.IndexFunc(s[from:], ends); i >= 0 {
		return s[:from+i], s[from+i:]
	}
	return s, ""
}
