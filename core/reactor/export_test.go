package reactor

import (
	"time"
	"unsafe"
)

// Sizes are the bytes that are kept for a source, a timer, and the function of one.
func Sizes() (source, timer, function uintptr) {
	const number = unsafe.Sizeof(uint32(0)) // of the source of a descriptor, or of what is free
	return unsafe.Sizeof(slot{}) + unsafe.Sizeof(owner{}) + number, unsafe.Sizeof(node{}) + number, unsafe.Sizeof(call{}) + number
}

// Asleep says whether the loop waits and nobody has rung yet.
func Asleep(l *Loop) bool {
	l.inbox.mu.Lock()
	defer l.inbox.mu.Unlock()
	return l.inbox.asleep
}

// SetWall replaces the wall clock of a loop.
func SetWall(l *Loop, now func() time.Time) {
	l.timed.dates.wall = func() int64 { return now().UnixNano() }
}

// StepClock does what the kernel causes when somebody sets the wall clock.
func StepClock(l *Loop) { l.redate() }

// SetCoarse makes the loop wait as on a kernel without epoll_pwait2.
func SetCoarse(l *Loop) { l.poll.coarse = true }

// Told is what epoll was told of a source.
func Told(s Source) Interest { return s.loop.places.slot(s.slot).kernel }

// FreshMost is how many timers one callback arms without a look at the clock.
const FreshMost = freshMost

// SetClock gives a loop another clock: the time since New.
func SetClock(l *Loop, now func() time.Duration) {
	l.ticks = func() int64 { return int64(now()) }
	l.pace = pace{since: noPace}
}

// Paced says whether a loop knows the rate of the processor's cycles.
func Paced(l *Loop) bool { return l.pace.rate > 0 }

// SetRate has a loop take a cycle for so many ns, until it measures them.
func SetRate(l *Loop, ns uint64) {
	if steadyCycles() {
		l.pace = pace{rate: ns << paceShift, cycles: cycles(), since: l.clock()}
	}
}

// SteadyCycles says whether it could.
func SteadyCycles() bool { return steadyCycles() }

// Turn does what Run does in a turn up to the wait, and tells how long that would be; negative is for ever.
func Turn(l *Loop) (wait time.Duration) {
	l.now = l.clock()
	l.enter(true)
	defer l.enter(false)
	l.work()
	return l.patience()
}

// TimerMemory is how many timers a loop has memory for, and how many entries its sorted part has.
func TimerMemory(l *Loop) (nodes, entries int) {
	w := &l.timed.wheel
	return max(0, int(w.nodes.used)-1), len(w.near.run) - w.near.head + len(w.near.late)
}
