package watch

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Signal is the number of a signal, under a name for those who do not import syscall.
type Signal = syscall.Signal

// The real-time signals as the C library numbers them: it keeps 32 and 33 to itself.
const (
	rtMin = Signal(34)
	rtMax = Signal(lastSignal)
)

// SignalName is the name of a signal without SIG, "HUP", "RTMIN+3", or its number where it has none.
func SignalName(s Signal) string {
	if name := unix.SignalName(s); name != "" {
		return strings.TrimPrefix(name, "SIG")
	}
	switch {
	case s == rtMin:
		return "RTMIN"
	case s > rtMin && s < rtMax:
		return "RTMIN+" + strconv.Itoa(int(s-rtMin))
	case s == rtMax:
		return "RTMAX"
	}
	return strconv.Itoa(int(s))
}

// ParseSignal reads "HUP", "SIGHUP", "hup", "1", "RTMIN+3" and "RTMAX-1". Numbers are from 1 to 64.
func ParseSignal(text string) (Signal, error) {
	name := strings.TrimPrefix(strings.ToUpper(text), "SIG")
	if n, err := strconv.ParseUint(text, 10, 8); err == nil && n >= 1 && n <= lastSignal {
		return Signal(n), nil
	}
	if n := unix.SignalNum("SIG" + name); n != 0 {
		return n, nil
	}
	if s, ok := parseRealTime(name); ok {
		return s, nil
	}
	return 0, fmt.Errorf("parse signal %q: no such signal", text)
}

func parseRealTime(name string) (Signal, bool) {
	from, rest := rtMin, ""
	switch {
	case strings.HasPrefix(name, "RTMIN"):
		rest = name[len("RTMIN"):]
	case strings.HasPrefix(name, "RTMAX"):
		from, rest = rtMax, name[len("RTMAX"):]
	default:
		return 0, false
	}
	if rest == "" {
		return from, true
	}
	n, err := strconv.ParseUint(rest[1:], 10, 8)
	if err != nil || n > uint64(rtMax-rtMin) {
		return 0, false
	}
	switch {
	case rest[0] == '+' && from == rtMin:
		return from + Signal(n), true
	case rest[0] == '-' && from == rtMax:
		return from - Signal(n), true
	}
	return 0, false
}
