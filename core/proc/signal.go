package proc

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Signal is the number of a signal.
type Signal int

// The signals that ask a process to end, and the one that does not ask.
const (
	HUP  = Signal(unix.SIGHUP)
	INT  = Signal(unix.SIGINT)
	QUIT = Signal(unix.SIGQUIT)
	TERM = Signal(unix.SIGTERM)
	KILL = Signal(unix.SIGKILL)
)

// Real-time signals as programs see them: the C library keeps the first two of the kernel's for itself.
const (
	rtMin = 34
	rtMax = 64
)

// String is the name without SIG: "INT", "RTMIN+1".
func (s Signal) String() string {
	if s > rtMin && s <= rtMax {
		return "RTMIN+" + strconv.Itoa(int(s)-rtMin)
	}
	if s == rtMin {
		return "RTMIN"
	}
	if name := unix.SignalName(unix.Signal(s)); name != "" {
		return strings.TrimPrefix(name, "SIG")
	}
	return strconv.Itoa(int(s))
}

// ParseSignal reads "INT", "SIGINT", "int" or "2", and RTMIN+N or RTMAX-N. Signal 0 and numbers above 64 are refused.
func ParseSignal(text string) (Signal, error) {
	name := strings.TrimPrefix(strings.ToUpper(text), "SIG")
	if n, err := strconv.ParseUint(text, 10, 8); err == nil && n >= 1 && n <= rtMax {
		return Signal(n), nil
	}
	if rest, ok := strings.CutPrefix(name, "RTMIN"); ok {
		if n, ok := offset(rest, "+"); ok {
			return rtMin + Signal(n), nil
		}
	}
	if rest, ok := strings.CutPrefix(name, "RTMAX"); ok {
		if n, ok := offset(rest, "-"); ok {
			return rtMax - Signal(n), nil
		}
	}
	if n := unix.SignalNum("SIG" + name); n != 0 {
		return Signal(n), nil
	}
	return 0, fmt.Errorf("no signal is called %q", text)
}

// offset reads what follows RTMIN and RTMAX.
func offset(text, sign string) (int, bool) {
	if text == "" {
		return 0, true
	}
	digits, ok := strings.CutPrefix(text, sign)
	n, err := strconv.ParseUint(digits, 10, 8)
	return int(n), ok && err == nil && n <= rtMax-rtMin
}
