package signal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/config"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// errNoRouter says that there is no router where one could be.
var errNoRouter = errors.New("no router")

// parseRoute decides whether the message goes by the router's stream socket: where a service is named, and nothing says where to send.
// As ed-signal it does so only where the command line asks for it: the C++ program sends a datagram.
func parseRoute(c *cli.Context, env *toolkit.Env, o *options) error {
	asked := env.Setting(c, "router").Origin.Kind == config.FromCommandLine
	elsewhere := ""
	for _, name := range []string{"host", "type", "encrypt", "secret-code", "secret-code-file", "max-datagram", "interface", "hops", "no-loop"} {
		if env.Setting(c, name).IsSet() {
			elsewhere = name
		}
	}
	switch {
	case asked && elsewhere != "" && env.Setting(c, elsewhere).Origin.Kind == config.FromCommandLine:
		return toolkit.Errorf(toolkit.Usage, "--router and --%s contradict each other", elsewhere)
	case !asked && (env.Compat || elsewhere != "" || o.Message.Service() == ""):
		return nil
	}
	place, err := env.Router(c)
	if err == nil && (place.Given || place.Found) {
		o.Router = &place
	}
	o.Guessed = !place.Given
	return err
}

// runRouted sends the message by the router. Its error is errNoRouter where there is none.
func runRouted(ctx context.Context, env *toolkit.Env, o options) error {
	o.Target = o.Router.Address
	m := o.Message.Clone()
	toolkit.RequestReport(m)
	c := &console{out: env.Output(o.Common), target: o.Target, terminal: env.Stdout.TTY, asIs: o.anyLine()}
	if o.DryRun {
		return printLine(c.out, m)
	}
	r, err := dialRouter(ctx, env, o.Target, &o, m)
	switch {
	case nobodyThere(err), errors.Is(err, fs.ErrPermission) && !o.Router.Given:
		if o.IfRunning && o.Router.Given {
			c.detail("no router at %s", o.Target)
			return nil
		}
		return fmt.Errorf("%w: %w", errNoRouter, explain(err, o.Target))
	case err != nil:
		return err
	}
	err = (&signaller{env: env, options: &o, session: r, routed: r, console: c}).run(ctx, m)
	if o.IfRunning && (nobodyThere(err) || errors.Is(err, toolkit.ErrNotDelivered)) {
		c.detail("there is no service %s", m.Service())
		return nil
	}
	return err
}

// dialRouter connects, and registers where another service is to answer.
func dialRouter(ctx context.Context, env *toolkit.Env, a address.Address, o *options, m *message.Message) (*toolkit.Routed, error) {
	ro := toolkit.RouterOptions{DialOptions: o.DialOptions(), Strict: true}
	if o.waits() && !o.From && m.Service() != toolkit.RouterService {
		ro.Name = "ed_signal"
	}
	return env.DialRouter(ctx, a, ro)
}

// delivered finds out whether the router brought m to a service.
func (g *signaller) delivered(ctx context.Context, m *message.Message) error {
	err := g.routed.Delivered(ctx, m)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case toolkit.KindOf(err) == toolkit.Timeout:
		return toolkit.Errorf(toolkit.Timeout, "%w: what became of the message is not known", err)
	case err != nil && endsRouter(m):
		return nil // as it was told to
	case err != nil:
		return err
	}
	for _, report := range g.routed.Reports() {
		if report.Cached {
			g.console.say("the router keeps %s until %s is there", report.Command, m.Service())
		}
	}
	return nil
}

// endsRouter says whether m tells the router itself to end: then it need not survive it.
func endsRouter(m *message.Message) bool {
	return (m.Service() == "" || m.Service() == toolkit.RouterService) && (m.Command() == "STOP" || m.Command() == "SHUTDOWN")
}

// unreached words that the router brought the message to nobody. The session is still open.
func (g *signaller) unreached(ctx context.Context, err error) error {
	if g.routed == nil || !errors.Is(err, toolkit.ErrNotDelivered) {
		return err
	}
	m := g.options.Message
	return &undelivered{g.routed.NoService(ctx, m.Server(), m.Service())}
}

// undelivered is an error in the words of NoService that still is ErrNotDelivered.
type undelivered struct{ error }

func (e *undelivered) Unwrap() []error { return []error{e.error, toolkit.ErrNotDelivered} }

// maxGoals bounds what is remembered to say which message reached nobody.
const maxGoals = 1000

// note remembers where a message went: a router reports the command only.
func (t *transfer) note(m *message.Message) {
	if t.routed == nil || m.Service() == toolkit.RouterService || t.goals[m.Command()] == nil && len(t.goals) >= maxGoals {
		return
	}
	if t.goals == nil {
		t.goals = map[string]*message.Message{}
	}
	t.goals[m.Command()] = m
}

// reported says whether a router may report about what was sent. What was for itself, as STOP, it need not survive.
func (t *transfer) reported() bool { return len(t.goals) > 0 }

// confirm waits until the router has treated everything that was sent, as long as it goes on.
func (t *transfer) confirm(ctx context.Context, r *receiver) error {
	passed, err := t.routed.Barrier()
	if err != nil {
		return t.interrupted(ctx, r, err)
	}
	limit := newAlarm(t.options.Timeout)
	defer limit.Stop()
	for {
		select {
		case <-passed:
			return nil
		case <-r.ended:
			return t.interrupted(ctx, r, r.cause())
		case <-limit.C:
			if !limit.snoozes() {
				return toolkit.Errorf(toolkit.Timeout, "no answer from the router at %s within %s: what became of the messages is not known", t.options.Target, t.options.Timeout)
			}
		}
	}
}

// unreached is the error for messages of which the router reported that they reached nobody.
func (t *transfer) unreached(ctx context.Context) error {
	failed, cached := 0, 0
	var first *message.Message
	for _, report := range t.routed.Reports() {
		if report.Cached {
			cached++
			continue
		}
		failed++
		if first == nil {
			first = t.goals[report.Command]
		}
	}
	if cached > 0 {
		t.console.say("the router keeps %s until their services are there", toolkit.Plural(cached, "message"))
	}
	switch {
	case failed == 0:
		return nil
	case first == nil:
		return toolkit.Errorf(toolkit.Unavailable, "%s reached nobody", toolkit.Plural(failed, "message"))
	}
	err := t.routed.NoService(ctx, first.Server(), first.Service())
	if failed > 1 {
		err = toolkit.WithHint(fmt.Errorf("%d messages reached nobody: %w", failed, err), "%s", toolkit.HintOf(err))
	}
	return err
}
