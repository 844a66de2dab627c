package signal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport"
)

// runSend does the work of `ed send` and `ed request`.
func runSend(ctx context.Context, env *toolkit.Env, o sendOptions) error {
	if o.Each || o.waits() {
		if err := answering(o.Target); err != nil {
			return err
		}
	}
	tool := "ed_send"
	if o.Each {
		tool = "ed_request"
	}
	from, err := parseSender(env, o.From, tool)
	if err != nil {
		return err
	}
	src, err := newSource(env, &o)
	if err != nil {
		return err
	}
	t := &transfer{
		options:  &o,
		source:   src,
		composer: composer{from: from, override: o.From != "", params: !o.NoCheck},
		console:  &console{out: env.Output(o.Common), target: o.Target, terminal: env.Stdout.TTY},
	}
	if o.DryRun {
		err = t.print(ctx)
	} else {
		if err = t.dial(ctx, env, tool); err != nil {
			return explain(err, o.Target)
		}
		if env.Stdin.TTY && o.Messages == nil && o.Template == "" {
			t.console.say("reading messages from the terminal, one a line; Ctrl-D ends")
		}
		err = t.run(ctx)
	}
	if in, ok := linesOf(src); ok {
		in.Stop()
		if n := in.Skipped(); n > 0 {
			t.console.say("skipped %s that a tool printed as a report, not as a message", toolkit.Plural(n, "line"))
		}
	}
	return err
}

// dial opens the session; with a router under a name, if services are to answer.
func (t *transfer) dial(ctx context.Context, env *toolkit.Env, tool string) (err error) {
	o := t.options
	if !o.Routed {
		t.session, err = dial(ctx, env, o.Target, o.Common, sizes{datagramLimit(o.MaxDatagram, o.Target), o.MaxLine}, o.Group)
		return err
	}
	ro := toolkit.RouterOptions{DialOptions: o.DialOptions(), Strict: o.Each}
	if (o.Each || o.waits()) && o.From == "" {
		ro.Name = tool
	}
	r, err := env.DialRouter(ctx, o.Target, ro)
	if err == nil {
		t.session, t.routed = r, r
	}
	return err
}

// transfer is one run. It belongs to one goroutine.
type transfer struct {
	options  *sendOptions
	source   source
	composer composer
	console  *console
	session  toolkit.Session
	routed   *toolkit.Routed             // the session, if that is with a router
	goals    map[string]*message.Message // with a router: the last message of each command
	sent     int                         // messages given to the session
	bad      int                         // lines passed over
	refused  bool                        // a reply said that the service is not there
	pending  atomic.Bool                 // something may not have gone out yet
}

// take returns the next message, complete and checked. A bad one ends the work, or is reported and passed over.
func (t *transfer) take(ctx context.Context) (input, error) {
	for {
		in, err := t.source.next(ctx)
		if err != nil {
			return in, err
		}
		if in.bad == nil {
			err := t.composer.complete(in.message)
			if err == nil {
				if t.options.Routed {
					toolkit.RequestReport(in.message)
				}
				return in, nil
			}
			in.bad = toolkit.WithHint(t.source.at(in.line, err), "%s", toolkit.HintOf(err))
		}
		if err := t.reject(in.bad); err != nil {
			return in, err
		}
	}
}

// reject is what happens to a bad line.
func (t *transfer) reject(bad error) error {
	if !t.options.KeepGoing {
		return bad
	}
	t.bad++
	t.console.warn("%s", toolkit.Escape(bad.Error()))
	return nil
}

// rejected is the error for the lines passed over.
func (t *transfer) rejected() error {
	switch {
	case t.bad == 1:
		return toolkit.Errorf(toolkit.Data, "one line was bad and not sent")
	case t.bad > 1:
		return toolkit.Errorf(toolkit.Data, "%d lines were bad and not sent", t.bad)
	case t.refused:
		return toolkit.Errorf(toolkit.Unavailable, "a reply says that the service is not available")
	}
	return nil
}

// print is --dry-run.
func (t *transfer) print(ctx context.Context) error {
	for {
		in, err := t.take(ctx)
		if errors.Is(err, io.EOF) {
			return t.rejected()
		}
		if err != nil {
			return err
		}
		if err := t.fits(in); err != nil {
			if err := t.reject(err); err != nil {
				return err
			}
			continue
		}
		if err := printLine(t.console.out, in.message); err != nil {
			return err
		}
	}
}

// fits is what sending would say of the length of a message.
func (t *transfer) fits(in input) error {
	line, err := in.message.AppendText(nil)
	if err == nil {
		err = checkSize(len(line), sizes{t.options.MaxDatagram, t.options.MaxLine}, t.options.Target)
	}
	if err == nil {
		return nil
	}
	return toolkit.WithHint(t.source.at(in.line, err), "%s", toolkit.HintOf(err))
}

// run sends everything and receives what is to be received.
func (t *transfer) run(ctx context.Context) error {
	start := time.Now()
	defer context.AfterFunc(ctx, func() { t.giveUp(context.Cause(ctx)) })()
	var err error
	if t.options.Each {
		err = t.requests(ctx)
	} else {
		err = t.stream(ctx)
	}
	if toolkit.KindOf(err) == toolkit.Timeout {
		t.giveUp(err)
	}
	if err == nil && t.options.Target.Scheme == address.Exec {
		err = letEnd(ctx, t.session, t.options.Target, t.options.Timeout)
	}
	closing := t.session.Close()
	t.console.done()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case closing == nil:
	case t.options.Target.Scheme == address.Exec:
		err = exited(err, closing)
	case err == nil:
		err = t.lost(closing)
	}
	if err != nil {
		return err
	}
	took := time.Since(start)
	t.console.detail("sent %s to %s in %s (%.0f/s)", toolkit.Plural(t.sent, "message"), t.options.Target, took.Round(time.Microsecond),
		float64(t.sent)/took.Seconds())
	return t.rejected()
}

// giveUp breaks the connection if something sent may not have gone out: a peer that does not read must not hold us up. One
// that reads is parted from in good order.
func (t *transfer) giveUp(err error) {
	if b, ok := t.session.(breaker); ok && t.pending.Load() {
		b.Abort(err)
	}
}

// send sends one message. Over datagrams one that is too long is a bad line.
func (t *transfer) send(in input) error {
	t.pending.Store(true)
	err := t.session.Send(in.message)
	switch {
	case err == nil:
		t.sent++
		t.note(in.message)
		return nil
	case !errors.Is(err, transport.ErrTooBig):
		return err
	case t.options.Target.IsDatagram():
		limit := datagramLimit(t.options.MaxDatagram, t.options.Target)
		return t.reject(toolkit.WithHint(t.source.at(in.line, tooBig(limit, "datagram")), "--max-datagram allows more"))
	case t.options.Target.IsStream():
		limit := cmp.Or(t.options.MaxLine, toolkit.MaxLine)
		return t.reject(toolkit.WithHint(t.source.at(in.line, tooBig(limit, "line")), "--max-line allows more, if the receiver does"))
	}
	return t.reject(t.source.at(in.line, err))
}

func tooBig(limit int, what string) error {
	return toolkit.Errorf(toolkit.Data, "longer than the %d bytes of a %s", limit, what)
}

// lost words the end of a connection that came too early.
func (t *transfer) lost(err error) error {
	n := uint64(t.sent)
	if f, ok := t.session.(flusher); ok && !t.options.Target.IsDatagram() {
		n = min(n, f.Written())
	}
	switch {
	case errors.Is(err, io.EOF):
		return toolkit.Errorf(toolkit.Unavailable, "%s closed the connection after %s", t.options.Target, toolkit.Plural(n, "message"))
	case toolkit.KindOf(err) == toolkit.Timeout:
		return toolkit.About(err, "%s does not read, %s went out", t.options.Target, toolkit.Plural(n, "message"))
	case nobodyThere(err):
		return fmt.Errorf("%w (after %s)", explain(err, t.options.Target), toolkit.Plural(n, "message"))
	case toolkit.KindOf(err) == toolkit.Other:
		err = toolkit.As(toolkit.IO, err)
	}
	return toolkit.About(err, "lost %s after %s", t.options.Target, toolkit.Plural(n, "message"))
}
