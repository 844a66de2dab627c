package signal

import (
	"math"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/config"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// sendOptions are what the command line of `ed send` or `ed request` comes to.
type sendOptions struct {
	toolkit.Common
	Target   address.Address
	Routed   bool     // Target is a router, which brings the messages to their services
	Messages []string // nil: they come from standard input, or from Template
	Template string
	From     string // SERVER:SERVICE, in place of what the messages say; "" for us where they say nothing

	Count    int           // messages to send at most; 0 is all there are, once
	Interval time.Duration // between two messages; 0 is as fast as can be

	Replies int            // messages to wait for; for `ed request` after each one
	Until   *dispatch.Glob // of the command that ends the waiting; nil for none
	Idle    time.Duration  // end when nothing came for so long
	Hold    bool           // stay until the peer ends the connection

	Each        bool // `ed request`: wait after each message
	KeepGoing   bool // pass over bad lines
	NoCheck     bool
	DryRun      bool
	MaxDatagram int
	MaxLine     int
	Group       toolkit.Group
}

// waits says whether anything is to be received after everything was sent.
func (o *sendOptions) waits() bool { return o.Replies > 0 || o.Until != nil || o.Idle > 0 || o.Hold }

// SendCommand is `ed send`.
func SendCommand(env *toolkit.Env) *cli.Command {
	return env.Configure("send", &cli.Command{
		Name:  "send",
		Usage: "send messages over one connection",
		UsageText: `[OPTIONS] ADDR [MESSAGE ... | -]
			[OPTIONS] --host ADDR [MESSAGE ... | -]
			[OPTIONS] {SERVICE/COMMAND ... | -}`,
		Description: `ed send cluckd/LOG_ROTATE 'snap:snaprfs/SYNC path=/a'    by the router
			ed send tcp://127.0.0.1:4040 'snaprfs/LOG_ROTATE' 'cluckd/ALIVE serial=7'
			ed listen --json udp://:4041 | ed send --json unix:/run/ed/router.sock
			ed send --rate 100/s --count 1000 --template 'svc/PING serial={{.N}}' :4040
			ed send --replies 1 --timeout 2s unix:/run/x.sock HELP`,
		Flags: toolkit.PeerFlags(append(append(inputFlags(), toolkit.GroupFlags()...),
			toolkit.NumberFlag("replies", nil, 0, 0, math.MaxInt, "then wait for `N` messages and print them"),
			&cli.StringFlag{Name: "until", Usage: "wait for a command that matches `GLOB`"},
			toolkit.DurationFlag("idle", nil, 0, "then print what comes until nothing came for `DUR`"),
			&cli.BoolFlag{Name: "hold", Usage: "then print what comes until the peer ends it"},
		)...),
		Action: func(c *cli.Context) error {
			o, err := parseSend(c, env)
			if err != nil {
				return err
			}
			o.Idle, o.Hold = toolkit.DurationOf(c, "idle"), c.Bool("hold")
			return runSend(c.Context, env, o)
		},
	}, "router", "rate", "from", "keep-going", "no-check", "max-datagram", "max-line")
}

// RequestCommand is `ed request`.
func RequestCommand(env *toolkit.Env) *cli.Command {
	return env.Configure("request", &cli.Command{
		Name:  "request",
		Usage: "send messages and wait for the reply to each",
		UsageText: `[OPTIONS] ADDR [MESSAGE ... | -]
			[OPTIONS] --host ADDR [MESSAGE ... | -]
			[OPTIONS] {SERVICE/COMMAND ... | -}`,
		Description: `ed request 'cluckd/ALIVE serial=7'              by the router
			ed request unix:/run/x.sock 'ALIVE serial=7'    a service itself
			ed request --json --count 5 --rate 1/s cluckd/HELP | jq .rtt_ns
			ed request --until COMMANDS udp://127.0.0.1:4050 HELP`,
		Flags: toolkit.PeerFlags(append(append(inputFlags(), toolkit.GroupFlags()...),
			toolkit.NumberFlag("replies", nil, 1, 1, math.MaxInt, "wait for `N` messages after each one"),
			&cli.StringFlag{Name: "until", Usage: "wait for a command that matches `GLOB` after each one"},
		)...),
		Action: func(c *cli.Context) error {
			o, err := parseSend(c, env)
			if err != nil {
				return err
			}
			o.Each = true
			if o.Until != nil && !c.IsSet("replies") {
				o.Replies = 0
			}
			return runSend(c.Context, env, o)
		},
	}, "router", "rate", "from", "keep-going", "no-check", "max-datagram", "max-line")
}

// inputFlags are those that say what is sent and how.
func inputFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "host", Aliases: []string{"H"}, Usage: "send to `ADDR`; all operands are messages then"},
		toolkit.RouterFlag(),
		toolkit.NumberFlag("count", []string{"n"}, 0, 1, math.MaxInt, "send `N` messages, the same ones over again if needed"),
		&cli.GenericFlag{Name: "rate", Value: &rateValue{}, Usage: "send `N/s` messages (also N/m, N/h, max)"},
		&cli.StringFlag{Name: "template", Usage: "make messages of `TEXT`: {{.N}} {{.Now}} {{.UnixNano}} {{.Random}} {{.Host}}"},
		toolkit.TextFlag("from", nil, "", checkSender, "say that `SERVER:SERVICE` sends them, whatever they say"),
		&cli.BoolFlag{Name: "keep-going", Aliases: []string{"k"}, Usage: "pass over bad lines; the exit code still is 65"},
		&cli.BoolFlag{Name: "no-check", Usage: "do not check parameters of default commands"},
		&cli.BoolFlag{Name: "dry-run", Usage: "print the exact lines, send nothing"},
		maxDatagramFlag(),
		maxLineFlag(),
	}
}

// parseSend reads what the two commands have in common.
func parseSend(c *cli.Context, env *toolkit.Env) (sendOptions, error) {
	o := sendOptions{
		Common:    env.Common(c),
		Template:  c.String("template"),
		From:      toolkit.StringOf(c, "from"),
		Count:     toolkit.NumberOf(c, "count"),
		Replies:   toolkit.NumberOf(c, "replies"),
		KeepGoing: c.Bool("keep-going"),
		NoCheck:   c.Bool("no-check"),
		DryRun:    c.Bool("dry-run"),

		MaxDatagram: toolkit.NumberOf(c, "max-datagram"),
		MaxLine:     toolkit.NumberOf(c, "max-line"),
		Group:       toolkit.GroupOf(c),
	}
	if v, ok := c.Generic("rate").(*rateValue); ok {
		o.Interval = v.interval
	}
	var err error
	o.Until, err = toolkit.CommandGlobOf(c, "until")
	if err == nil {
		err = parseOperands(c, env, &o)
	}
	return o, err
}

// parseOperands tells the address from the messages.
func parseOperands(c *cli.Context, env *toolkit.Env, o *sendOptions) error {
	args := c.Args().Slice()
	host := c.String("host")
	asked := env.Setting(c, "router").Origin.Kind == config.FromCommandLine
	place, err := env.Router(c)
	switch {
	case asked && host != "":
		return toolkit.Errorf(toolkit.Usage, "--router and --host contradict each other")
	case asked, (place.Given || place.Found) && host == "" && len(args) > 0 && forRouter(env, args[0]):
		o.Target, o.Routed = place.Address, true // or err is what is wrong with it
	case host == "":
		if _, err := toolkit.Operands(c, 1, -1, "the address"); err != nil {
			return err
		}
		if args[0] == "" {
			return toolkit.Errorf(toolkit.Usage, "the address is empty")
		}
		host, args = args[0], args[1:]
		fallthrough
	default:
		o.Target, err = parsePeer(env, c, host)
	}
	if err != nil {
		return err
	}
	stdin := len(args) == 0 || len(args) == 1 && args[0] == "-"
	if !stdin {
		o.Messages = args
		if slices.Contains(args, "-") {
			return toolkit.Errorf(toolkit.Usage, "- reads standard input and goes with no other message")
		}
	}
	if o.Template != "" && len(args) > 0 {
		return toolkit.Errorf(toolkit.Usage, "--template makes the messages: there can be no others")
	}
	return nil
}

// forRouter says whether the first operand is no address but a message for a service, or stands for such.
func forRouter(env *toolkit.Env, text string) bool {
	if text == "-" {
		return true
	}
	m, err := message.Parse([]byte(text))
	if err != nil || m.Service() == "" {
		return false
	}
	_, err = env.Address(text, address.Defaults{})
	return err != nil
}

func parsePeer(env *toolkit.Env, c *cli.Context, text string) (address.Address, error) {
	a, err := env.Address(text, address.Defaults{})
	if err == nil {
		err = reachable(a)
	}
	if m, _ := message.Parse([]byte(text)); err != nil && c.String("host") == "" && m != nil && m.Service() != "" {
		err = toolkit.Errorf(toolkit.Usage, "there is no router to find the service %s", toolkit.Escape(m.Service()))
		return a, toolkit.WithHint(err, "ed router starts one; else the first operand is the address")
	}
	if err != nil && c.String("host") == "" {
		err = toolkit.WithHint(err, "the first operand is the address, unless --host gives it; without one a router is needed, and none is there")
	}
	return a, err
}
