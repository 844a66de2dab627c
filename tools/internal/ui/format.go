package ui

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/ed-toolbox/ed/core/inspect"
)

// Unknown stands where a value is not known.
const Unknown = "-"

// Value is a value of a table for people: 4.2M for bytes, 1m05s for seconds, a clock for dates of today. now is when it is looked at.
func Value(c inspect.Column, value string, now time.Time) string {
	if value == "" {
		return Unknown
	}
	n, ok := c.Number(value)
	switch {
	case c.Unit == inspect.Flag:
		if yes, known := map[string]string{"true": "yes", "false": "no"}[value]; known {
			return yes
		}
		return value
	case !ok || c.Kind == inspect.Label && c.Unit == inspect.None:
		return value
	case c.Unit == inspect.Bytes:
		return Size(n)
	case c.Unit == inspect.Seconds:
		return Seconds(n)
	case c.Unit == inspect.Time:
		return Date(n, now)
	case c.Unit == inspect.Percent:
		return Number(n) + "%"
	}
	return Number(n)
}

// Rate is what a counter does in a second. Time in a second is a share of it: percent of a processor.
func Rate(c inspect.Column, rate float64) string {
	switch {
	case rate < 0:
		return Unknown
	case c.Unit == inspect.Seconds && rate >= 1000: // nobody has so many processors
		return Number(rate*100) + "%"
	case c.Unit == inspect.Seconds:
		return strconv.FormatFloat(rate*100, 'f', 1, 64) + "%"
	case c.Unit == inspect.Bytes:
		return Size(rate) + "/s"
	}
	return Number(rate) + "/s"
}

// Number is a number in at most five columns: 12345, 123k, 1.2M.
func Number(n float64) string {
	switch a := math.Abs(n); {
	case a == math.Trunc(a) && a < 100_000:
		return strconv.FormatFloat(n, 'f', 0, 64)
	case a < 10:
		return strconv.FormatFloat(n, 'f', 2, 64)
	case a < 1000:
		return strconv.FormatFloat(n, 'f', 1, 64)
	default:
		return scaled(n, 1000, "", "k", "M", "G", "T", "P", "E")
	}
}

// Size is a number of bytes: 512B, 4.0K, 128M; the units are powers of 1024.
func Size(n float64) string { return scaled(n, 1024, "B", "K", "M", "G", "T", "P", "E") }

func scaled(n, step float64, units ...string) string {
	unit := 0
	for math.Abs(n) >= step && unit < len(units)-1 {
		n /= step
		unit++
	}
	if math.Abs(n) >= step*step { // of no use to anybody, but it must not fill the screen
		return strconv.FormatFloat(n, 'e', 0, 64) + units[unit]
	}
	decimals := 0
	if unit > 0 && math.Abs(n) < 10 {
		decimals = 1
	}
	return strconv.FormatFloat(n, 'f', decimals, 64) + units[unit]
}

// Seconds is a length of time in at most six columns: 850ns, 12.3ms, 1m05s, 3h20m, 12d04h.
func Seconds(n float64) string {
	if n < 0 {
		return "-" + Seconds(-n)
	}
	switch {
	case n == 0:
		return "0"
	case n < 1e-6:
		return fmt.Sprintf("%.0fns", n*1e9)
	case n < 1e-3:
		return short(n*1e6) + "µs"
	case n < 1:
		return short(n*1e3) + "ms"
	case n < 60:
		return short(n) + "s"
	case n < 3600:
		return fmt.Sprintf("%dm%02ds", int(n)/60, int(n)%60)
	case n < 86400:
		return fmt.Sprintf("%dh%02dm", int(n)/3600, int(n)/60%60)
	}
	if n >= 1e4*86400 { // hours do not matter then, and it may be more than an int can hold
		return Number(math.Trunc(n/86400)) + "d"
	}
	return fmt.Sprintf("%dd%02dh", int(n)/86400, int(n)/3600%24)
}

// short is a number below 1000 with three digits.
func short(n float64) string {
	switch {
	case n < 10:
		return strconv.FormatFloat(n, 'f', 2, 64)
	case n < 100:
		return strconv.FormatFloat(n, 'f', 1, 64)
	}
	return strconv.FormatFloat(n, 'f', 0, 64)
}

// farFuture is where dates end that have a year of four digits.
const farFuture = 253_402_300_800

// Date is a clock for the last day, else a day; what is no day of these millennia, the number itself.
func Date(unix float64, now time.Time) string {
	if math.Abs(unix) >= farFuture {
		return Number(unix)
	}
	whole, part := math.Modf(unix)
	t := time.Unix(int64(whole), int64(part*1e9)).In(now.Location())
	if d := now.Sub(t); d > -24*time.Hour && d < 24*time.Hour {
		return t.Format(time.TimeOnly)
	}
	return t.Format(time.DateOnly)
}
