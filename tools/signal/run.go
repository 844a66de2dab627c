package signal

import (
	"cmp"
	"context"
	"errors"
	"io"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// run sends the message: by the router, where there is one, else to the target.
func run(ctx context.Context, env *toolkit.Env, o options) error {
	if o.Router != nil {
		err := runRouted(ctx, env, o)
		if o.Router.Given || !errors.Is(err, errNoRouter) {
			return err
		}
	}
	m, size, err := finalMessage(&o)
	if err != nil {
		return err
	}
	if o.waits() {
		if err := answering(o.Target); err != nil {
			return err
		}
	}
	c := &console{out: env.Output(o.Common), target: o.Target, terminal: env.Stdout.TTY, asIs: o.anyLine()}
	if o.DryRun {
		return printLine(c.out, m)
	}
	s, err := dial(ctx, env, o.Target, o.Common, sizes{max(o.MaxDatagram, size), o.MaxLine}, o.Group)
	if err == nil {
		err = (&signaller{env: env, options: &o, session: s, console: c}).run(ctx, m)
	}
	if o.IfRunning && nobodyThere(err) {
		c.detail("nothing listens at %s", o.Target)
		return nil
	}
	if err = explain(err, o.Target); err != nil && o.Guessed && nobodyThere(err) {
		return toolkit.WithHint(err, "no router was found either: ed router starts one, --host ADDR sends elsewhere")
	}
	return err
}

// finalMessage is the message as it goes out, with the size of its text. A datagram over its limit is refused here.
func finalMessage(o *options) (*message.Message, int, error) {
	m := o.Message
	if o.Target.IsDatagram() && o.Secret != "" {
		m = m.Clone().Set(secretParameter, o.Secret)
	}
	line, err := m.AppendText(nil)
	if err != nil {
		return nil, 0, toolkit.As(toolkit.Data, err)
	}
	return m, len(line), checkSize(len(line), sizes{o.MaxDatagram, o.MaxLine}, o.Target)
}

// sizes are the longest messages that are sent, in bytes.
type sizes struct{ packet, line int }

// datagramLimit is what fits into one datagram unless the user says otherwise.
func datagramLimit(given int, a address.Address) int {
	switch {
	case given > 0:
		return given
	case a.Scheme == address.UDP:
		return 1024
	}
	return 64 << 10
}

// checkSize refuses a message that is too long before anything is sent.
func checkSize(size int, given sizes, a address.Address) error {
	if a.IsStream() {
		limit := cmp.Or(given.line, toolkit.MaxLine)
		if size <= limit {
			return nil
		}
		err := toolkit.Errorf(toolkit.Data, "the message has %d bytes, more than the %d of a line", size, limit)
		return toolkit.WithHint(err, "--max-line %d allows it, if the receiver does", size)
	}
	if !a.IsDatagram() {
		return nil
	}
	limit := datagramLimit(given.packet, a)
	if size <= limit {
		return nil
	}
	err := toolkit.Errorf(toolkit.Data, "the message has %d bytes, more than the %d of a datagram", size, limit)
	if size <= toolkit.MaxDatagram && given.packet == 0 {
		return toolkit.WithHint(err, "--max-datagram %d allows it, if the receiver does", size)
	}
	return err
}

// printLine prints what would be sent.
func printLine(out *toolkit.Output, m *message.Message) error {
	line, err := m.Append(nil, out.JSON)
	if errors.Is(err, message.ErrNotUTF8) {
		line, err = toolkit.AppendMessage(nil, m, toolkit.Traffic{})
	}
	if err != nil {
		return toolkit.As(toolkit.Data, err)
	}
	if out.JSON {
		line = toolkit.EscapeJSON(line)
	}
	return out.Line("%s", out.Received(string(line)))
}

// signaller is one run of `ed signal` after the peer was reached.
type signaller struct {
	env     *toolkit.Env
	options *options
	session toolkit.Session
	routed  *toolkit.Routed // the session, if it is with the router
	console *console
	refused bool // a reply said that the service is not there
}

func (g *signaller) run(ctx context.Context, m *message.Message) (err error) {
	o := g.options
	pace := newPacer(o.Every)
	for i := 1; err == nil && (o.Repeat == 0 || i <= o.Repeat); i++ {
		if err = pace.wait(ctx); err == nil {
			err = g.once(ctx, m)
		}
	}
	err = g.unreached(ctx, err)
	if err == nil && !o.waits() && !o.Target.IsDatagram() && g.routed == nil {
		_ = g.session.CloseWrite() // it fails after the peer's end; Close tells whether anything was lost
	}
	if err == nil && o.Target.Scheme == address.Exec {
		err = letEnd(ctx, g.session, o.Target, o.Timeout)
	}
	closing := g.session.Close()
	switch {
	case closing == nil || o.waits() && err == nil:
	case o.Target.Scheme == address.Exec:
		err = exited(err, closing)
	case err == nil:
		err = toolkit.About(closing, "send to %s", o.Target)
	}
	if err == nil && g.refused {
		err = g.unavailable()
	}
	return err
}

// unavailable is what a reply said of the service.
func (g *signaller) unavailable() error {
	if g.options.Message.Service() == "" {
		return toolkit.Errorf(toolkit.Unavailable, "a reply says that the service is not available")
	}
	return toolkit.Errorf(toolkit.Unavailable, "service %q is not available", g.options.Message.Service())
}

// once sends the message and waits for what shall come back.
func (g *signaller) once(ctx context.Context, m *message.Message) error {
	o := g.options
	start := time.Now()
	if err := g.session.Send(m); err != nil {
		return toolkit.About(err, "send to %s", o.Target)
	}
	if o.Target.IsDatagram() && !o.NoWait {
		if err := settle(g.session, o.Target); err != nil {
			return err
		}
	}
	if g.routed != nil && !o.waits() && m.Service() != toolkit.RouterService {
		if err := g.delivered(ctx, m); err != nil {
			return err
		}
	}
	if o.Verbose > 0 || g.env.Stderr.TTY {
		g.console.say("sent %s%s via %s%s", m.Command(), sentTo(m), o.Target, expectation(o))
	}
	if !o.waits() {
		return nil
	}
	return g.replies(ctx, start)
}

func sentTo(m *message.Message) string {
	switch {
	case m.Service() == "":
		return ""
	case m.Server() == "":
		return " to " + m.Service()
	}
	return " to " + m.Server() + ":" + m.Service()
}

func expectation(o *options) string {
	if o.waits() {
		return ""
	}
	return " (no reply expected)"
}

// replies prints what comes back until it is enough.
func (g *signaller) replies(ctx context.Context, start time.Time) error {
	o := g.options
	t := &tally{want: o.Wait, until: o.Until}
	rawLine := o.anyLine()
	ctx, cancel := within(ctx, o.Timeout, "no answer from %s within %s", o.Target, o.Timeout)
	defer cancel()
	in := answers{session: g.session}
	for {
		r, err := in.next(ctx)
		if err != nil {
			return g.noReply(t, err)
		}
		if rawLine && overlong(r) {
			return toolkit.Errorf(toolkit.Protocol, "%s answered with a %w", o.Target, r.Err)
		}
		rtt := r.Time.Sub(start)
		if err := g.console.received(r, rtt); err != nil {
			return err
		}
		g.console.detail("received after %s", rtt.Round(time.Microsecond))
		if done := t.add(r); done || rawLine {
			g.refused = g.refused || t.refusal && !rawLine
			return nil
		}
	}
}

// noReply words the error of a wait that did not get what it waited for.
func (g *signaller) noReply(t *tally, err error) error {
	switch {
	case errors.Is(err, toolkit.ErrNotDelivered):
		return err
	case errors.Is(err, io.EOF) && t.babble():
		return toolkit.Errorf(toolkit.Protocol, "%s closed the connection %s, but with lines that are no messages", g.options.Target, t.missing())
	case errors.Is(err, io.EOF):
		return toolkit.Errorf(toolkit.Unavailable, "%s closed the connection %s", g.options.Target, t.missing())
	case toolkit.KindOf(err) != toolkit.Timeout:
		return toolkit.About(err, "receive from %s", g.options.Target)
	case t.refusal:
		return g.unavailable()
	case t.babble():
		return toolkit.Errorf(toolkit.Protocol, "%v, but lines that are no messages", err)
	case t.got > 0:
		return toolkit.Errorf(toolkit.Timeout, "timed out %s: %w", t.missing(), err)
	}
	return err
}
