package message

import (
	"errors"
	"math"
)

// What is wrong with a number, in plain words; the caller says which number.
var (
	errBool     = errors.New("it is not true or false")
	errInteger  = errors.New("it is not an integer")
	errRange    = errors.New("it does not fit 64 bits")
	errNegative = errors.New("it is negative")
)

// ParseInt reads an integer as it is written in parameters: [+-] [0x 0X 0b 0B 0o 0O 0d 0D] digits, nothing else; a leading 0
// alone is decimal. The value must fit an int64.
func ParseInt(s string) (int64, error) {
	negative, n, err := parseInteger(s)
	switch {
	case err != nil:
		return 0, err
	case negative && n <= -math.MinInt64:
		return -int64(n), nil
	case negative || n > math.MaxInt64:
		return 0, errRange
	}
	return int64(n), nil
}

// ParseUint is ParseInt for what fits a uint64.
func ParseUint(s string) (uint64, error) {
	negative, n, err := parseInteger(s)
	switch {
	case err != nil:
		return 0, err
	case negative && n != 0:
		return 0, errNegative
	}
	return n, nil
}

// parseInteger returns the sign and the absolute value.
func parseInteger(s string) (negative bool, n uint64, err error) {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		negative, s = s[0] == '-', s[1:]
	}
	base := uint64(10)
	if len(s) >= 2 && s[0] == '0' {
		switch s[1] | 0x20 {
		case 'x':
			base, s = 16, s[2:]
		case 'b':
			base, s = 2, s[2:]
		case 'o':
			base, s = 8, s[2:]
		case 'd':
			s = s[2:]
		}
	}
	if s == "" {
		return false, 0, errInteger
	}
	for i := range len(s) {
		d := digitValue(s[i])
		if d >= base {
			return false, 0, errInteger
		}
		if err == nil && n > (math.MaxUint64-d)/base {
			err = errRange // but "not an integer" comes first
		}
		n = n*base + d
	}
	return negative, n, err
}

// digitValue returns 255 for what is no digit of any base.
func digitValue(c byte) uint64 {
	switch {
	case '0' <= c && c <= '9':
		return uint64(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return uint64(c|0x20-'a') + 10
	}
	return 255
}
