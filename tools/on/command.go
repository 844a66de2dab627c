package on

import (
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// Command describes `ed on`.
func Command(env *toolkit.Env) *cli.Command {
	return &cli.Command{
		Name:  "on",
		Usage: "run a command or send a message when something happens",
		Description: `ed on file 'etc/**/*.conf' --send unix:/run/x.sock 'svc/RELOAD path={{.Path}}'
			ed on file 'src/**/*.go' --debounce 100ms --busy restart --now -- go run .
			ed on process cluckd --events end --run 'logger "cluckd: $ED_EVENT_EXIT"'
			ed on time 03:00 -- /usr/local/bin/backup
			ed on listening tcp://127.0.0.1:4040 --timeout 30s`,
		Subcommands: []*cli.Command{
			fileCommand(env), processCommand(env), signalCommand(env), timeCommand(env), listeningCommand(env),
		},
	}
}

// noTemplates refuses operands that were meant to be a part of something else.
func noTemplates(operands []string) error {
	for _, o := range operands {
		if strings.Contains(o, "{{") {
			err := toolkit.Errorf(toolkit.Usage, "unexpected operand %q", toolkit.Escape(o))
			return toolkit.WithHint(err, "a message with its parameters is one word: --send ADDR 'COMMAND NAME={{.Path}}'")
		}
	}
	return nil
}

// kind makes the command of one kind of event: read makes its source of the command line.
func kind(env *toolkit.Env, c *cli.Command, read func(*cli.Context) (source, error)) *cli.Command {
	c.Flags = flags(c.Flags...)
	c.ArgsUsage += " [-- COMMAND [ARG ...]]"
	c.Action = func(c *cli.Context) error {
		o, err := readOptions(env, c)
		if err != nil {
			return err
		}
		if err := noTemplates(c.Args().Slice()); err != nil {
			return err
		}
		s, err := read(c)
		if err != nil {
			return err
		}
		return watchFor(c.Context, env, o, s)
	}
	return env.Configure("on", c)
}
