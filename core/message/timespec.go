package message

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// Timespec is a number of seconds, in nanoseconds: Sec + Nsec/1e9. Nsec is 0 to 999,999,999 also when Sec is negative, so that
// minus one and a half seconds is {-2, 500000000}.
type Timespec struct {
	Sec  int64
	Nsec int32
}

var (
	errTimespec = errors.New("it is not a number of seconds")
	errSeconds  = errors.New("its seconds do not fit 64 bits")
)

// TimespecOf returns the time since 1970.
func TimespecOf(t time.Time) Timespec { return Timespec{t.Unix(), int32(t.Nanosecond())} }

// TimespecOfDuration returns the length of d.
func TimespecOfDuration(d time.Duration) Timespec {
	sec, nsec := int64(d/time.Second), int32(d%time.Second)
	if nsec < 0 {
		sec, nsec = sec-1, nsec+1e9
	}
	return Timespec{sec, nsec}
}

// Time returns the time that is t after the start of 1970.
func (t Timespec) Time() time.Time { return time.Unix(t.Sec, int64(t.Nsec)) }

// Duration returns the length of t, at most what a time.Duration can hold (292 years either way).
func (t Timespec) Duration() time.Duration {
	const most = math.MaxInt64 / int64(time.Second)
	switch {
	case t.Sec > most, t.Sec == most && int64(t.Nsec) > math.MaxInt64%int64(time.Second):
		return math.MaxInt64
	case t.Sec < -most-1, t.Sec == -most-1 && int64(t.Nsec) < int64(time.Second)-(math.MaxInt64%int64(time.Second)+1):
		return math.MinInt64
	}
	if t.Sec < 0 { // so that the product does not overflow before the sum is back in range
		return time.Duration(t.Sec+1)*time.Second + time.Duration(t.Nsec) - time.Second
	}
	return time.Duration(t.Sec)*time.Second + time.Duration(t.Nsec)
}

// AppendText appends the number: "10", "10.5", "-1.5"; up to nine decimals, without zeros at the end.
func (t Timespec) AppendText(dst []byte) []byte {
	sec, nsec := t.Sec, t.Nsec
	if sec < 0 && nsec > 0 {
		// {-2, 5e8} is -1.5: count from the second above, which may be zero and then loses its sign.
		sec, nsec = sec+1, 1e9-nsec
		if sec == 0 {
			dst = append(dst, '-')
		}
	}
	dst = strconv.AppendInt(dst, sec, 10)
	if nsec == 0 {
		return dst
	}
	digits := strconv.AppendInt(make([]byte, 0, 10), int64(nsec)+1e9, 10) // 1 and nine digits
	digits[0] = '.'
	for digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	return append(dst, digits...)
}

// String returns what AppendText appends.
func (t Timespec) String() string { return string(t.AppendText(nil)) }

// ParseTimespec reads [blanks] [+-] digits [. digits] [s] [blanks]. Decimals after the ninth are cut off.
func ParseTimespec(s string) (Timespec, error) {
	negative, sec, nsec, err := parseDecimal(strings.TrimSuffix(strings.Trim(s, blanks), "s"))
	switch {
	case err != nil:
		return Timespec{}, err
	case !negative && sec <= math.MaxInt64:
		return Timespec{int64(sec), nsec}, nil
	case negative && nsec == 0 && sec <= -math.MinInt64:
		return Timespec{-int64(sec), 0}, nil
	case negative && nsec > 0 && sec < -math.MinInt64:
		return Timespec{-int64(sec) - 1, 1e9 - nsec}, nil
	}
	return Timespec{}, errSeconds
}

// blanks is the white space around numbers.
const blanks = " \t\n\v\f\r"

// parseDecimal reads [+-] digits [. digits] and returns the sign and the absolute value, of the decimals nine.
func parseDecimal(s string) (negative bool, whole uint64, nano int32, err error) {
	negative = strings.HasPrefix(s, "-")
	if negative || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	digits, fraction, _ := strings.Cut(s, ".")
	if digits == "" || !isDigits(digits) || !isDigits(fraction) {
		return false, 0, 0, errTimespec
	}
	if whole, err = strconv.ParseUint(digits, 10, 64); err != nil {
		return false, 0, 0, errSeconds
	}
	for i := range 9 {
		nano *= 10
		if i < len(fraction) {
			nano += int32(fraction[i] - '0')
		}
	}
	return negative, whole, nano, nil
}

func isDigits(s string) bool {
	for i := range len(s) {
		if classes[s[i]]&digitByte == 0 {
			return false
		}
	}
	return true
}
