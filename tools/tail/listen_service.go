package tail

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/service"
)

// serviceOptions say whether `ed listen` is a service of a router, too.
type serviceOptions struct {
	name     string // "": it is none
	announce []string
	router   toolkit.RouterPlace
}

func readService(env *toolkit.Env, c *cli.Context) (o serviceOptions, err error) {
	o.name = c.String("service")
	announce := c.String("announce")
	switch {
	case o.name == "" && announce != "":
		return o, toolkit.Errorf(toolkit.Usage, "--announce needs --service")
	case o.name == "":
		return o, nil
	}
	if err := message.VerifyService(o.name); err != nil {
		return o, toolkit.Errorf(toolkit.Usage, "option --service: %w", err)
	}
	if announce != "" {
		o.announce = strings.Split(announce, ",")
	}
	for _, command := range o.announce {
		if err := message.VerifyCommand(command); err != nil {
			return o, toolkit.Errorf(toolkit.Usage, "option --announce: %w", err)
		}
	}
	o.router, err = env.Router(c)
	return o, err
}

// register connects to the router. What it says to register us is not shown; all else goes the way of other messages, the default
// commands among it, which are answered besides.
func (l *listening) register() error {
	d := dispatch.New(dispatch.Options{Logger: l.warned.logger()})
	err := d.Add(dispatch.Match{
		Func:     func(m *message.Message) bool { return !l.handshake(m) },
		Name:     "show",
		Priority: dispatch.First, Continue: true,
		Handler: func(from dispatch.Sender, m *message.Message) error {
			(*tap)(l).Dispatch(from, m)
			return nil
		},
	})
	if err != nil {
		return err
	}
	where := l.service.router.Address
	if !l.service.router.Given && !l.service.router.Found {
		where = address.Address{} // to be looked for again and again: it may come later
	}
	l.routed, err = service.New(l.loop, service.Options{
		Name: l.service.name, Router: where, Dispatcher: d,
		Defaults: dispatch.DefaultsOptions{
			Stop:       func(bool) { l.finish(nil) },
			Ready:      func(*message.Message) { l.registered() },
			Restart:    func(*message.Message) {},
			Leak:       func() {},
			Help:       func() []string { return slices.Clone(l.service.announce) },
			NoCatchAll: true, // it is shown: that is what we are for
		},
		OnRefused: func(e *service.RefusedError) bool {
			l.finish(toolkit.As(toolkit.Permission, e))
			return false
		},
		Logger: l.warned.logger(),
		Link: link.PermanentOptions{
			Options:      link.Options{Limit: l.maxLine, Mute: true, OnMalformed: l.malformed},
			CloseTimeout: closeTimeout,
		},
		Transport: l.transportOptions(),
		Dial:      l.env.Open().Dial,
	})
	return err
}

// handshake says whether m is the router's HELP or READY.
func (l *listening) handshake(m *message.Message) bool {
	command := string(m.CommandBytes())
	return m.SentFromService() == service.Router && (command == "HELP" || command == "READY")
}

// registered is called each time that the router has registered us.
func (l *listening) registered() {
	l.taken = true
	at := l.routed.Status().Remote.String()
	l.out.Say("service %s registered with the router at %s", l.service.name, at)
	for _, m := range l.greet {
		l.sent(at, 0, m, l.routed.Send(m))
	}
}
