package ask

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// pingOptions are what the command line of `ed ping` comes to.
type pingOptions struct {
	toolkit.Common
	router   toolkit.RouterPlace
	targets  []*target
	count    int           // questions to each; 0: without end
	interval time.Duration // 0: the next one when the last was answered
}

// forever is what --timeout 0 comes to.
const forever = 100 * 365 * 24 * time.Hour

// target is one operand.
type target struct {
	text            string          // as it was given
	at              address.Address // zero: by the router
	server, service string
	figures         figures
	unknown         bool // the router has no such service: nothing more is sent
}

// Ping is `ed ping`.
func Ping(env *toolkit.Env) *cli.Command {
	return env.Configure("ping", &cli.Command{
		Name:      "ping",
		Usage:     "ask services whether they are alive, and measure",
		ArgsUsage: "[[SERVER:]SERVICE|ADDR ...]",
		Description: `ed ping snaprfs                           by the router, four times
			ed ping -c 1 snap:cluckd snaprfs && echo alive
			ed ping -c 0 -i 0.2 unix:/run/x.sock      a service itself, until interrupted
			ed ping                                   the router itself`,
		Flags: toolkit.PeerFlags(
			toolkit.RouterFlag(),
			toolkit.NumberFlag("count", []string{"c"}, 4, 0, math.MaxInt, "ask `N` times; 0: until interrupted"),
			toolkit.DurationFlag("interval", []string{"i"}, time.Second, "ask each `DUR`; 0: when the answer came"),
			toolkit.DurationFlag("timeout", []string{"W"}, 2*time.Second, "wait for an answer for `DUR`"),
		),
		Action: func(c *cli.Context) error {
			o, err := parsePing(env, c)
			if err != nil {
				return err
			}
			return ping(c.Context, env, o)
		},
	}, "router", "count", "interval")
}

func parsePing(env *toolkit.Env, c *cli.Context) (pingOptions, error) {
	o := pingOptions{Common: env.Common(c), count: toolkit.NumberOf(c, "count"), interval: toolkit.DurationOf(c, "interval")}
	if o.Timeout == 0 {
		o.Timeout = forever
	}
	operands := c.Args().Slice()
	if len(operands) == 0 {
		operands = []string{toolkit.RouterService}
	}
	seen := map[string]bool{}
	for _, text := range operands {
		t, err := parseTarget(env, text)
		if err != nil {
			return o, err
		}
		if seen[text] {
			return o, toolkit.Errorf(toolkit.Usage, "%s is named twice", toolkit.Escape(text))
		}
		seen[text] = true
		o.targets = append(o.targets, t)
	}
	var err error
	o.router, err = env.Router(c)
	return o, err
}

// parseTarget tells [SERVER:]SERVICE from addresses: those have a scheme, a slash, a host with a port, or are an IP address.
func parseTarget(env *toolkit.Env, text string) (*target, error) {
	if text == "" { // of a variable that is not set: what listens on this host is not meant
		return nil, toolkit.Errorf(toolkit.Usage, "the name of a service is empty; without names the router is asked")
	}
	t := &target{text: text}
	head, rest, colon := strings.Cut(text, ":")
	if !colon && message.VerifyService(text) == nil {
		t.service = text
		return t, nil
	}
	_, scheme := address.ParseScheme(head)
	if colon && !scheme && message.VerifyService(rest) == nil && message.VerifyServer(head) == nil {
		t.server, t.service = head, rest
		return t, nil
	}
	var err error
	t.at, err = env.Address(text, address.Defaults{Scheme: address.TCP, Port: 4040})
	switch {
	case err != nil:
		return nil, toolkit.WithHint(err, "a service is named as SERVICE or SERVER:SERVICE, an address as unix:/PATH or tcp://HOST:PORT")
	case t.at.Scheme == address.FIFO:
		return nil, toolkit.Errorf(toolkit.Usage, "%s goes one way: no answer can come", t.at)
	}
	return t, nil
}

// ping asks all targets at once: those that the router finds over one session where their names differ, each address over its own.
func ping(ctx context.Context, env *toolkit.Env, o pingOptions) error {
	events := make(chan event)
	var all sync.WaitGroup
	for _, p := range pingers(env, o) {
		p.events = events
		all.Go(func() { p.run(ctx) })
	}
	go func() {
		all.Wait()
		close(events)
	}()
	s := &screen{env: env, out: env.Output(o.Common)}
	for e := range events {
		s.event(e)
	}
	return s.end(ctx, o.targets)
}

// pingers makes one for each session.
func pingers(env *toolkit.Env, o pingOptions) []*pinger {
	var all []*pinger
	for _, t := range o.targets {
		i := slices.IndexFunc(all, func(p *pinger) bool { return p.takes(t) })
		if i < 0 {
			i, all = len(all), append(all, &pinger{env: env, options: &o, waiting: map[uint64]question{}})
		}
		all[i].targets = append(all[i].targets, t)
	}
	return all
}

// takes says whether t can be asked over the session. What the router says of a service that is not there is without its server:
// services of one name on several servers have a session each.
func (p *pinger) takes(t *target) bool {
	return t.at.IsZero() && !slices.ContainsFunc(p.targets, func(other *target) bool { return !other.at.IsZero() || other.service == t.service })
}
