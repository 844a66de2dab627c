package tail

import (
	"math"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// replayOptions are those of `ed replay`, read and checked.
type replayOptions struct {
	toolkit.Common
	path   string // "-": standard input
	target address.Address
	dryRun bool

	speed     float64 // 0: without pauses
	maxGap    time.Duration
	direction string // "in", "out" or "all"
	filter    filter
	count     int // 0: all
	loops     int // 0: for ever
	keepGoing bool

	maxDatagram int
	maxLine     int
	group       toolkit.Group
}

// Replay returns the command `ed replay`.
func Replay(env *toolkit.Env) *cli.Command {
	return env.Configure("replay", &cli.Command{
		Name:      "replay",
		Usage:     "send the messages of a recording, with the pauses between",
		ArgsUsage: "FILE ADDR",
		Description: `ed replay day.jsonl tcp://127.0.0.1:4040
			ed replay day.jsonl --speed 10x --max-gap 1s unix:/run/x.sock
			ed replay day.jsonl --filter 'LOCK*' --dry-run --speed max`,
		Flags: toolkit.PeerFlags(append(toolkit.GroupFlags(),
			&cli.StringFlag{Name: "speed", Aliases: []string{"s"}, Value: "1x", Usage: "`SPEED`: 2x, 0.5x, or max for no pauses"},
			toolkit.DurationFlag("max-gap", nil, 0, "cut pauses to `DUR`, before --speed"),
			toolkit.ChoiceFlag("direction", nil, "in", []string{"in", "out", "all"}, "what the recorder received, sent, or both: `WHICH`"),
			&cli.StringSliceFlag{Name: "filter", Aliases: []string{"f"}, Usage: "play what meets every `COND`,..., as ed listen"},
			toolkit.NumberFlag("count", []string{"n"}, 0, 1, math.MaxInt, "end after `N` messages"),
			toolkit.NumberFlag("loop", nil, 1, 0, math.MaxInt, "play it `N` times; 0: until interrupted"),
			&cli.BoolFlag{Name: "keep-going", Aliases: []string{"k"}, Usage: "pass over bad lines; the exit code still is 65"},
			&cli.BoolFlag{Name: "dry-run", Usage: "print what would be sent, when it would be sent"},
			toolkit.TypeFlag(),
			toolkit.NumberFlag("max-datagram", nil, 1024, 1, toolkit.MaxDatagram, "send UDP datagrams up to `BYTES`"),
			toolkit.NumberFlag("max-line", nil, toolkit.MaxLine, 1, math.MaxInt, "send lines over streams up to `BYTES`"),
			toolkit.DurationFlag("timeout", nil, 0, "end after `DUR` in all"),
		)...),
		Action: func(c *cli.Context) error {
			o, err := readReplayOptions(env, c)
			if err != nil {
				return err
			}
			return replay(c.Context, env, o)
		},
	}, "max-datagram", "max-line")
}

func readReplayOptions(env *toolkit.Env, c *cli.Context) (replayOptions, error) {
	o := replayOptions{
		Common: env.Common(c), dryRun: c.Bool("dry-run"),
		maxGap: toolkit.DurationOf(c, "max-gap"), direction: toolkit.StringOf(c, "direction"),
		count: toolkit.NumberOf(c, "count"), loops: toolkit.NumberOf(c, "loop"), keepGoing: c.Bool("keep-going"), maxDatagram: toolkit.NumberOf(c, "max-datagram"),
		maxLine: toolkit.NumberOf(c, "max-line"), group: toolkit.GroupOf(c),
	}
	wrong := func(format string, args ...any) (replayOptions, error) {
		return o, toolkit.Errorf(toolkit.Usage, format, args...)
	}
	var err error
	if o.speed, err = parseSpeed(c.String("speed")); err != nil {
		return wrong("option --speed: %w", err)
	}
	if o.filter, err = parseFilter(c.StringSlice("filter")); err != nil {
		return o, err
	}
	operands, err := toolkit.Operands(c, 1, 2, "the recording")
	if err != nil {
		return o, err
	}
	o.path = operands[0]
	switch {
	case o.path == "-" && o.loops != 1:
		return wrong("--loop needs a file: standard input can be read once")
	case len(operands) == 1 && !o.dryRun:
		return o, toolkit.WithHint(toolkit.Errorf(toolkit.Usage, "the address to send to is missing"), "--dry-run prints the messages instead")
	case len(operands) == 1:
		return o, nil
	}
	o.target, err = env.Address(operands[1], toolkit.TypeDefaults(c))
	return o, err
}
