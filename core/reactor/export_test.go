package reactor

import "time"

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
