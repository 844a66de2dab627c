// Package signals knows the signals of Linux by their names, the real-time signals as the C library numbers them: it keeps 32 and 33
// to itself.
package signals

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Signal is the number of a signal, under a name for those who do not import syscall. Its String is a sentence; see Name.
type Signal = syscall.Signal

// The signals that our programs send or heed.
const (
	HUP  = unix.SIGHUP
	INT  = unix.SIGINT
	KILL = unix.SIGKILL
	PIPE = unix.SIGPIPE
	TERM = unix.SIGTERM
)

// Last is the highest number of a signal.
const Last = rtMax

const (
	rtMin = Signal(34)
	rtMax = Signal(64)
)

// Name is the name of a signal without SIG, "HUP", "RTMIN+3", or its number where it has none.
func Name(s Signal) string {
	switch {
	case s == rtMin:
		return "RTMIN"
	case s > rtMin && s < rtMax:
		return "RTMIN+" + strconv.Itoa(int(s-rtMin))
	case s == rtMax:
		return "RTMAX"
	}
	if name := unix.SignalName(s); name != "" {
		return strings.TrimPrefix(name, "SIG")
	}
	return strconv.Itoa(int(s))
}

// Parse reads "HUP", "SIGHUP", "hup", "1", "RTMIN+3" and "RTMAX-1". Numbers are from 1 to 64.
func Parse(text string) (Signal, error) {
	if n, err := strconv.ParseUint(text, 10, 8); err == nil && n >= 1 && n <= uint64(Last) {
		return Signal(n), nil
	}
	name := strings.TrimPrefix(strings.ToUpper(text), "SIG")
	if rest, ok := strings.CutPrefix(name, "RTMIN"); ok {
		if n, ok := offset(rest, "+"); ok {
			return rtMin + n, nil
		}
	}
	if rest, ok := strings.CutPrefix(name, "RTMAX"); ok {
		if n, ok := offset(rest, "-"); ok {
			return rtMax - n, nil
		}
	}
	if s := unix.SignalNum("SIG" + name); s != 0 {
		return s, nil
	}
	return 0, fmt.Errorf("no signal is called %q", text)
}

// offset reads what follows RTMIN and RTMAX.
func offset(text, sign string) (Signal, bool) {
	if text == "" {
		return 0, true
	}
	digits, ok := strings.CutPrefix(text, sign)
	n, err := strconv.ParseUint(digits, 10, 8)
	return Signal(n), ok && err == nil && n <= uint64(rtMax-rtMin)
}
