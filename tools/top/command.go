package top

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/tools/internal/ui"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// options are what the command line comes to.
type options struct {
	toolkit.Common
	targets  []string
	view     view
	table    string // the one of the view; "" all
	interval time.Duration
	exact    bool // somebody chose the interval
	count    int  // of outputs; 0: any number
	rows     int  // of each output; 0: all
	sort     string
	reverse  bool
	filter   string
	form     form
	screen   bool // the full one
	instead  bool // of it one look, as it is not possible
	look     *ui.Look
}

// timeout bounds each question to a process.
func (o *options) timeout() time.Duration {
	if o.Timeout > 0 {
		return o.Timeout
	}
	return time.Minute
}

// order is how a table is sorted at first.
func (o *options) order(table string) order {
	first := firstOrder(table)
	switch {
	case o.sort != "":
		first.column, first.reverse = o.sort, o.reverse
	case o.reverse:
		first.reverse = !first.reverse
	}
	first.filter = o.filter
	return first
}

// tables are those to print.
func (o *options) tables(s snapshot) []string {
	if o.table != "" {
		return []string{o.table}
	}
	return tablesOf(o.view, s)
}

// Command is `ed top`.
func Command(env *toolkit.Env) *cli.Command {
	names := viewNames()
	return env.Configure("top", &cli.Command{
		Name:      "top",
		Usage:     "look into running services: connections, messages, timers",
		ArgsUsage: "[TARGET ...]",
		Description: `ed top                                   all services that you may look into
			ed top echo 4711                         the service echo, and a process
			ed top --once                            one look, as text
			ed top -n 60 --view commands --json      a minute of it for a script
			ed top --once --view connections --csv > connections.csv`,
		Flags: toolkit.Flags(
			toolkit.ChoiceFlag("view", nil, names[0], names, "begin with, or print, `VIEW`"),
			toolkit.WordsFlag("table", nil, "", knownTables(), "print `TABLE`, any that the service has, in place of a view"),
			toolkit.DurationFlag("interval", []string{"i", "d"}, time.Second, "look again every `DUR`"),
			&cli.BoolFlag{Name: "once", Aliases: []string{"1"}, Usage: "print one look and end"},
			toolkit.NumberFlag("count", []string{"n"}, 0, 1, math.MaxInt, "print `N` looks and end"),
			toolkit.NumberFlag("rows", nil, 0, 0, math.MaxInt, "print at most `N` rows of each table; 0: all"),
			&cli.BoolFlag{Name: "csv", Usage: "print comma-separated values"},
			toolkit.WordsFlag("sort", []string{"s"}, "", knownColumns(), "sort by `COLUMN`; with '-' before it, the largest first"),
			&cli.BoolFlag{Name: "reverse", Aliases: []string{"r"}, Usage: "sort the other way round"},
			&cli.StringFlag{Name: "filter", Aliases: []string{"f"}, Usage: "only rows with all `WORDS` in them; !WORD: without it"},
		),
		Action: func(c *cli.Context) error {
			o, err := parse(env, c)
			if err != nil {
				return err
			}
			return run(c.Context, env, o)
		},
	})
}

func viewNames() []string {
	var names []string
	for _, v := range views() {
		names = append(names, v.name)
	}
	return names
}

func parse(env *toolkit.Env, c *cli.Context) (options, error) {
	o := options{
		Common: env.Common(c), targets: c.Args().Slice(), table: toolkit.StringOf(c, "table"), interval: toolkit.DurationOf(c, "interval"), exact: c.IsSet("interval"),
		count: toolkit.NumberOf(c, "count"), rows: toolkit.NumberOf(c, "rows"), reverse: c.Bool("reverse"), filter: c.String("filter"),
		look: ui.NewLook(env.Stdout, env.Getenv),
	}
	o.view = views()[slices.Index(viewNames(), toolkit.StringOf(c, "view"))]
	if column, down := strings.CutPrefix(toolkit.StringOf(c, "sort"), "-"); column != "" {
		o.sort, o.reverse = column, down != o.reverse
	}
	switch {
	case slices.Contains(o.targets, ""):
		return o, toolkit.Errorf(toolkit.Usage, "a target is empty; without targets, all services are shown")
	case o.JSON && c.Bool("csv"):
		return o, toolkit.Errorf(toolkit.Usage, "--json and --csv exclude each other")
	case c.Bool("once") && o.count > 1:
		return o, toolkit.Errorf(toolkit.Usage, "--once and -n %d exclude each other", o.count)
	case o.interval < 100*time.Millisecond:
		return o, toolkit.Errorf(toolkit.Usage, "option --interval: less than 100ms is too much for those who are looked at")
	}
	switch {
	case o.JSON:
		o.form = asJSON
	case c.Bool("csv"):
		o.form = asCSV
	}
	if c.Bool("once") {
		o.count = 1
	}
	asked := o.count > 0 || o.form != asText || o.table != ""
	o.screen = !asked && ui.Possible(env)
	if !asked && !o.screen {
		o.count, o.instead = 1, true
	}
	if o.view.name == messagesView && !o.screen {
		err := toolkit.Errorf(toolkit.Usage, "the view %s needs a terminal", messagesView)
		return o, toolkit.WithHint(err, "ed watch prints messages, as text or with --json")
	}
	return o, nil
}

func run(ctx context.Context, env *toolkit.Env, o options) error {
	if o.screen {
		return screen(ctx, env, o)
	}
	if o.instead && env.Stdout.TTY {
		why := "TERM is " + cmp.Or(toolkit.Escape(env.Getenv("TERM")), "not set")
		if !env.Stdin.TTY {
			why = "standard input is none"
		}
		env.Output(o.Common).Say("this terminal shows no full screen (%s): one look", why)
	}
	return plain(ctx, env, o)
}
