package signal

import "time"

// A program that was stopped (Ctrl-Z), as its machine may be, finds the end of a time and the answers that came in it at the same moment.
const (
	heldUp = 20 * time.Millisecond // so late is no alarm of a program that runs
	moment = 50 * time.Millisecond // to see what came
)

// alarm is a timer; without a duration it never rings.
type alarm struct {
	*time.Timer
	due time.Time
}

func newAlarm(d time.Duration) *alarm {
	a := &alarm{Timer: time.NewTimer(time.Hour)}
	a.Stop()
	if d > 0 {
		a.set(d)
	}
	return a
}

// set has it ring after d.
func (a *alarm) set(d time.Duration) {
	a.due = time.Now().Add(d)
	a.Reset(d)
}

// snoozes is asked when it rang. An alarm that comes late rings once more, in a moment.
func (a *alarm) snoozes() bool {
	if time.Since(a.due) < heldUp {
		return false
	}
	a.set(moment)
	return true
}
