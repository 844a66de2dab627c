package router

import (
	"os"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/config"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// options are what the command line says.
type options struct {
	toolkit.Common
	given   []config.Given // settings
	files   []string       // in place of the standard files; nil: those
	check   bool
	print   bool
	origin  bool
	inherit func() []*os.File // sockets of systemd
	started func(*daemon)     // for tests; nil: nobody waits for it
}

// Command returns the command `ed router`.
func Command(env *toolkit.Env) *cli.Command {
	own := []cli.Flag{
		&cli.StringSliceFlag{Name: "config", Aliases: []string{"c"}, Usage: "read `FILE`, not /etc/ed/router.conf and ~/.config/ed/router.conf"},
		&cli.BoolFlag{Name: "check-config", Usage: "say what is wrong with the configuration, and end"},
		&cli.BoolFlag{Name: "print-config", Usage: "print every setting, and end"},
		&cli.BoolFlag{Name: "origin", Usage: "with where it comes from"},
		noTimeout(),
	}
	return env.Configure("router", &cli.Command{
		Name:  "router",
		Usage: "carry messages to services by name, here and on other hosts",
		Description: `ed router                                  # for the services of this host
			ed router --config /etc/communicator/communicatord.conf --check-config
			ed router --remote-listen 10.0.0.1 --my-address 10.0.0.1 --neighbors 10.0.0.2
			ed router --print-config --origin`,
		Flags: toolkit.Flags(append(own, flags()...)...),
		Action: func(c *cli.Context) error {
			if _, err := toolkit.Operands(c, 0, 0, ""); err != nil {
				return err
			}
			o := options{
				Common: env.Common(c), given: given(c), inherit: inheritedFiles,
				check: c.Bool("check-config"), print: c.Bool("print-config"), origin: c.Bool("origin"),
			}
			if files := c.StringSlice("config"); len(files) > 0 {
				o.files = files
			}
			if !c.IsSet("log-level") {
				o.given = append(o.given, o.logLevel()...)
			}
			return act(c, env, o)
		},
	})
}

// noTimeout takes the --timeout that all commands have, since ED_TIMEOUT may be there for them. act refuses it on the command line.
func noTimeout() cli.Flag {
	f := toolkit.DurationFlag("timeout", nil, 0, "")
	if f, ok := f.(*cli.GenericFlag); ok {
		f.Hidden = true
	}
	return f
}

// logLevel is what -q and -v say of it.
func (o *options) logLevel() []config.Given {
	switch {
	case o.Verbose > 0:
		return []config.Given{{Name: "log-level", Value: "debug"}}
	case o.Quiet:
		return []config.Given{{Name: "log-level", Value: "warning"}}
	}
	return nil
}

// act does what is asked for: check, print, or run.
func act(c *cli.Context, env *toolkit.Env, o options) error {
	switch {
	case o.check && o.print:
		return toolkit.Errorf(toolkit.Usage, "--check-config and --print-config exclude each other")
	case o.origin && !o.print:
		return toolkit.Errorf(toolkit.Usage, "--origin needs --print-config")
	case o.JSON && !o.check && !o.print:
		return toolkit.WithHint(toolkit.Errorf(toolkit.Usage, "--json is for --check-config and --print-config"), "--log-format json makes the log JSON")
	case env.Setting(c, "timeout").Origin.Kind == config.FromCommandLine: // ED_TIMEOUT is for all tools, and may be there
		return toolkit.WithHint(toolkit.Errorf(toolkit.Usage, "a router runs until it is ended: it has no --timeout"), "--stop-timeout bounds its end")
	case o.check:
		s, err := load(env, o.given, o.files)
		return checkConfig(env.Output(o.Common), s, err)
	case o.print:
		s, err := load(env, o.given, o.files)
		if err != nil {
			return err
		}
		return printConfig(env.Output(o.Common), s, o.origin)
	}
	return run(c.Context, env, o)
}
