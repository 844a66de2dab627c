package tail

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// listenOptions are those of `ed listen`, read and checked.
type listenOptions struct {
	toolkit.Common
	where   []address.Address
	connect bool
	service serviceOptions

	form    form
	stamps  string
	filter  filter
	hexdump bool

	count int // 0: no limit
	idle  time.Duration
	until *dispatch.Glob

	echo    bool
	replies []*message.Message
	greet   []*message.Message // --send

	on        []*trigger
	onReply   bool
	onMost    int
	onTimeout time.Duration

	record recordOptions

	maxLine     int
	maxDatagram int
	group       toolkit.Group
}

// Listen returns the command `ed listen`.
func Listen(env *toolkit.Env) *cli.Command {
	return env.Configure("listen", &cli.Command{
		Name:  "listen",
		Usage: "show, record and answer the messages that others send",
		UsageText: `[OPTIONS] ADDR ...
			[OPTIONS] --service NAME [ADDR ...]`,
		Description: `ed listen tcp://127.0.0.1:4040 udp://127.0.0.1:4041
			ed listen unix:/run/x.sock --json -n 3 --timeout 10s
			ed listen :4040 --filter 'LOCK*,service=cluckd' --record day.jsonl
			ed listen :4040 --on 'STOP=systemctl stop "$ED_PARAM_unit"'
			ed listen --service watcher --announce LOCKED,UNLOCKED`,
		Flags: toolkit.PeerFlags(append(listenFlags(), toolkit.GroupFlags()...)...),
		Action: func(c *cli.Context) error {
			o, err := readListenOptions(env, c)
			if err != nil {
				return err
			}
			return listen(c.Context, env, o)
		},
	}, "router", "timestamps", "max-line", "max-datagram")
}

func listenFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "connect", Aliases: []string{"c"}, Usage: "dial the addresses instead of binding them"},
		&cli.StringFlag{Name: "service", Aliases: []string{"register"}, Usage: "be the service `NAME` of the router"},
		&cli.StringFlag{Name: "announce", Usage: "take broadcasts of `CMD,...` as that service"},
		toolkit.RouterFlag(),
		toolkit.TypeFlag(),
		&cli.StringSliceFlag{Name: "filter", Aliases: []string{"f"}, Usage: "show what meets every `COND`,...; given again: or"},
		toolkit.NumberFlag("count", []string{"n"}, 0, 1, math.MaxInt, "end after `N` messages were shown"),
		&cli.StringFlag{Name: "until", Aliases: []string{"u"}, Usage: "end after a message whose command matches `GLOB`"},
		toolkit.DurationFlag("idle", nil, 0, "end when nothing came for `DUR`"),
		toolkit.DurationFlag("timeout", nil, 0, "end after `DUR` in all"),
		&cli.BoolFlag{Name: "echo", Aliases: []string{"e"}, Usage: "answer with the same command and parameters"},
		&cli.StringSliceFlag{Name: "reply", Aliases: []string{"r"}, Usage: "answer each message with `MESSAGE`"},
		&cli.StringSliceFlag{Name: "send", Usage: "send `MESSAGE` on each new connection"},
		&cli.StringSliceFlag{Name: "on", Usage: "run a shell command per message: `GLOB=SHELL`"},
		&cli.BoolFlag{Name: "on-reply", Usage: "send what it prints to the sender of the message"},
		toolkit.NumberFlag("on-max", nil, 8, 1, math.MaxInt, "run at most `N` of them at once"),
		toolkit.DurationFlag("on-timeout", nil, 0, "end each of them after `DUR`"),
		&cli.StringFlag{Name: "record", Usage: "write what is shown to `FILE`, for ed replay"},
		&cli.BoolFlag{Name: "append", Usage: "add to the recording if it exists"},
		&cli.BoolFlag{Name: "force", Usage: "replace the recording if it exists"},
		toolkit.ChoiceFlag("timestamps", nil, "abs", []string{"abs", "delta", "none"}, "time before each line: `WHICH`"),
		&cli.BoolFlag{Name: "raw", Usage: "print messages alone, as they are; to pipes only"},
		&cli.BoolFlag{Name: "hexdump-bad", Usage: "dump the bytes of broken lines"},
		toolkit.NumberFlag("max-line", nil, toolkit.MaxLine, 1, math.MaxInt, "take lines up to `BYTES`"),
		toolkit.NumberFlag("max-datagram", nil, 1024, 1, toolkit.MaxDatagram, "send UDP answers up to `BYTES`"),
	}
}

func readListenOptions(env *toolkit.Env, c *cli.Context) (listenOptions, error) {
	o := listenOptions{
		Common:  env.Common(c),
		connect: c.Bool("connect"),
		stamps:  toolkit.StringOf(c, "timestamps"), hexdump: c.Bool("hexdump-bad"),
		count: toolkit.NumberOf(c, "count"), idle: toolkit.DurationOf(c, "idle"),
		echo:    c.Bool("echo"),
		onReply: c.Bool("on-reply"), onMost: toolkit.NumberOf(c, "on-max"), onTimeout: toolkit.DurationOf(c, "on-timeout"),
		record:  recordOptions{path: c.String("record"), append: c.Bool("append"), force: c.Bool("force")},
		maxLine: toolkit.NumberOf(c, "max-line"), maxDatagram: toolkit.NumberOf(c, "max-datagram"), group: toolkit.GroupOf(c),
	}
	if c.Bool("json") {
		o.form = asJSON
	}
	if c.Bool("raw") {
		o.form = asRaw
	}
	if err := checkListenFlags(env, c, &o); err != nil {
		return o, err
	}
	var err error
	if o.service, err = readService(env, c); err != nil {
		return o, err
	}
	if o.where, err = readAddresses(env, c, o.service.name != ""); err != nil {
		return o, err
	}
	return o, readListenTexts(c, &o)
}

// checkListenFlags refuses options that contradict each other.
func checkListenFlags(env *toolkit.Env, c *cli.Context, o *listenOptions) error {
	wrong := func(format string, args ...any) error { return toolkit.Errorf(toolkit.Usage, format, args...) }
	switch {
	case o.JSON && c.Bool("raw"):
		return wrong("--json and --raw exclude each other")
	case c.Bool("raw") && env.Stdout.TTY:
		return toolkit.WithHint(wrong("--raw would let peers control this terminal"), "send the output to a file or a pipe")
	case o.record.path == "" && (o.record.append || o.record.force):
		return wrong("--append and --force need --record")
	case o.record.append && o.record.force:
		return wrong("--append and --force exclude each other")
	case len(c.StringSlice("on")) == 0 && (o.onReply || c.IsSet("on-max") || c.IsSet("on-timeout")):
		return wrong("--on-reply, --on-max and --on-timeout need --on")
	}
	return nil
}

func readAddresses(env *toolkit.Env, c *cli.Context, none bool) ([]address.Address, error) {
	least := 1
	if none {
		least = 0
	}
	operands, err := toolkit.Operands(c, least, -1, "an address, or --service NAME,")
	if err != nil {
		return nil, err
	}
	var all []address.Address
	for _, text := range operands {
		if text == "" {
			return nil, toolkit.Errorf(toolkit.Usage, "an address is empty")
		}
		a, err := env.Address(text, toolkit.TypeDefaults(c))
		if err != nil {
			return nil, err
		}
		if err := checkDirection(a, c.Bool("connect")); err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// checkDirection refuses what can be dialled only, or not be heard when dialled.
func checkDirection(a address.Address, connect bool) error {
	switch {
	case a.Scheme == address.Exec && !connect:
		return toolkit.WithHint(toolkit.Errorf(toolkit.Usage, "%s: a command is not listened on", a), "--connect runs it and shows what it says")
	case a.Scheme == address.FIFO && connect:
		return toolkit.WithHint(toolkit.Errorf(toolkit.Usage, "%s: to connect to a FIFO is to write to it, and nothing comes back", a), "without --connect it is read")
	}
	return nil
}

// readListenTexts reads the options that have a grammar of their own.
func readListenTexts(c *cli.Context, o *listenOptions) (err error) {
	if o.filter, err = parseFilter(c.StringSlice("filter")); err != nil {
		return err
	}
	if o.until, err = toolkit.CommandGlobOf(c, "until"); err != nil {
		return err
	}
	if o.replies, err = readMessages(c, "reply"); err != nil {
		return err
	}
	if o.greet, err = readMessages(c, "send"); err != nil {
		return err
	}
	for _, text := range c.StringSlice("on") {
		t, err := parseTrigger(text)
		if err != nil {
			return err
		}
		o.on = append(o.on, t)
	}
	return nil
}

// readMessages reads the messages of an option.
func readMessages(c *cli.Context, name string) ([]*message.Message, error) {
	var all []*message.Message
	for _, text := range c.StringSlice(name) {
		m, err := message.Parse([]byte(text))
		if err == nil {
			err = m.Check()
		}
		if errors.Is(err, message.ErrEmpty) {
			return nil, toolkit.Errorf(toolkit.Usage, "option --%s: the message is empty", name)
		}
		if err != nil {
			return nil, fmt.Errorf("option --%s: %w", name, err)
		}
		all = append(all, m)
	}
	return all, nil
}
