package router

import (
	"context"

	"github.com/ed-toolbox/ed/core/proc"
	rules "github.com/ed-toolbox/ed/core/router"
	"github.com/ed-toolbox/ed/core/watch"
)

// lookAtClock finds out whether the clock is right, off the loop: processes are looked for.
func (d *daemon) lookAtClock() {
	// Too many tasks: there will be another minute.
	d.clock, _ = watch.Background(d.loop, func(ctx context.Context) (rules.ClockState, error) {
		return clockState(ctx, proc.System{})
	}, func(state rules.ClockState, err error) {
		if err == nil {
			d.rules.SetClock(state)
		}
	})
}

// clockState: a clock that is not set by a time server is bad only where a program should do that. The error is that of ctx.
func clockState(ctx context.Context, sys proc.System) (rules.ClockState, error) {
	if set, err := proc.ClockSet(); err == nil && set {
		return rules.ClockStable, nil
	}
	state := rules.ClockNoNTP
	_ = sys.Each(func(p proc.Process) bool { // where no process can be seen there is no such program
		switch p.Command() {
		case "chronyd", "ntpd", "ntpsec", "openntpd", "systemd-timesyncd":
			state = rules.ClockInvalid
		}
		return state == rules.ClockNoNTP && ctx.Err() == nil
	})
	return state, ctx.Err()
}
