package router

import (
	"time"

	"github.com/ed-toolbox/ed/core/message"
)

// ClockState is what is known about the clock of this host.
type ClockState uint8

// The states of the clock.
const (
	ClockUnknown ClockState = iota // it is being looked into
	ClockNoNTP                     // nothing here sets it
	ClockStable                    // it is set by a time server
	ClockInvalid                   // it should be, and is not
)

// SetClock tells the rules the state of the clock; services that announced it learn of a change.
func (r *Router) SetClock(s ClockState) {
	defer r.leave(r.enter())
	if s == r.clock {
		return
	}
	r.clock = s
	m := r.clockMessage()
	m.SetService(".")
	r.push(m)
}

func (r *Router) clockMessage() *message.Message {
	switch r.clock {
	case ClockStable:
		return r.make("CLOCK_STABLE").Set(paramCache, "no").Set("clock_resolution", "verified")
	case ClockNoNTP:
		return r.make("CLOCK_STABLE").Set(paramCache, "no").Set("clock_resolution", "no_ntp")
	case ClockInvalid:
		return r.make("CLOCK_UNSTABLE").Set(paramCache, "no").Set("clock_error", "invalid")
	}
	return r.make("CLOCK_UNSTABLE").Set(paramCache, "no").Set("clock_error", "checking")
}

// clockStatus answers CLOCK_STATUS.
func (r *Router) clockStatus(c *Client, m *message.Message) { r.answer(c, m, r.clockMessage()) }

// clockNow is the clock that others are told.
func (r *Router) clockNow() time.Time {
	if r.o.Now != nil {
		return r.o.Now()
	}
	return r.now
}
