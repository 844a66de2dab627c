package toolkit

import (
	"fmt"
	"time"
)

// Plural is "1 message", "2 messages".
func Plural[N int | int64 | uint64](n N, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// Optional is nothing for 0, and else n in the format.
func Optional[N int | int64 | uint64](n N, format string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(format, n)
}

// Short is a duration without digits that nobody reads.
func Short(d time.Duration) string {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(100 * time.Nanosecond).String()
}
