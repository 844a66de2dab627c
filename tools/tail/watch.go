package tail

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/tools/internal/ui"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport/control"
)

// source is where the items come from: a control.Feed, or in tests a list. A live view reads the same.
type source interface {
	C() <-chan control.Followed // closed at the end
	Finish()                    // the end comes as soon as all is there that happened until now
	Whole() bool                // it was all
}

// watching is one run of `ed watch`. All of it belongs to one goroutine.
type watching struct {
	watchOptions
	env      *toolkit.Env
	out      *toolkit.Output
	show     printer
	screen   sink
	recorder *recorder // nil: none
	meter    *inspect.Meter

	began    time.Time
	seen     int
	services map[string]bool // ever attached
	waiting  map[string]error
	lost     inspect.Lost
	gaps     int
}

// watch runs until it is told to end.
func watch(ctx context.Context, env *toolkit.Env, o watchOptions) error {
	w := &watching{watchOptions: o, env: env, out: env.Output(o.Common), began: time.Now(),
		services: map[string]bool{}, waiting: map[string]error{}}
	w.show = printer{form: o.form, stamps: o.stamps, terminal: env.Stdout.TTY, paint: w.out.Paint}
	w.screen.w = env.Stdout
	w.meter = inspect.NewMeter(w.began)
	if err := w.look(); err != nil {
		return err
	}
	if o.record.path != "" {
		var err error
		if w.recorder, err = openRecorder(ctx, o.record, o.Timeout); err != nil {
			return err
		}
	}
	following, cancel := context.WithCancel(context.WithoutCancel(ctx)) // what happened before the end is still to come then
	defer cancel()
	feed := control.Follow(following, control.FollowOptions{Targets: o.targets, Watch: o.watch, Window: o.window})
	var verdict error
	if o.full {
		verdict = w.watchOnScreen(ctx, feed)
	} else {
		verdict = w.run(ctx, feed)
	}
	feed.Close()
	return w.end(verdict)
}

// look says what is wrong with the targets before anything is done: a name that nobody has is a slip more often than not.
func (w *watching) look() error {
	found, missing := control.Match(control.Discover(), w.targets)
	if w.wait || len(found) > 0 && len(missing) == 0 {
		for _, name := range missing {
			w.out.Say("waiting for %s", toolkit.Escape(name))
		}
		return nil
	}
	if len(w.targets) == 0 {
		err := toolkit.Errorf(toolkit.Unavailable, "no service has a control socket that you may open in %s", strings.Join(control.Folders(), ", "))
		return toolkit.WithHint(err, "%s", hint("", "--wait waits for one"))
	}
	err := toolkit.Errorf(toolkit.Unavailable, "no service or process %q has a control socket that you may open", toolkit.Escape(missing[0]))
	return toolkit.WithHint(err, "%s", hint(missing[0], "--wait waits for it"))
}

// hint is what is known of a name, and what can be done.
func hint(name, wait string) string {
	if known := ui.KnownServices(name); known != "" {
		return known + "; " + wait
	}
	return wait
}

// run shows what comes until the end, and returns why it ended. What had happened by then is shown, too, or told as lost.
func (w *watching) run(ctx context.Context, from source) error {
	whole, verdict := w.follow(ctx, from)
	if ctx.Err() != nil {
		w.out.Interrupted()
	}
	if !whole || verdict != nil && len(w.services) == 0 { // what was not watched yet has nothing that is still to come
		return verdict
	}
	from.Finish()
	for item := range from.C() {
		if err := w.take(item); err != nil {
			return err
		}
		if w.count > 0 && w.seen >= w.count {
			return verdict
		}
	}
	if !from.Whole() {
		w.out.Warn("not all that had happened came in time; what is missing is not counted")
	}
	return verdict
}

// follow shows what comes until the time is over. It returns whether what has not come yet is wanted, and why it ended.
func (w *watching) follow(ctx context.Context, from source) (whole bool, verdict error) {
	ends := after(w.duration)
	timeout := after(w.Timeout)
	for {
		var item control.Followed
		var ok bool
		select {
		case item, ok = <-from.C():
		default: // nothing more for now: what is gathered is written before waiting
			if err := w.flush(); err != nil {
				return false, err
			}
			select {
			case item, ok = <-from.C():
			case <-ends:
				return true, nil
			case <-timeout:
				return true, w.timeUp()
			case <-ctx.Done():
				return true, context.Cause(ctx)
			}
		}
		if !ok {
			return false, context.Cause(ctx) // the feed has ended
		}
		if err := w.take(item); err != nil {
			return false, err
		}
		if w.count > 0 && w.seen >= w.count {
			return false, nil
		}
		select { // a service that never pauses must not keep us from ending
		case <-ends:
			return true, nil
		case <-timeout:
			return true, w.timeUp()
		case <-ctx.Done():
			return true, context.Cause(ctx)
		default:
		}
	}
}

// after is a channel that nothing comes from for 0.
func after(d time.Duration) <-chan time.Time {
	if d <= 0 {
		return nil
	}
	return time.After(d)
}

func (w *watching) timeUp() error {
	switch {
	case len(w.services) == 0:
		return toolkit.Errorf(toolkit.Timeout, "nothing could be watched in %s", w.Timeout)
	case w.count > 0:
		return toolkit.Errorf(toolkit.Timeout, "%d of %d messages came in %s", w.seen, w.count, w.Timeout)
	}
	return nil
}

// end writes out what is left, and the summary.
func (w *watching) end(verdict error) error {
	keep := func(err error) {
		if err != nil && (verdict == nil || toolkit.KindOf(verdict) == toolkit.Interrupt) {
			verdict = err
		}
	}
	keep(w.screen.flush())
	if w.recorder != nil {
		keep(w.recorder.close())
	}
	if len(w.services) == 0 {
		return verdict
	}
	if w.summary {
		keep(w.printSummary())
	}
	lost := ""
	if n := w.lost.Sum(); n > 0 {
		lost = fmt.Sprintf(", %s lost (%d because we were too slow, %d over the rate)", toolkit.Plural(n, "message"), w.lost.Slow, w.lost.Rate)
	}
	w.out.Say("%s of %s%s%s, in %s", toolkit.Plural(w.seen, "message"), toolkit.Plural(len(w.services), "service"), lost,
		toolkit.Optional(w.gaps, ", gaps: %d"), toolkit.Short(time.Since(w.began)))
	return verdict
}
