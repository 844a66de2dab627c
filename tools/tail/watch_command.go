package tail

import (
	"math"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/tools/internal/ui"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// watchOptions are those of `ed watch`, read and checked.
type watchOptions struct {
	toolkit.Common
	targets []string
	watch   inspect.WatchOptions
	window  time.Duration
	wait    bool

	form     form
	stamps   string
	count    int // 0: no limit
	duration time.Duration
	summary  bool
	record   recordOptions
	full     bool // on a full screen, where messages are looked at, in place of lines
}

// Watch returns the command `ed watch`.
func Watch(env *toolkit.Env) *cli.Command {
	return env.Configure("watch", &cli.Command{
		Name:      "watch",
		Usage:     "show the messages that go through running services, live",
		ArgsUsage: "[TARGET ...]",
		Description: `ed watch cluckd
			ed watch --filter 'LOCK*,outcome=failed' --filter 'took>=100ms'
			ed watch 4711 --json -n 100 | jq -r .command
			ed watch cluckd --summary --duration 10s`,
		Flags: toolkit.Flags(watchFlags()...),
		Action: func(c *cli.Context) error {
			o, err := readWatchOptions(env, c)
			if err != nil {
				return err
			}
			return watch(c.Context, env, o)
		},
	}, "timestamps", "rate", "bytes")
}

func watchFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "filter", Aliases: []string{"f"}, Usage: "show what meets every `COND`,...; given again: or"},
		toolkit.DurationFlag("slower", nil, 0, "show only what took its handler `DUR` or longer"),
		toolkit.NumberFlag("sample", nil, 1, 1, math.MaxInt, "show one, by chance, of every `N` of it"),
		toolkit.NumberFlag("count", []string{"n"}, 0, 1, math.MaxInt, "end after `N` messages were shown"),
		toolkit.DurationFlag("duration", []string{"d"}, 0, "end after `DUR`"),
		&cli.BoolFlag{Name: "summary", Aliases: []string{"s"}, Usage: "show no messages, but at the end what each command came to"},
		toolkit.NumberFlag("bytes", []string{"b"}, maxWatchBytes, 0, 1<<20, "show `N` bytes of the values in a message; 0 hides them"),
		toolkit.NumberFlag("rate", nil, inspect.DefaultRate, 0, math.MaxInt, "at most `N` a second from each service; 0: no limit"),
		&cli.BoolFlag{Name: "no-pairs", Usage: "do not look for what answers what"},
		toolkit.DurationFlag("window", nil, 50*time.Millisecond, "keep back each message for `DUR`, to put them in order"),
		&cli.BoolFlag{Name: "plain", Usage: "print lines on a terminal, too, in place of the full screen"},
		&cli.BoolFlag{Name: "wait", Aliases: []string{"w"}, Usage: "wait for services that do not run yet"},
		&cli.StringFlag{Name: "record", Usage: "write what is shown to `FILE`, for ed replay"},
		&cli.BoolFlag{Name: "append", Usage: "add to the recording if it exists"},
		&cli.BoolFlag{Name: "force", Usage: "replace the recording if it exists"},
		toolkit.ChoiceFlag("timestamps", nil, "abs", []string{"abs", "delta", "none"}, "time before each line: `WHICH`"),
		toolkit.DurationFlag("timeout", nil, 0, "give up after `DUR` in all"),
	}
}

// maxWatchBytes is room for every message that fits a line.
const maxWatchBytes = 64 << 10

func readWatchOptions(env *toolkit.Env, c *cli.Context) (watchOptions, error) {
	o := watchOptions{
		Common: env.Common(c), targets: c.Args().Slice(),
		window: toolkit.DurationOf(c, "window"), wait: c.Bool("wait"),
		stamps: toolkit.StringOf(c, "timestamps"), count: toolkit.NumberOf(c, "count"), duration: toolkit.DurationOf(c, "duration"),
		summary: c.Bool("summary"),
		record:  recordOptions{path: c.String("record"), append: c.Bool("append"), force: c.Bool("force")},
	}
	if o.JSON {
		o.form = asJSON
	}
	o.watch = inspect.WatchOptions{
		Filter: c.StringSlice("filter"), Sample: uint64(toolkit.NumberOf(c, "sample")), Bytes: toolkit.NumberOf(c, "bytes"), Rate: toolkit.NumberOf(c, "rate"),
		NoPairs: c.Bool("no-pairs"),
	}
	wrong := func(format string, args ...any) error { return toolkit.Errorf(toolkit.Usage, format, args...) }
	switch {
	case slices.Contains(o.targets, ""):
		return o, wrong("a target is empty; without targets, all services are watched")
	case o.record.path == "" && (o.record.append || o.record.force):
		return o, wrong("--append and --force need --record")
	case o.record.append && o.record.force:
		return o, wrong("--append and --force exclude each other")
	}
	lines := c.Bool("plain") || o.JSON || o.summary || o.count > 0 || o.duration > 0 || o.Timeout > 0 || c.IsSet("timestamps")
	o.full = !lines && ui.Possible(env)
	if o.watch.Bytes == 0 {
		o.watch.Bytes = -1
	}
	if o.watch.Rate == 0 {
		o.watch.Rate = -1
	}
	if slower := toolkit.DurationOf(c, "slower"); slower > 0 {
		o.watch.Filter = addCondition(o.watch.Filter, "took>="+slower.String())
	}
	_, err := inspect.ParseFilter(o.watch.Filter...)
	return o, filterError(err)
}

// addCondition adds one that has to hold in each alternative.
func addCondition(filter []string, condition string) []string {
	if len(filter) == 0 {
		return []string{condition}
	}
	var all []string
	for _, f := range filter {
		all = append(all, f+","+condition)
	}
	return all
}
