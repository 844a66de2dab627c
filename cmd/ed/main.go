// Command ed is a box of operational tools for services that talk in one-line text messages.
//
// The work is in the packages under tools, one per command. Here is the wiring: the command that was called is
// found, its error becomes an exit code, and a signal that ended it ends the process.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/cmd/ed/internal/term"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

func main() {
	term.Restore()
	os.Exit(program(toolkit.NewEnv(), os.Args, catalogue()))
}

// program runs one command line and returns its exit code, unless a signal ends the process.
func program(env *toolkit.Env, argv []string, list []entry) int {
	ctx, catcher := catchSignals(context.Background())
	env.Claim = catcher.leave
	env.OnQuit = onQuit
	env.OutliveReader = func() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }
	app := newApp(env, called(env, argv, list))
	<-catcher.ready
	err := run(ctx, env, argv, app)
	if err == nil {
		return 0
	}
	catcher.release()
	report(env, err)
	if brokenPipe(err) {
		// Go takes no notice of a SIGPIPE but that of a write to a standard stream.
		signal.Reset(syscall.SIGPIPE)
		_ = env.Stdout.Printf("\n")
		err = &toolkit.Interrupted{Signal: syscall.SIGPIPE} // it is ignored: the exit code tells
	} else {
		dieIfInterrupted(err)
	}
	return exitCode(err)
}

// run finds the command that argv names and runs it. A panic in a command is an error of kind Internal.
func run(ctx context.Context, env *toolkit.Env, argv []string, app *cli.App) (err error) {
	args := dispatch(env, app, argv)
	inv, err := toolkit.Normalise(app, args)
	name(env, inv)
	switch {
	case len(args) == 0:
		_ = env.Stderr.Printf("%s", toolkit.RootHelp(env.Program, app, env.Stderr.Width))
		return toolkit.Silent(toolkit.Usage)
	case inv.Help && inv.Command == nil:
		return env.Stdout.Printf("%s", toolkit.RootHelp(env.Program, app, env.Stdout.Width))
	case inv.Help:
		return env.Stdout.Printf("%s", toolkit.HelpText(env.Program, inv.Command, env.Stdout.Width))
	case inv.Version:
		return printVersion(env, false)
	case inv.Command == nil && looksLikeEditor(argv, args):
		return toolkit.Errorf(toolkit.Usage, "this is the event toolbox; the editor is /bin/ed")
	case err != nil:
		return withExamples(err, inv)
	}
	if done, err := printFacts(env, inv); done {
		return err
	}
	defer func() {
		if p := recover(); p != nil {
			err = panicError(p, inv.Verbose)
		}
	}()
	err = app.RunContext(ctx, append([]string{app.Name}, inv.Args...))
	if err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = context.Cause(ctx) // a command may return either of the two
	}
	return withExamples(err, inv)
}

// panicError keeps the stack for those who ask with -v: for others it is one line.
func panicError(p any, verbose bool) error {
	err := toolkit.Errorf(toolkit.Internal, "internal error: %s", toolkit.Escape(fmt.Sprint(p)))
	if verbose {
		return toolkit.WithHint(err, "the stack was\n%s", strings.TrimSpace(string(debug.Stack())))
	}
	return toolkit.WithHint(err, "this is a bug; the same command with -v shows where")
}

// name makes messages begin with the command as the user called it.
func name(env *toolkit.Env, inv *toolkit.Invocation) {
	path := inv.Path
	if env.Compat && len(path) > 0 {
		path = path[1:] // the first one is in the program's name
	}
	env.Program = strings.Join(append([]string{env.Program}, path...), " ")
}

// dieIfInterrupted ends the process by the signal that interrupted it, as if it had never been caught, so that the
// caller sees the death that it caused. It returns where there was none.
func dieIfInterrupted(err error) {
	by, ok := errors.AsType[*toolkit.Interrupted](err)
	if !ok {
		return
	}
	s, ok := by.Signal.(syscall.Signal)
	if !ok {
		return
	}
	signal.Reset(s)
	if syscall.Kill(os.Getpid(), s) == nil {
		time.Sleep(time.Second) // another thread may take the signal; it takes all of us along
	}
}

// report prints err for the operator: one line, what to do about it, and for a wrong command line where to read on.
func report(env *toolkit.Env, err error) {
	if err == nil || toolkit.IsSilent(err) || toolkit.KindOf(err) == toolkit.Interrupt || brokenPipe(err) {
		return
	}
	var b strings.Builder
	for line := range strings.SplitSeq(toolkit.Told(err), "\n") {
		fmt.Fprintf(&b, "%s: %s\n", env.Program, shortened(toolkit.Escape(line)))
	}
	if with, ok := errors.AsType[*exampleError](err); ok {
		for _, line := range with.examples {
			fmt.Fprintf(&b, "  %s\n", strings.TrimSpace(line))
		}
	}
	if toolkit.KindOf(err) == toolkit.Usage {
		fmt.Fprintf(&b, "Try '%s --help'.\n", env.Program)
	}
	_ = env.Stderr.Printf("%s", b.String())
}

// mostShown is how many characters of a line of an error are printed.
const mostShown = 1000

// shortened takes out the middle of what is too long to be read: a value that an error quotes may be a file's worth, and what is said
// of it stands before and behind.
func shortened(line string) string {
	text := []rune(line)
	if len(text) <= mostShown {
		return line
	}
	return string(text[:mostShown/2]) + " … " + string(text[len(text)-mostShown/2:])
}

// brokenPipe reports whether the reader of our output has gone. Unless the command outlives that, SIGPIPE has ended us already.
func brokenPipe(err error) bool {
	_, ours := errors.AsType[*toolkit.OutputError](err)
	return ours && errors.Is(err, syscall.EPIPE)
}
