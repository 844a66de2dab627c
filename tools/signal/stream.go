package signal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

const (
	// lastWord is how long standard input may be silent after the peer has ended its side. It may still read: what comes
	// meanwhile is sent. But most peers that end have gone, and nobody should type into the void.
	lastWord = 300 * time.Millisecond
	// quiet is how long a peer may say nothing after our end, before we go. One that answers gets more time: it sees a reset
	// when it answers after we went, and that could cost it what it has not read.
	quiet, quietAnswering = 300 * time.Millisecond, 2 * time.Second
	// progressEvery is how many messages pass between two looks at the clock for the progress line.
	progressEvery = 1024
)

// errEnded ends waits that a closed connection makes pointless.
var errEnded = errors.New("connection ended")

// stream sends everything, and by a router finds out what reached nobody.
func (t *transfer) stream(ctx context.Context) error {
	err := t.exchange(ctx)
	if t.routed != nil && (err == nil || toolkit.KindOf(err) == toolkit.Data) {
		err = errors.Join(err, t.unreached(ctx))
	}
	return err
}

// exchange sends everything, then receives what is to be received. The two run at once.
func (t *transfer) exchange(ctx context.Context) error {
	o := t.options
	show := t.console
	if !o.waits() {
		show = nil
	}
	r := startReceiver(ctx, t.session, show, tally{want: o.Replies, until: o.Until})
	defer func() {
		r.stop()
		<-r.ended
	}()
	err := t.sendAll(ctx, r)
	if err != nil && toolkit.KindOf(err) != toolkit.Data {
		return err
	}
	return errors.Join(err, t.finish(ctx, r, err == nil))
}

// sendAll sends until the source ends, or the connection breaks, or the peer has ended it and the source says nothing.
func (t *transfer) sendAll(ctx context.Context, r *receiver) error {
	broken, breaks := context.WithCancelCause(ctx)
	ended, ends := context.WithCancelCause(broken)
	defer breaks(nil)
	go func() {
		select {
		case <-r.ended:
			ends(errEnded)
			if !errors.Is(r.cause(), io.EOF) {
				breaks(errEnded)
			}
		case <-broken.Done():
		}
	}()
	pace := newPacer(t.options.Interval)
	for {
		in, err := t.take(ended)
		if errors.Is(err, errEnded) {
			in, err = t.lastTake(ctx, r)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = pace.wait(broken)
		}
		if err == nil {
			err = t.send(in)
		}
		if err != nil {
			return t.interrupted(ctx, r, err)
		}
		if t.sent%progressEvery == 0 {
			t.console.progress("sent %d messages", t.sent)
		}
	}
}

// lastTake gives the source a moment to end after the connection did: then nothing was lost. If it was the peer's side only that has
// ended, the source may go on.
func (t *transfer) lastTake(ctx context.Context, r *receiver) (input, error) {
	moment, cancel := context.WithTimeoutCause(ctx, lastWord, errEnded)
	defer cancel()
	in, err := t.take(moment)
	if err == nil && !errors.Is(r.cause(), io.EOF) {
		err = errEnded // there is more to send
	}
	return in, err
}

// interrupted words why the sending ended before the source did. What the receiver saw is the better reason.
func (t *transfer) interrupted(ctx context.Context, r *receiver, err error) error {
	switch kind := toolkit.KindOf(err); {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, errEnded):
		<-r.ended
		err = r.cause()
	case kind == toolkit.Data || kind == toolkit.IO:
		return err
	case kind == toolkit.Unavailable:
		select {
		case <-r.ended:
			err = r.cause()
		case <-time.After(lastWord):
		}
	}
	if _, ok := errors.AsType[*toolkit.OutputError](err); ok {
		return err
	}
	return t.lost(err)
}

// finish brings out what was sent, says that it was all and waits for what the options ask for. After a bad line nothing is
// waited for.
func (t *transfer) finish(ctx context.Context, r *receiver, wait bool) error {
	o := t.options
	wait = wait && o.waits()
	if o.Target.IsDatagram() {
		if err := settle(t.session, o.Target); err != nil {
			return t.lost(err)
		}
	} else {
		if !wait && !t.reported() {
			_ = t.session.CloseWrite() // it fails after the peer's end, and flush tells whether that came too early
		}
		if err := t.flush(ctx); err != nil {
			return t.interrupted(ctx, r, err)
		}
	}
	if t.reported() {
		if err := t.confirm(ctx, r); err != nil {
			return err
		}
	}
	switch {
	case wait:
		return t.await(ctx, r)
	case t.reported():
		return nil
	case o.Target.IsDatagram():
		return t.unrefused(r)
	}
	return t.part(ctx, r)
}

// flush waits until the kernel has everything, as long as there is progress.
func (t *transfer) flush(ctx context.Context) error {
	f, ok := t.session.(flusher)
	if !ok {
		return nil
	}
	for {
		before := f.Written()
		step, cancel := within(ctx, t.options.Timeout, "no progress within %s", t.options.Timeout)
		err := f.Flush(step)
		cancel()
		if err == nil {
			t.pending.Store(false)
		}
		if err == nil || ctx.Err() != nil || toolkit.KindOf(err) != toolkit.Timeout || f.Written() == before {
			return err
		}
	}
}

// unrefused ends the receiver, which may have taken the refusal of a datagram.
func (t *transfer) unrefused(r *receiver) error {
	r.stop()
	<-r.ended
	if err := r.cause(); !errors.Is(err, context.Canceled) {
		return t.lost(err)
	}
	return nil
}

// part waits for the peer to end the connection after we did, as long as it says something and --timeout allows. A reset
// tells that it has not read everything.
func (t *transfer) part(ctx context.Context, r *receiver) error {
	limit, longest := time.NewTimer(quiet), newAlarm(t.options.Timeout)
	defer limit.Stop()
	defer longest.Stop()
	if w, _ := r.state(); w.got+w.broken > 0 {
		limit.Reset(quietAnswering)
	}
	for {
		select {
		case <-r.ended:
			if err := r.cause(); !errors.Is(err, io.EOF) {
				return t.interrupted(ctx, r, err)
			}
			return nil
		case <-r.arrived:
			limit.Reset(quietAnswering)
		case <-limit.C:
			return nil
		case <-longest.C:
			return nil
		}
	}
}

// await waits for what --replies, --until, --idle and --hold ask for.
func (t *transfer) await(ctx context.Context, r *receiver) error {
	o := t.options
	needed := o.Replies > 0 || o.Until != nil
	limit, idle := newAlarm(o.Timeout), newAlarm(o.Idle)
	if !needed || o.Hold {
		limit = newAlarm(0)
	}
	defer limit.Stop()
	defer idle.Stop()
	for {
		select {
		case <-r.satisfied:
			w, _ := r.state()
			t.refused = w.refusal
			return nil
		case <-r.ended:
			return t.over(ctx, r, needed)
		case <-r.arrived:
			if o.Idle > 0 {
				idle.set(o.Idle)
			}
		case <-idle.C:
			switch {
			case idle.snoozes():
			case !needed:
				return nil
			default:
				return t.short(r, o.Idle)
			}
		case <-limit.C:
			if !limit.snoozes() {
				return t.short(r, o.Timeout)
			}
		}
	}
}

// over is the end of the connection while something was waited for.
func (t *transfer) over(ctx context.Context, r *receiver, needed bool) error {
	w, err := r.state()
	switch {
	case w.done: // both at once
		t.refused = w.refusal
		return nil
	case !errors.Is(err, io.EOF):
		return t.interrupted(ctx, r, err)
	case needed && w.babble():
		return toolkit.Errorf(toolkit.Protocol, "%s closed the connection %s, but with lines that are no messages", t.options.Target, w.missing())
	case needed:
		return toolkit.Errorf(toolkit.Unavailable, "%s closed the connection %s", t.options.Target, w.missing())
	}
	return nil
}

// short is the error of a wait that got less than was asked for.
func (t *transfer) short(r *receiver, after time.Duration) error {
	w, _ := r.state()
	if w.babble() {
		return toolkit.Errorf(toolkit.Protocol, "%s answered with lines that are no messages", t.options.Target)
	}
	return fmt.Errorf("%s from %s: %w", w.missing(), t.options.Target,
		toolkit.Errorf(toolkit.Timeout, "nothing more within %s", after))
}
