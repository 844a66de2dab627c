package check

import (
	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// Command describes `ed check`.
func Command(env *toolkit.Env) *cli.Command {
	return &cli.Command{
		Name:  "check",
		Usage: "look for mistakes in messages, definitions and configuration",
		Description: `ed check message 'snaprfs/STOP'
			ed check definitions /usr/share/eventdispatcher/messages
			ed check config`,
		Subcommands: []*cli.Command{messageCommand(env), definitionsCommand(env), configCommand(env)},
	}
}

func messageCommand(env *toolkit.Env) *cli.Command {
	return &cli.Command{
		Name:      "message",
		Usage:     "say whether lines are messages, and print them in canonical form",
		ArgsUsage: "[MESSAGE …]",
		Description: `ed check message 'snaprfs/LOG_ROTATE reason="a; b"'
			ed check message < lines.txt               every line, as text or JSON
			ed check message --json < lines.txt        one object a line: what is in it, or what is wrong`,
		Flags: toolkit.Flags(
			toolkit.DurationFlag("timeout", nil, 0, "give up after `DUR`; a bare number is seconds, 0 is never"),
		),
		Action: func(c *cli.Context) error {
			return checkMessages(c.Context, env, messageOptions{Common: env.Common(c), messages: c.Args().Slice()})
		},
	}
}

func definitionsCommand(env *toolkit.Env) *cli.Command {
	return &cli.Command{
		Name:      "definitions",
		Usage:     "look for mistakes in message definition files",
		ArgsUsage: "DIR|FILE …",
		Description: `ed check definitions messages/
			ed check definitions -v messages/STOP.conf  and show what it says`,
		Flags: toolkit.Flags(),
		Action: func(c *cli.Context) error {
			paths, err := toolkit.Operands(c, 1, -1, "a directory or file")
			if err != nil {
				return err
			}
			return checkDefinitions(env, definitionOptions{Common: env.Common(c), paths: paths})
		},
	}
}

func configCommand(env *toolkit.Env) *cli.Command {
	return &cli.Command{
		Name:      "config",
		Usage:     "look for mistakes in what configures the tools: files and environment",
		ArgsUsage: "[TOOL …]",
		Description: `ed check config                    all tools
			ed check config signal stop`,
		Flags: toolkit.Flags(),
		Action: func(c *cli.Context) error {
			return checkConfig(env, configOptions{Common: env.Common(c), tools: c.Args().Slice(), commands: rootCommands(c)})
		},
	}
}

// rootCommands returns the commands of the whole program.
func rootCommands(c *cli.Context) []*cli.Command {
	var commands []*cli.Command
	for _, context := range c.Lineage() {
		if context.App != nil {
			commands = context.App.Commands
		}
	}
	return commands
}
