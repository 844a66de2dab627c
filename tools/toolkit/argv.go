package toolkit

import (
	"cmp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// Invocation is a command line brought into the one order that cli understands.
type Invocation struct {
	Path    []string     // names of the commands from the root down: "signal", or "config", "show"
	Command *cli.Command // the last of them; nil when only the program was named
	Args    []string     // for cli.App.Run, without the program's name
	Help    bool         // --help stood somewhere: all but the command was ignored
	Version bool         // --version stood somewhere
	Verbose bool         // -v stood somewhere; for the main program, which prints more when a tool panics
}

// Normalise reads args (without the program's name) as people write them – options anywhere, clusters, "-x value", "-xvalue",
// "--name=value", '_' for '-', "--" – and returns the same line as "COMMAND --name=value … -- OPERAND …" with every
// alias under its primary name. Options keep their order, and so do operands. The error is of kind Usage.
//
// cli itself stops looking for options at the first operand and then ignores the rest without a word.
func Normalise(app *cli.App, args []string) (*Invocation, error) {
	inv := &Invocation{}
	rest := inv.descend(app, args)
	flags := reachable(app.Flags, app.Commands)
	if inv.Command != nil {
		flags = reachable(inv.Command.Flags, inv.Command.Subcommands)
	}
	line, err := parseArgs(flags, rest)
	if line.help || line.version {
		if len(line.operands) > 0 { // help for a command that there is not would read as if there were one
			if err := checkSubcommand(app, inv, line.operands); err != nil {
				return inv, err
			}
		}
		inv.Help, inv.Version = line.help, line.version
		return inv, nil
	}
	if err != nil {
		if len(line.operands) > 0 && line.operands[0] == rest[0] { // where that is no command, the option may be one of what was meant
			err = cmp.Or(checkSubcommand(app, inv, line.operands), err)
		}
		return inv, err
	}
	inv.Args = append(inv.Args, inv.Path...)
	for _, o := range line.options {
		inv.Verbose = inv.Verbose || o.name == "verbose"
		inv.Args = append(inv.Args, o.arg())
	}
	if len(line.operands) > 0 {
		inv.Args = append(append(inv.Args, "--"), line.operands...)
	}
	return inv, checkSubcommand(app, inv, line.operands)
}

// descend finds the command that args name and returns args without the names. Options may stand before and between them, so
// an option is looked up in every command that can still be meant.
func (inv *Invocation) descend(app *cli.App, args []string) (rest []string) {
	subs := app.Commands
	known := newFlagSet(reachable(app.Flags, subs))
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			return append(rest, args[i:]...)
		case isOption(arg):
			rest = append(rest, arg)
			for n := known.wantsNext(arg); n > 0 && i+1 < len(args); n-- {
				i++
				rest = append(rest, args[i])
			}
			continue
		case arg == "help" && inv.Command == nil:
			rest = append(rest, "--help")
			continue
		}
		next := findCommand(subs, arg)
		if next == nil {
			return append(rest, args[i:]...)
		}
		inv.Path = append(inv.Path, next.Name)
		inv.Command, subs = next, next.Subcommands
		if len(subs) == 0 {
			return append(rest, args[i+1:]...)
		}
		known = newFlagSet(reachable(next.Flags, subs))
	}
	return rest
}

// checkSubcommand reports an operand where a command's name was needed.
func checkSubcommand(app *cli.App, inv *Invocation, operands []string) error {
	subs, action := app.Commands, app.Action
	if inv.Command != nil {
		subs, action = inv.Command.Subcommands, inv.Command.Action
	}
	if len(subs) == 0 || action != nil {
		return nil
	}
	names := visibleNames(subs)
	if len(operands) == 0 {
		return Errorf(Usage, "a command is missing: %s", strings.Join(names, ", "))
	}
	return DidYouMean(Errorf(Usage, "unknown command %q", Escape(operands[0])), operands[0], names)
}

func reachable(own []cli.Flag, subs []*cli.Command) []cli.Flag {
	all := slices.Clone(own)
	for _, s := range subs {
		all = append(all, reachable(s.Flags, s.Subcommands)...)
	}
	return all
}

func findCommand(cmds []*cli.Command, name string) *cli.Command {
	for _, c := range cmds {
		if c.HasName(name) {
			return c
		}
	}
	return nil
}

func visibleNames(cmds []*cli.Command) []string {
	var names []string
	for _, c := range cmds {
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	return names
}

// isOption: "-" alone is an operand.
func isOption(arg string) bool { return len(arg) > 1 && arg[0] == '-' }
