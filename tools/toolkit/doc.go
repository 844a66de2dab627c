// Package toolkit is what the commands of ed are built with: the world handed in, the command line, settings, errors with a kind,
// output, addresses, messages and a session with a peer.
//
// # Use
//
// A command is a package with one function, named in cmd/ed/app.go, and three parts: the description, options, work.
//
//	func Command(env *toolkit.Env) *cli.Command {
//		return env.Configure("ping", &cli.Command{
//			Name:        "ping",
//			Usage:       "ask a service whether it is alive",                 // one line, lower case
//			ArgsUsage:   "SERVICE",                                           // or UsageText, for more than one form
//			Description: "ed ping snaprfs\ned ping --host 10.0.0.1 snaprfs",  // the examples, one a line
//			Flags: toolkit.Flags( // adds --json -q -v --timeout --color
//				&cli.StringFlag{Name: "host", Aliases: []string{"H"}, Value: "127.0.0.1:4041", Usage: "send to `ADDR`"},
//			),
//			Action: func(c *cli.Context) error {
//				args, err := toolkit.Operands(c, 1, 1, "the service")
//				if err != nil {
//					return err
//				}
//				where, err := env.Address(c.String("host"), address.Defaults{Scheme: address.UDP, Port: 4041})
//				if err != nil {
//					return err
//				}
//				return run(c.Context, env, options{Common: env.Common(c), service: args[0], where: where})
//			},
//		}, "host") // options that the environment and ed.conf(5) may set, too
//	}
//
//	func run(ctx context.Context, env *toolkit.Env, o options) error // only works: no cli in it, so tests call it directly
//
// What the author of a command need not do, because it is done for every command:
//
//   - The command line is normalised: options stand anywhere, in clusters, with '_' for '-'; aliases become the primary name,
//     which is the flag's Name and always a long one. Names must not be "help", "version", "h" or "V". -v is verbose everywhere.
//   - Unknown options, missing values and values that a flag refuses end the program with a line on standard error and 64.
//   - c.String and the like give the value from the command line, ED_PING_HOST, ED_HOST, the files, or the default; an empty value
//     counts as unset. env.Setting tells which. Options of cli's kind "Required" and "EnvVars" and "Destination" of lists are not used.
//   - Lists (cli.StringSliceFlag) are not split at commas.
//   - Help is printed from the description; the name of a value stands in backquotes in Usage. FILE and DIR are completed as such.
//   - A panic ends in 70.
//
// Flags of our own: DurationFlag (bare number = seconds; read with DurationOf), NumberFlag (with its range; NumberOf), ChoiceFlag (one of
// a few words; StringOf), TextFlag (with a check; StringOf), OptionalCountFlag (--wait[=N]; CountOf), PairFlag (--send ADDR MESSAGE;
// PairsOf), RestFlag (the words after "--"; RestOf). Env.Compat is true when called as ed-ping; options that only the C++ program of
// that name has are added then, with Hidden set.
//
// Output goes through env.Output(common): Line and JSONLine for data, Say for what happened (-q silences it), Detail for -v, Warn,
// Progress (terminal only; Done before returning). What a peer sent goes through Output.Received. A command that prints messages in
// JSON uses AppendMessage and AppendBroken; one that reads messages uses MessageReader, which takes all of that back.
//
// # Threads
//
// An Env and an Output belong to one goroutine. A Session may be used from any. The context of a command ends when a
// signal comes; context.Cause is then an *Interrupted, which the command returns when it gives up.
//
// # Errors
//
// Errorf, As and WithHint make errors with a kind; KindOf finds the kind of any error, also of those from transport, message, address
// and os. Commands never choose exit codes: cmd/ed/exit.go has the one table. An error is one line without the program's name,
// lower case; a hint says what to do. Silent sets the exit code when the command has said it all.
//
// # Limits
//
// A line of input has at most MaxInputLine bytes. Every wait has the bound of --timeout, 10 s if not given.
//
// # Tests
//
// Package toolkittest has an Env with buffers, a fake Session and a way to run one command through the real command line.
// Scripts in tests/script run the whole program.
package toolkit
