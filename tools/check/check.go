package check

import (
	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// Command describes `ed check`.
func Command(env *toolkit.Env) *cli.Command {
	return &cli.Command{
		Name:  "check",
		Usage: "check messages, definitions, configuration and certificates",
		Description: `ed check message 'snaprfs/STOP'
			ed check definitions /usr/share/eventdispatcher/messages
			ed check config
			ed check certificate router.example:4043 --days 30`,
		Subcommands: []*cli.Command{messageCommand(env), definitionsCommand(env), configCommand(env), certificateCommand(env)},
	}
}

func messageCommand(env *toolkit.Env) *cli.Command {
	return env.Configure("check", &cli.Command{
		Name:      "message",
		Usage:     "say which lines are messages, and print their canonical form",
		ArgsUsage: "[MESSAGE … | -]",
		Description: `ed check message 'snaprfs/LOG_ROTATE reason="a; b"'
			ed check message < lines.txt               every line, as text or JSON
			ed check message --json < lines.txt        one object a line, or what is wrong`,
		Flags: toolkit.Flags(
			toolkit.DurationFlag("timeout", nil, 0, "give up after `DUR`; a bare number is seconds, 0 is never"),
		),
		Action: func(c *cli.Context) error {
			return checkMessages(c.Context, env, messageOptions{Common: env.Common(c), messages: c.Args().Slice()})
		},
	})
}

func definitionsCommand(env *toolkit.Env) *cli.Command {
	return env.Configure("check", &cli.Command{
		Name:      "definitions",
		Usage:     "find mistakes in message definition files",
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
	})
}

func configCommand(env *toolkit.Env) *cli.Command {
	return env.Configure("check", &cli.Command{
		Name:      "config",
		Usage:     "find mistakes in the files and environment of the tools",
		ArgsUsage: "[TOOL …]",
		Description: `ed check config                    all tools
			ed check config signal stop`,
		Flags: toolkit.Flags(),
		Action: func(c *cli.Context) error {
			return checkConfig(env, configOptions{Common: env.Common(c), tools: c.Args().Slice()})
		},
	})
}

// mostDays is a century: a Duration has room for three.
const mostDays = 36500

func certificateCommand(env *toolkit.Env) *cli.Command {
	return env.Configure("check", &cli.Command{
		Name:      "certificate",
		Usage:     "show certificates of servers or files, and their expiry",
		ArgsUsage: "HOST[:PORT]|FILE ...",
		Description: `ed check certificate example.org             port 443
			ed check certificate router.example:4043 --days 30 --tls-ca ca.pem
			ed check certificate /etc/eventdispatcher/*.pem -q --json | jq -c .left_ns`,
		Flags: toolkit.PeerFlags(
			toolkit.NumberFlag("days", []string{"l"}, 14, 0, mostDays, "fail if one expires within `N` days"),
		),
		Action: func(c *cli.Context) error {
			targets, err := toolkit.Operands(c, 1, -1, "a host or file")
			if err != nil {
				return err
			}
			o := certificateOptions{Common: env.Common(c), targets: targets, days: toolkit.NumberOf(c, "days"), tls: env.TLS()}
			return checkCertificates(c.Context, env, o)
		},
	})
}
