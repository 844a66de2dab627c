package on

import (
	"context"
	"slices"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// debounceMost is how many times its duration --debounce may put an action off.
const debounceMost = 10

// source is what is watched. Its methods are called on the loop's goroutine.
type source interface {
	// start begins to watch: events go to run.happened, and when nothing more can come run.exhausted is called.
	start(r *run) error
	// close ends it; it may not have been started.
	close()
	// missing says what was waited for in vain, where that is something; "" where events may come for ever.
	missing() string
}

// action is what is done for an event.
type action interface{ act(e *event) }

// run is one run of `ed on`. All of it belongs to the goroutine of its loop.
type run struct {
	options
	env  *toolkit.Env
	out  *toolkit.Output
	loop *reactor.Loop

	source  source
	actions []action
	runners []*runner
	senders []*sender

	n        int    // events acted on
	gathered *event // by --debounce
	first    time.Time
	gather   reactor.Timer
	active   time.Time // when something last came
	began    time.Time
	timers   []reactor.Timer
	cleanup  []func() // after the loop
	said     map[string]bool
	sum      tally
	exit     int          // of the command that failed last
	unsent   toolkit.Kind // why the last message was not sent
	over     bool
	verdict  error
}

// watchFor runs until it is told to end, or nothing more can come. What it returns is why, if that is an error.
func watchFor(ctx context.Context, env *toolkit.Env, o options, s source) error {
	loop, err := reactor.New(reactor.Options{Name: "on"})
	if err != nil {
		return err
	}
	defer loop.Close()
	r := &run{options: o, env: env, out: env.Output(o.Common), loop: loop, source: s}
	r.began, r.active = loop.Now(), loop.Now()
	r.prepare()
	if err := s.start(r); err != nil {
		s.close()
		return err
	}
	defer context.AfterFunc(ctx, func() {
		// A loop that is closed has ended already.
		_ = loop.Post(func() { r.interrupt(context.Cause(ctx)) })
	})()
	r.arm()
	err = loop.Run(context.Background())
	for _, f := range r.cleanup {
		f()
	}
	if err != nil {
		return err
	}
	r.sum.say(r.out, r.n, loop.Now().Sub(r.began))
	return r.result()
}

// prepare makes the actions of the options.
func (r *run) prepare() {
	if r.prints() || len(r.programs)+len(r.messages) == 0 {
		r.actions = append(r.actions, (*printer)(r))
	}
	for _, p := range r.programs {
		w := &runner{runnerOptions: r.runner, run: r, program: p}
		r.runners, r.actions = append(r.runners, w), append(r.actions, w)
	}
	for _, m := range r.messages {
		g := &messenger{run: r, message: m.message, to: r.senderTo(m.where)}
		r.actions = append(r.actions, g)
	}
}

// senderTo is the one sender for an address.
func (r *run) senderTo(where address.Address) *sender {
	for _, s := range r.senders {
		if s.where == where {
			return s
		}
	}
	s := &sender{run: r, where: where}
	r.senders = append(r.senders, s)
	return s
}

// arm sets the timers of --now, --timeout and --idle.
func (r *run) arm() {
	if r.now {
		r.timers = append(r.timers, r.loop.After(0, "now", func() {
			r.act(&event{Kind: kindStart, Event: "start", Count: 1, at: r.env.Now(), Host: r.host})
		}))
	}
	if r.Timeout > 0 {
		r.timers = append(r.timers, r.loop.After(r.Timeout, "timeout", r.timeUp))
	}
	if r.idle > 0 {
		var timer reactor.Timer
		timer = r.loop.After(r.idle, "idle", func() {
			if left := r.idle - r.loop.Now().Sub(r.active); left > 0 {
				timer.Reset(left)
				return
			}
			r.flush()
			r.finish(r.tooFew("when nothing came for " + r.idle.String()))
		})
		r.timers = append(r.timers, timer)
	}
}

// happened takes an event from the source.
func (r *run) happened(e *event) {
	if r.over {
		return
	}
	r.active = r.loop.Now()
	e.at, e.Host = r.env.Now(), r.host
	e.notePath()
	switch {
	case r.debounce == 0:
		r.do(e)
		return
	case r.gathered == nil:
		r.gathered, r.first = e, r.active
	default:
		r.gathered.add(e)
		r.gather.Cancel()
	}
	wait := min(r.debounce, debounceMost*r.debounce-r.active.Sub(r.first))
	r.gather = r.loop.After(wait, "debounce", r.flush)
}

// flush acts on what was gathered.
func (r *run) flush() {
	r.gather.Cancel()
	if e := r.gathered; e != nil && !r.over {
		r.gathered = nil
		r.do(e)
	}
}

// do acts on one event.
func (r *run) do(e *event) {
	r.n++
	e.N = r.n
	r.act(e)
	if r.count > 0 && r.n >= r.count {
		r.finish(nil)
	}
}

// act does all that is to be done for an event. One action may end the run: what a later one began then, nobody would end.
func (r *run) act(e *event) {
	for _, a := range r.actions {
		if r.over {
			return
		}
		a.act(e)
	}
}

// exhausted is called when nothing more can happen.
func (r *run) exhausted() {
	r.flush()
	if r.count > r.n {
		r.finish(r.tooFew("and nothing more can come"))
		return
	}
	r.finish(nil)
}

// tooFew is the error of an end before what was waited for, nil where nothing was.
func (r *run) tooFew(when string) error {
	if r.count > 0 {
		return toolkit.Errorf(toolkit.Timeout, "%d of %d events came %s", r.n, r.count, when)
	}
	if missing := r.source.missing(); missing != "" {
		return toolkit.Errorf(toolkit.Timeout, "%s %s", missing, when)
	}
	return nil
}

// timeUp is the end by --timeout: what runs has no more time, either.
func (r *run) timeUp() {
	err := error(nil)
	if !r.over { // else all came that was waited for
		err = r.tooFew("in " + r.Timeout.String())
	}
	if err == nil && r.busyNow() {
		err = toolkit.Errorf(toolkit.Timeout, "a command still ran after %s", r.Timeout)
	}
	r.end(err)
}

// interrupt is the end by a signal.
func (r *run) interrupt(cause error) {
	r.out.Interrupted()
	r.end(cause)
}

// end is an end that nothing is waited for.
func (r *run) end(err error) {
	r.finish(err)
	if r.verdict == nil {
		r.verdict = err // an end in good order had begun
	}
	r.stopTimers()
	for _, w := range r.runners {
		w.cancel()
	}
	for _, s := range r.senders {
		s.abort()
	}
}

// finish begins the end: nothing that comes from now on is looked at. The loop ends when the commands that run or wait are
// done, and the messages sent.
func (r *run) finish(verdict error) {
	if r.over {
		return
	}
	r.over, r.verdict = true, verdict
	r.source.close()
	r.gather.Cancel()
	r.stopTimers()
	if r.Timeout > 0 { // it bounds what commands and messages may still take, too
		left := r.Timeout - r.loop.Now().Sub(r.began)
		r.timers = append(r.timers, r.loop.After(left, "timeout", r.timeUp))
	}
	for _, s := range r.senders {
		s.close()
	}
	r.settle()
}

func (r *run) stopTimers() {
	for _, t := range r.timers {
		t.Cancel()
	}
	r.timers = nil
}

// settle lets the loop end when no command runs any more, and no message waits.
func (r *run) settle() {
	if r.over && !r.busyNow() && !slices.ContainsFunc(r.senders, (*sender).waits) {
		r.stopTimers()
	}
}

func (r *run) busyNow() bool { return slices.ContainsFunc(r.runners, (*runner).busyNow) }

// write notes a failure to write.
func (r *run) write(err error) {
	if err == nil {
		return
	}
	if r.over && r.verdict == nil {
		r.verdict = err
	}
	r.end(err)
}
