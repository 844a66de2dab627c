package reactor

import (
	"bytes"
	"fmt"
	"runtime"
	"strconv"
)

// check panics, with ED_VERIFY=1 in the environment, when the loop runs on another goroutine than the caller's. Without
// it, it is one test of a boolean.
func (l *Loop) check(method string) {
	if l.verify {
		l.verifyOwner(method)
	}
}

func (l *Loop) verifyOwner(method string) {
	owner := l.owner.Load()
	if owner == 0 {
		return // not running: the goroutine that prepares it is taken on trust
	}
	if caller := goroutine(); caller != owner {
		panic(fmt.Sprintf("reactor: %s of loop %q called on goroutine %d, but the loop runs on goroutine %d: use Post",
			method, l.options.Name, caller, owner))
	}
}

// OnLoop is true on the goroutine that is inside Run, false on all others and when there is none. It may be called from
// anywhere, and costs a microsecond: it is made for checks.
func (l *Loop) OnLoop() bool { return l.owner.Load() == goroutine() }

// goroutine gives the number of the calling goroutine, from the head line of its stack: "goroutine 18 [running]:". Go
// offers no other way on purpose; at a microsecond it is for checks only.
func goroutine() uint64 {
	var buf [40]byte
	text := bytes.TrimPrefix(buf[:runtime.Stack(buf[:], false)], []byte("goroutine "))
	number, _, _ := bytes.Cut(text, []byte(" "))
	id, _ := strconv.ParseUint(string(number), 10, 64)
	return id
}
