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

// catalogue lists what ed can do, in the order of its help. A new tool adds its line here, and nothing anywhere else.
func catalogue() []entry {
	return []entry{
		// the tools, one line each
		{name: "signal", make: signal.Command},
		{name: "send", make: signal.SendCommand},
		{name: "request", make: signal.RequestCommand},
		{name: "listen", make: tail.Listen},
		{name: "replay", make: tail.Replay},
		{name: "watch", make: tail.Watch},
		{name: "top", make: top.Command},
		{name: "services", make: ask.Services},
		{name: "ping", make: ask.Ping},
		{name: "names", make: ask.Names},
		{name: "on", make: on.Command},
		{name: "stop", make: stop.Command},
		{name: "router", make: router.Command},
		{name: "check", make: check.Command, whole: true},
		{name: "bench", make: bench.Command},
		{name: "demo", make: demo.Command},

		// the frame
		{name: "config", make: configCommand},
		{name: "explain", make: explainCommand},
		{name: "completion", make: completionCommand, whole: true},
		{name: "man", make: manCommand},
		{name: "install-links", make: installLinksCommand, whole: true},
		{name: "version", make: versionCommand},
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
