package signal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// requests sends one message at a time and waits for what it asks for.
func (t *transfer) requests(ctx context.Context) error {
	pace := newPacer(t.options.Interval)
	for {
		in, err := t.take(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = pace.wait(ctx)
		}
		if err == nil {
			err = t.request(ctx, in)
		}
		if err != nil {
			return err
		}
	}
}

func (t *transfer) request(ctx context.Context, asked input) error {
	t.discardLate()
	before, start := t.sent, time.Now()
	if err := t.send(asked); err != nil || t.sent == before {
		if err != nil && toolkit.KindOf(err) != toolkit.Data {
			err = t.broken(err, "before message %d", t.sent+1)
		}
		return err
	}
	o := t.options
	w := tally{want: o.Replies, until: o.Until}
	ctx, cancel := within(ctx, o.Timeout, "no answer within %s", o.Timeout)
	defer cancel()
	in := answers{session: t.session}
	for !w.done {
		r, err := in.next(ctx)
		if err != nil {
			if errors.Is(err, toolkit.ErrNotDelivered) {
				return t.routed.NoService(ctx, asked.message.Server(), asked.message.Service())
			}
			moment, cancel := context.WithTimeout(context.Background(), lastWord)
			_ = t.flush(moment) // notes whether the request went out at all
			cancel()
			return t.unanswered(&w, err)
		}
		rtt := r.Time.Sub(start)
		if err := t.console.received(r, rtt); err != nil {
			return err
		}
		t.console.detail("message %d: received after %s", t.sent, rtt.Round(time.Microsecond))
		w.add(r)
	}
	t.refused = t.refused || w.refusal
	return nil
}

// discardLate throws away what came too late for the request before, which else would pass for the answer to the next.
func (t *transfer) discardLate() {
	if t.sent == 0 {
		return // what a peer says unasked at the beginning is shown
	}
	for {
		r, err := t.session.Next(over())
		if err != nil {
			return // the end of the connection is told by Send, or by the wait for the reply
		}
		t.console.detail("dropped what came late: %s", toolkit.Escape(string(r.Line)))
	}
}

// over is a context for taking what is there already.
func over() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// unanswered words the error of a wait that did not get what it waited for.
func (t *transfer) unanswered(w *tally, err error) error {
	switch {
	case errors.Is(err, io.EOF) && w.babble():
		return toolkit.Errorf(toolkit.Protocol, "%s closed the connection %s to message %d, but with lines that are no messages",
			t.options.Target, w.missing(), t.sent)
	case errors.Is(err, io.EOF):
		return toolkit.Errorf(toolkit.Unavailable, "%s closed the connection %s to message %d", t.options.Target, w.missing(), t.sent)
	case toolkit.KindOf(err) == toolkit.Timeout && w.babble():
		return toolkit.Errorf(toolkit.Protocol, "%s to message %d from %s, but lines that are no messages", w.missing(), t.sent, t.options.Target)
	case toolkit.KindOf(err) == toolkit.Timeout:
		return fmt.Errorf("%s to message %d from %s: %w", w.missing(), t.sent, t.options.Target, err)
	}
	return t.broken(err, "%s to message %d", w.missing(), t.sent)
}

// broken is lost in terms of requests, which are answered one by one.
func (t *transfer) broken(err error, format string, args ...any) error {
	kind := toolkit.KindOf(err)
	if nobodyThere(err) || kind == toolkit.Timeout || errors.Is(err, io.EOF) {
		return t.lost(err)
	}
	if kind == toolkit.Other {
		err = toolkit.As(toolkit.IO, err)
	}
	return toolkit.About(err, "lost %s %s", t.options.Target, fmt.Sprintf(format, args...))
}
