package toolkit

import (
	"errors"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// Prepare sets on app and on every command under it what cli needs to be told: no help commands, no splitting of values
// at commas, no printing and no exiting of its own; and that the environment and the configuration files fill in the
// options that a configured tool was given none for on the command line. What is no tool, as `ed explain`, works whatever is in
// those. It is called once, when all commands are in.
func Prepare(env *Env, app *cli.App) {
	app.HideHelp, app.HideHelpCommand, app.HideVersion = true, true, true // Normalise deals with these
	app.DisableSliceFlagSeparator = true
	app.Writer, app.ErrWriter = io.Discard, io.Discard
	app.ExitErrHandler = func(*cli.Context, error) {}
	app.OnUsageError = usageError
	for _, c := range app.Commands {
		prepareCommand(env, c)
	}
}

func prepareCommand(env *Env, c *cli.Command) {
	c.HideHelp, c.HideHelpCommand = true, true
	c.OnUsageError = usageError
	for i, f := range c.Flags {
		if list, ok := f.(*cli.StringSliceFlag); ok {
			c.Flags[i] = &listFlag{list}
		}
	}
	if c.Action != nil && c.Before == nil && env.toolOf(c) != nil {
		c.Before = env.applySettings
	}
	for _, s := range c.Subcommands {
		prepareCommand(env, s)
	}
}

// usageError puts the flag package's words into ours: `invalid value "x" for flag -rate: REASON`. The reasons are those of our
// own values, which name the value themselves.
func usageError(_ *cli.Context, err error, _ bool) error {
	text := err.Error()
	rest, ok := strings.CutPrefix(text, "invalid value ")
	if ok {
		_, rest, ok = strings.Cut(rest, " for flag -")
	} else if rest, ok = strings.CutPrefix(text, "invalid boolean value "); ok { // a value of ours that can stand alone
		_, rest, ok = strings.Cut(rest, " for -")
	}
	if name, reason, found := strings.Cut(rest, ": "); ok && found {
		return Errorf(Usage, "option --%s: %s", name, reason)
	}
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	return As(Usage, err)
}

// ErrMissingOperand is what the error of Operands is when there are too few; the main program then shows examples.
var ErrMissingOperand = errors.New("missing operand")

// missingOperand names what is missing.
type missingOperand string

func (e missingOperand) Error() string        { return string(e) + " is missing" }
func (e missingOperand) Is(target error) bool { return target == ErrMissingOperand }

// Operands checks how many operands the command got and returns them. most < 0 is any number. what names them for the error, as
// in "a message".
func Operands(c *cli.Context, least, most int, what string) ([]string, error) {
	args := c.Args().Slice()
	switch {
	case len(args) < least:
		return nil, As(Usage, missingOperand(what))
	case most >= 0 && len(args) > most:
		return nil, Errorf(Usage, "unexpected operand %q", Escape(args[most]))
	}
	return args, nil
}

// OneNumber refuses an operand that is several numbers in one word, as pidof and pgrep print them: nobody has such a name.
func OneNumber(word string) error {
	if strings.Trim(word, "0123456789, \t\n") == "" && strings.ContainsAny(strings.TrimSpace(word), ", \t\n") {
		return Errorf(Usage, "%s is several numbers in one word: each is an operand", Escape(word))
	}
	return nil
}
