package on

import (
	"math"
	"text/template"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// options are those that every kind of `ed on` has, read and checked.
type options struct {
	toolkit.Common
	programs []*program
	messages []sending
	print    bool
	format   *template.Template
	null     bool

	count    int // 0: no limit
	now      bool
	idle     time.Duration
	debounce time.Duration

	runner      runnerOptions
	failFast    bool
	exitStatus  bool
	sendTimeout time.Duration
	maxDatagram int
	group       toolkit.Group
	host        string
}

// sending is one value of --send.
type sending struct {
	where   address.Address
	message *messageTemplate
}

// prints says whether events are printed, whatever else is done.
func (o *options) prints() bool { return o.print || o.JSON || o.format != nil || o.null }

// restFlag is what the words after "--" are kept under.
const restFlag = "command"

// flags are a kind's own ones and those that all kinds have.
func flags(own ...cli.Flag) []cli.Flag {
	return toolkit.PeerFlags(append(append(own, toolkit.GroupFlags()...),
		&cli.StringSliceFlag{Name: "run", Aliases: []string{"r"}, Usage: "run a shell command, `SHELL`, for each event"},
		toolkit.PairFlag("send", "send a message for each event: `ADDR MESSAGE`"),
		&cli.BoolFlag{Name: "print", Aliases: []string{"p"}, Usage: "print the events, too"},
		&cli.StringFlag{Name: "format", Usage: "print them so: `TEXT`, with {{.Event}} {{.Path}} {{.PID}} …"},
		&cli.BoolFlag{Name: "null", Aliases: []string{"0"}, Usage: "end what is printed in NUL, escape nothing"},
		toolkit.NumberFlag("count", []string{"n"}, 0, 1, math.MaxInt, "end after `N` events"),
		&cli.BoolFlag{Name: "once", Aliases: []string{"1"}, Usage: "end after the first"},
		&cli.BoolFlag{Name: "now", Usage: "act once at the beginning, too"},
		toolkit.DurationFlag("idle", nil, 0, "end when nothing came for `DUR`"),
		toolkit.DurationFlag("timeout", nil, 0, "end after `DUR` in all"),
		toolkit.DurationFlag("debounce", []string{"d"}, 0, "act once for all that comes until nothing came for `DUR`"),
		toolkit.ChoiceFlag("busy", []string{"b"}, busyQueue, []string{busyQueue, busyLast, busySkip, busyRestart}, "what an event does while its command runs: `WHAT`"),
		toolkit.NumberFlag("jobs", []string{"j"}, 1, 1, maxJobs, "run a command `N` times at once"),
		toolkit.DurationFlag("run-timeout", nil, 0, "end a command after `DUR`"),
		toolkit.DurationFlag("grace", nil, 2*time.Second, "have `DUR` from TERM to KILL where one is ended"),
		&cli.BoolFlag{Name: "fail-fast", Aliases: []string{"x"}, Usage: "end when a command fails or a message is not sent"},
		&cli.BoolFlag{Name: "exit-status", Aliases: []string{"z"}, Usage: "exit as the command did that failed last"},
		toolkit.DurationFlag("send-timeout", nil, 10*time.Second, "give a message up after `DUR` without a connection"),
		toolkit.NumberFlag("max-datagram", nil, 1024, 1, toolkit.MaxDatagram, "send UDP datagrams up to `BYTES`"),
		toolkit.RestFlag(restFlag),
	)...)
}

// readOptions reads the options that all kinds have.
func readOptions(env *toolkit.Env, c *cli.Context) (options, error) {
	o := options{
		Common: env.Common(c), print: c.Bool("print"), null: c.Bool("null"),
		count: toolkit.NumberOf(c, "count"), now: c.Bool("now"), idle: toolkit.DurationOf(c, "idle"), debounce: toolkit.DurationOf(c, "debounce"),
		runner: runnerOptions{
			busy: toolkit.StringOf(c, "busy"), most: toolkit.NumberOf(c, "jobs"),
			limit: toolkit.DurationOf(c, "run-timeout"), grace: toolkit.DurationOf(c, "grace"),
		},
		failFast: c.Bool("fail-fast"), exitStatus: c.Bool("exit-status"),
		sendTimeout: toolkit.DurationOf(c, "send-timeout"), maxDatagram: toolkit.NumberOf(c, "max-datagram"), group: toolkit.GroupOf(c), host: env.ServerName(),
	}
	if err := checkOptions(c, &o); err != nil {
		return o, err
	}
	if c.Bool("once") {
		o.count = 1
	}
	var err error
	if text := c.String("format"); text != "" {
		if o.format, err = newTemplate("option --format", text); err != nil {
			return o, err
		}
	}
	if err := readPrograms(env, c, &o); err != nil {
		return o, err
	}
	return o, readMessages(env, c, &o)
}

// checkOptions refuses options that contradict each other.
func checkOptions(c *cli.Context, o *options) error {
	wrong := func(format string, args ...any) error { return toolkit.Errorf(toolkit.Usage, format, args...) }
	runs := len(c.StringSlice("run"))+len(toolkit.RestOf(c, restFlag)) > 0
	sends := len(toolkit.PairsOf(c, "send")) > 0
	switch {
	case c.Bool("once") && o.count > 1:
		return wrong("--once and --count %d exclude each other", o.count)
	case o.JSON && (c.IsSet("format") || o.null):
		return wrong("--json and --format or --null exclude each other")
	case !sends && (c.IsSet("send-timeout") || c.IsSet("max-datagram")):
		return wrong("--send-timeout and --max-datagram need --send")
	case !runs && !sends && o.failFast:
		return wrong("--fail-fast needs --run, --send or a command after --")
	case runs:
		return nil
	}
	for _, name := range []string{"busy", "jobs", "run-timeout", "grace", "exit-status"} {
		if c.IsSet(name) {
			return wrong("--%s needs --run or a command after --", name)
		}
	}
	return nil
}

const maxJobs = 1000

func readPrograms(env *toolkit.Env, c *cli.Context, o *options) error {
	for _, line := range c.StringSlice("run") {
		p, err := newShell(line)
		if err != nil {
			return err
		}
		if looksLikeField(line) {
			env.Output(o.Common).Warn("--run: a shell's line is no template; the event is in its environment, as in \"$ED_EVENT_PATH\"")
		}
		o.programs = append(o.programs, p)
	}
	if words := toolkit.RestOf(c, restFlag); len(words) > 0 {
		p, err := newProgram(words)
		if err != nil {
			return err
		}
		o.programs = append(o.programs, p)
	}
	return nil
}

func readMessages(env *toolkit.Env, c *cli.Context, o *options) error {
	for _, pair := range toolkit.PairsOf(c, "send") {
		if pair.First == "" {
			return toolkit.Errorf(toolkit.Usage, "option --send: the address is empty")
		}
		where, err := env.Address(pair.First, address.Defaults{})
		if err != nil {
			return toolkit.WithHint(err, "write --send ADDR MESSAGE, two words")
		}
		if where.Scheme == address.TLS {
			if _, err := toolkit.LoadTLS(env.TLS()); err != nil {
				return err
			}
		}
		m, err := newMessageTemplate(pair.Second, func(m *message.Message) { m.SetSentFrom(o.host, "ed_on") })
		if err != nil {
			return err
		}
		o.messages = append(o.messages, sending{where, m})
	}
	return nil
}
