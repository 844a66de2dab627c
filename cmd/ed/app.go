package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/tools/ask"
	"github.com/ed-toolbox/ed/tools/bench"
	"github.com/ed-toolbox/ed/tools/check"
	"github.com/ed-toolbox/ed/tools/demo"
	"github.com/ed-toolbox/ed/tools/on"
	"github.com/ed-toolbox/ed/tools/router"
	"github.com/ed-toolbox/ed/tools/signal"
	"github.com/ed-toolbox/ed/tools/stop"
	"github.com/ed-toolbox/ed/tools/tail"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/top"
)

// commands lists what ed can do, in the order of its help. A new tool adds its line here, and nothing anywhere else.
func commands(env *toolkit.Env) []*cli.Command {
	return []*cli.Command{
		// the tools, one line each
		signal.Command(env),
		signal.SendCommand(env),
		signal.RequestCommand(env),
		tail.Listen(env),
		tail.Replay(env),
		tail.Watch(env),
		top.Command(env),
		ask.Services(env),
		ask.Ping(env),
		on.Command(env),
		stop.Command(env),
		router.Command(env),
		check.Command(env),
		bench.Command(env),
		demo.Command(env),

		// the frame
		configCommand(env),
		explainCommand(env),
		completionCommand(env),
		manCommand(env),
		installLinksCommand(env),
		versionCommand(env),
	}
}

// newApp makes the tree of commands. It is made once for each run: cli keeps what it parsed in the flags.
func newApp(env *toolkit.Env, commands []*cli.Command) *cli.App {
	app := &cli.App{
		Name:  "ed",
		Usage: "tools for services that talk in one-line text messages",
		Description: `ed signal snaprfs/LOG_ROTATE        tell a service to open its log files anew
			ed listen tcp://127.0.0.1:4040      show what others send to this address
			ed demo                             see it all work, on this machine alone`,
		Commands: commands,
	}
	toolkit.Prepare(env, app)
	return app
}

// dispatch reads the program's name: called through a link named ed-COMMAND, that command is meant, in the form that is compatible
// with the C++ program of this name. It returns the arguments with the command put in front.
func dispatch(env *toolkit.Env, app *cli.App, argv []string) []string {
	program := "ed"
	if len(argv) > 0 {
		program, argv = filepath.Base(argv[0]), argv[1:]
	}
	env.Program = program
	command, ok := strings.CutPrefix(program, "ed-")
	cmd := app.Command(command)
	if !ok || cmd == nil {
		return argv
	}
	env.Compat = true
	addCompatFlags(cmd)
	return append([]string{command}, argv...)
}

// looksLikeEditor recognises the arguments of ed(1), the editor: -s, -p, or a file to edit.
func looksLikeEditor(argv, args []string) bool {
	if len(argv) == 0 || filepath.Base(argv[0]) != "ed" || len(args) == 0 {
		return false
	}
	switch args[0] {
	case "-s", "-p", "-", "-E", "-r", "-l":
		return true
	}
	if strings.HasPrefix(args[0], "-") {
		return false
	}
	_, err := os.Stat(args[0])
	return err == nil
}

// exampleError is a usage error that is best answered by showing how it is done.
type exampleError struct {
	error
	examples []string
}

func (e *exampleError) Unwrap() error { return e.error }

// withExamples adds the first examples of the command's help to an error about a missing operand.
func withExamples(err error, inv *toolkit.Invocation) error {
	if !errors.Is(err, toolkit.ErrMissingOperand) || inv.Command == nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(inv.Command.Description), "\n")
	return &exampleError{err, lines[:min(2, len(lines))]}
}
