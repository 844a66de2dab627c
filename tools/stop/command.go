package stop

import (
	"context"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/config"
	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// options is a command line, understood.
type options struct {
	toolkit.Common
	operands   []string
	plan       []step
	router     address.Address
	to         string // service that the message goes to; "" is the operand's name
	byName     bool   // names are those of processes, too, and not of units only
	all        bool
	strict     bool
	dryRun     bool
	waitOnly   bool
	compatExit bool
	system     proc.System
}

// Command describes `ed stop`.
func Command(env *toolkit.Env) *cli.Command {
	return env.Configure("stop", &cli.Command{
		Name:      "stop",
		Usage:     "stop services by name, unit or pid, politely and surely",
		ArgsUsage: "NAME|UNIT|PID|PIDFILE …",
		Description: `ed stop communicatord                      by message, then INT, then TERM
			ed stop /run/snapd.pid 4711                two at once, in parallel
			ed stop --plan INT:5s,TERM:5s,KILL:2s app  with force in the end
			ed stop --dry-run app                      only say what would be done
			ed stop --wait-only -t 30 4711             wait for its end`,
		Flags: toolkit.PeerFlags(
			&cli.StringFlag{Name: "service", Aliases: []string{"s"}, Usage: "stop `NAME`, as if it were an operand"},
			toolkit.DurationFlag("timeout", []string{"t"}, defaultINT, "let INT take `DUR` at most; a bare number is seconds, 0 is without end"),
			&cli.BoolFlag{Name: "process-name", Aliases: []string{"p"}, Usage: "a name that is no running unit may be a process; always so in ed stop, not in ed-stop"},
			toolkit.TextFlag("plan", nil, defaultPlan, checkPlan, "try `STEP[:DUR],…`, one after the other"),
			toolkit.RouterFlag(),
			toolkit.TextFlag("host", []string{"H"}, "", toolkit.CheckRouter, "the older name of --router `ADDR`"),
			&cli.StringFlag{Name: "to", Usage: "send the message to `SERVICE`, if that is not the name given"},
			&cli.BoolFlag{Name: "all", Aliases: []string{"a"}, Usage: "stop every process that has the name"},
			&cli.BoolFlag{Name: "strict", Usage: "exit 3 if it was not running, 4 if nothing is known by that name"},
			&cli.BoolFlag{Name: "dry-run", Aliases: []string{"n"}, Usage: "do nothing, say what would be done"},
			&cli.BoolFlag{Name: "wait-only", Aliases: []string{"w"}, Usage: "send nothing, wait for the end"},
			&cli.BoolFlag{Name: "user", Usage: "units are those of the user's own systemd"},
			&cli.BoolFlag{Name: "compat-exit", Usage: "exit 0 also when it survived, as the C++ ed-stop", Hidden: !env.Compat},
			// Those of kill(1), to say what is written here instead.
			&cli.StringFlag{Name: "signal", Hidden: true},
			&cli.BoolFlag{Name: "kill", Aliases: []string{"9"}, Hidden: true},
		),
		Action: func(c *cli.Context) error {
			o, err := parse(env, c)
			if err != nil || o == nil {
				return err
			}
			return run(c.Context, env, *o)
		},
	}, "router", "host", "plan", "process-name", "user")
}

// parse returns nil options where there is nothing to do.
func parse(env *toolkit.Env, c *cli.Context) (*options, error) {
	o := &options{
		Common: env.Common(c), operands: c.Args().Slice(), to: c.String("to"),
		byName: !env.Compat || c.Bool("process-name"), all: c.Bool("all"), strict: c.Bool("strict"),
		dryRun: c.Bool("dry-run"), waitOnly: c.Bool("wait-only"), compatExit: c.Bool("compat-exit"),
		system: proc.System{UserUnits: c.Bool("user")},
	}
	for option, signal := range map[string]string{"signal": strings.ToUpper(c.String("signal")), "kill": "KILL"} {
		if c.IsSet(option) {
			return nil, toolkit.WithHint(toolkit.Errorf(toolkit.Usage, "signals are sent by a plan"), "--plan %s sends this one, --plan INT:5s,KILL is politer", signal)
		}
	}
	if c.IsSet("service") {
		o.operands = append([]string{c.String("service")}, o.operands...)
	}
	// systemd passes no word at all for an empty $MAINPID: nothing runs that would have to be stopped.
	if len(o.operands) == 0 && !env.Compat && env.Getenv("INVOCATION_ID") == "" {
		_, err := toolkit.Operands(c, 1, -1, "the name of what to stop")
		return nil, err
	}
	for i, word := range o.operands { // ps and wc put blanks before a number
		o.operands[i] = strings.TrimSpace(word)
	}
	o.operands = slices.DeleteFunc(o.operands, func(word string) bool { return word == "" })
	if len(o.operands) == 0 {
		return nil, nil
	}
	plan, err := parsePlan(toolkit.StringOf(c, "plan")) // the flag has seen to it that it can be read, unless it is empty
	if err != nil {
		return nil, toolkit.Errorf(toolkit.Usage, "option --plan: %w", err)
	}
	o.plan = plan
	if env.Setting(c, "timeout").IsSet() {
		o.plan = withTimeout(plan, o.Timeout)
	}
	if o.to != "" && len(o.operands) > 1 {
		return nil, toolkit.Errorf(toolkit.Usage, "--to names one service, but %d are to be stopped", len(o.operands))
	}
	o.router, err = routerAddress(env, c)
	return o, err
}

// routerAddress reads --host, which came first, or else what all commands have.
func routerAddress(env *toolkit.Env, c *cli.Context) (address.Address, error) {
	host := toolkit.StringOf(c, "host")
	switch {
	case host == "":
		place, err := env.Router(c)
		return place.Address, err
	case env.Setting(c, "router").Origin.Kind == config.FromCommandLine:
		return address.Address{}, toolkit.Errorf(toolkit.Usage, "--host and --router mean the same, and both are given")
	}
	return env.Address(host, address.Defaults{Scheme: address.TCP, Port: 4040})
}

// run stops what the options name.
func run(ctx context.Context, env *toolkit.Env, o options) error {
	r := newReporter(env, env.Output(o.Common))
	defer r.out.Done()
	found, err := resolveAll(ctx, o, r)
	defer found.close()
	if err != nil {
		return err
	}
	found.announce(r)
	found.warnOfSystemd(o, r)
	if err := r.err; err != nil {
		return err
	}
	switch {
	case len(found.targets) == 0:
	case o.dryRun:
		rehearse(o, r, found.targets)
	default:
		if err := stopAll(ctx, env, o, r, found.targets); err != nil {
			return err
		}
	}
	return r.result(o, found)
}
