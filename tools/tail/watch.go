package tail

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
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
		if w.recorder, err = openRecorder(o.record); err != nil {
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
	found, missing := control.Find(w.targets)
	if w.wait || len(found) > 0 && len(missing) == 0 {
		for _, name := range missing {
			w.out.Say("waiting for %s", toolkit.Escape(name))
		}
		return nil
	}
	if len(w.targets) == 0 {
		err := toolkit.Errorf(toolkit.Unavailable, "no service has a control socket that you may open in %s", strings.Join(control.Folders(), ", "))
		return toolkit.WithHint(err, "--wait waits for one")
	}
	err := toolkit.Errorf(toolkit.Unavailable, "no service or process %q has a control socket that you may open", toolkit.Escape(missing[0]))
	var known []string
	for _, s := range control.Discover() {
		known = append(known, s.Name)
	}
	if near := toolkit.Nearest(missing[0], known); near != "" {
		return toolkit.WithHint(err, "did you mean %s? --wait waits for one", near)
	}
	if len(known) > 0 {
		return toolkit.WithHint(err, "there are %s; --wait waits for others", strings.Join(known[:min(len(known), 12)], ", "))
	}
	return toolkit.WithHint(err, "--wait waits for it")
}

// run shows what comes until the end, and returns why it ended. What had happened by then is shown, too, or told as lost.
func (w *watching) run(ctx context.Context, from source) error {
	whole, verdict := w.follow(ctx, from)
	if !whole {
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

// take shows one item.
func (w *watching) take(i control.Followed) error {
	switch {
	case i.Record != nil:
		return w.message(i)
	case i.Lost != nil:
		w.lost.Rate += i.Lost.Rate
		w.lost.Slow += i.Lost.Slow
		return w.event(i, w.lossText(i.Lost))
	}
	return w.state(i)
}

func (w *watching) lossText(l *control.Loss) string {
	var why []string
	if l.Slow > 0 {
		why = append(why, fmt.Sprintf("%s lost, we were too slow", plural(l.Slow, "message")))
	}
	if l.Rate > 0 {
		why = append(why, fmt.Sprintf("%s lost, more than %d a second (--rate)", plural(l.Rate, "message"), w.watch.Rate))
	}
	return strings.Join(why, "; ")
}

// state tells that a service came or went.
func (w *watching) state(i control.Followed) error {
	who := i.From.String()
	switch i.State {
	case control.Attached:
		w.services[i.From.Name] = true
		if i.Gap > 0 {
			w.gaps++
			return w.event(i, "watched again; what happened in "+short(i.Gap)+" was not seen")
		}
		if !w.full {
			w.out.Say("watching %s", toolkit.Escape(who))
		}
		if w.form == asJSON && !w.summary {
			return w.event(i, "")
		}
	case control.Detached:
		text := "has gone"
		if i.Err != nil {
			text = "was lost: " + i.Err.Error()
		}
		return w.event(i, text)
	case control.Refused:
		if len(w.services) == 0 && !w.wait && w.only(i) {
			return w.cannot(i)
		}
		if !w.full {
			w.out.Warn("%s cannot be watched: %v", toolkit.Escape(who), i.Err)
		}
	}
	return nil
}

// only notes who refused, and says whether that leaves nobody.
func (w *watching) only(i control.Followed) bool {
	w.waiting[i.From.Addr.String()] = i.Err
	found, _ := control.Find(w.targets)
	for _, s := range found {
		if w.waiting[s.Addr.String()] == nil {
			return false
		}
	}
	return true
}

// cannot is the error for a target that does not let us.
func (w *watching) cannot(i control.Followed) error {
	err := fmt.Errorf("watch %s: %w", i.From, i.Err)
	var refused *control.RefusedError
	if errors.As(i.Err, &refused) {
		return toolkit.WithHint(toolkit.As(toolkit.Protocol, err), "is it a control socket? they are in %s", strings.Join(control.Folders(), ", "))
	}
	if kind := toolkit.KindOf(err); kind == toolkit.Other {
		return toolkit.As(toolkit.Unavailable, err)
	}
	return err
}

// message shows and records one message.
func (w *watching) message(i control.Followed) error {
	r := i.Record
	m, err := r.Message()
	if err != nil {
		m = nil
		if !r.Broken() {
			return toolkit.Errorf(toolkit.Protocol, "%s sent a record that cannot be read: %w", i.From, err)
		}
	}
	w.seen++
	w.meter.Record(r, m)
	e := entry{at: r.Time, peer: r.Peer, link: r.Link, out: r.Direction == dispatch.Out, m: m, text: r.Text, source: i.From.String(), note: note(r)}
	if r.Broken() {
		e.err = errors.New(r.Error)
	}
	return w.put(&e, i, m, err)
}

// put prints and records.
func (w *watching) put(e *entry, i control.Followed, m *message.Message, err error) error {
	var line []byte
	if w.recorder != nil || w.form == asJSON && !w.summary {
		line = ui.AppendMessage(nil, &i, m, err)
	}
	if w.recorder != nil {
		if err := w.recorder.addLine(line); err != nil {
			return err
		}
	}
	if w.summary || w.full {
		return nil
	}
	buf := w.screen.grow()
	switch {
	case w.form != asJSON:
		buf = w.show.append(buf, e)
	case w.show.terminal:
		buf = append(buf, toolkit.EscapeJSON(line)...)
	default:
		buf = append(buf, line...)
	}
	return w.screen.keep(buf)
}

// event tells in its place that something happened to a service.
func (w *watching) event(i control.Followed, text string) error {
	line := ui.AppendItem(nil, &i)
	if w.recorder != nil {
		if err := w.recorder.addLine(line); err != nil {
			return err
		}
	}
	if w.full {
		return nil
	}
	if w.summary {
		if text != "" {
			w.out.Detail(1, "%s: %s", toolkit.Escape(i.From.String()), toolkit.Escape(text))
		}
		return nil
	}
	buf := w.screen.grow()
	if w.form == asJSON {
		buf = append(buf, line...)
	} else {
		buf = w.show.appendTime(buf, i.At)
		buf = append(append(buf, w.show.paint.Bold(w.show.peers(i.From.String()))...), ' ')
		buf = append(append(buf, w.show.paint.Yellow("("+toolkit.Escape(text)+")")...), '\n')
	}
	return w.screen.keep(buf)
}

func (w *watching) flush() error {
	if w.recorder != nil {
		if err := w.recorder.flush(); err != nil {
			return err
		}
	}
	return w.screen.flush()
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
		lost = fmt.Sprintf(", %s lost (%d because we were too slow, %d over the rate)", plural(n, "message"), w.lost.Slow, w.lost.Rate)
	}
	w.out.Say("%s of %s%s%s, in %s", plural(uint64(w.seen), "message"), plural(uint64(len(w.services)), "service"), lost,
		optional(uint64(w.gaps), ", gaps: %d"), short(time.Since(w.began)))
	return verdict
}
