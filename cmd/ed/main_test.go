package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/cmd/ed/internal/term"
	"github.com/ed-toolbox/ed/core/proc/proctest"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

// asProgram makes the test binary be ed, with a few commands more for tests.
const asProgram = "ED_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	transporttest.Prepare()
	term.Restore() // as main does
	if os.Getenv(asProgram) != "" {
		os.Exit(program(toolkit.NewEnv(), os.Args, testCatalogue()))
	}
	proctest.HeedSignals()
	os.Exit(m.Run())
}

// testCatalogue are the real ones and some that behave badly.
func testCatalogue() []entry {
	action := func(name string, f func(env *toolkit.Env, c *cli.Context) error) entry {
		return entry{name: name, make: func(env *toolkit.Env) *cli.Command {
			run := func(c *cli.Context) error { return f(env, c) }
			return &cli.Command{Name: name, Usage: "for tests", Hidden: true, Flags: toolkit.Flags(), Action: run}
		}}
	}
	return append(catalogue(),
		action("test-panic", func(*toolkit.Env, *cli.Context) error { panic("something\nis wrong") }),
		action("test-wait", func(env *toolkit.Env, c *cli.Context) error {
			_ = env.Stdout.Printf("waiting\n")
			<-c.Done()
			return c.Err()
		}),
		action("test-stubborn", func(env *toolkit.Env, _ *cli.Context) error {
			_ = env.Stdout.Printf("waiting\n")
			select {}
		}),
		action("test-orderly", func(env *toolkit.Env, c *cli.Context) error {
			_ = env.Stdout.Printf("waiting\n")
			<-c.Done()
			<-time.After(doubled / 2) // an end takes its time
			_ = env.Stderr.Printf("in good order\n")
			return c.Err()
		}),
		action("test-flood", func(env *toolkit.Env, _ *cli.Context) error {
			for {
				if err := env.Output(toolkit.Common{}).Line("%s", strings.Repeat("x", 4096)); err != nil {
					return err
				}
			}
		}),
		action("test-outlive", func(env *toolkit.Env, _ *cli.Context) error {
			env.OutliveReader()
			for {
				if err := env.Stdout.Printf("waiting\n"); err != nil {
					return err
				}
			}
		}),
		action("test-hint", func(*toolkit.Env, *cli.Context) error {
			return toolkit.WithHint(toolkit.Errorf(toolkit.Unavailable, "no service \"\x1b[31m\"\nnone"), "start it")
		}),
	)
}

// programAs is ed called by that name.
func programAs(t testing.TB, name string, args ...string) *exec.Cmd {
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe, args...)
	cmd.Args[0] = name
	// The race detector otherwise waits for a second at the end of a program.
	cmd.Env = append(os.Environ(), asProgram+"=1", "HOME="+t.TempDir(), "XDG_CONFIG_HOME=", "GORACE=atexit_sleep_ms=0")
	return cmd
}

// result is what a run left behind.
type result struct {
	code     int
	signal   syscall.Signal
	out, err string
}

func runAs(t testing.TB, name string, args ...string) result {
	cmd := programAs(t, name, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	return finish(t, cmd.Run(), &out, &errs)
}

func finish(t testing.TB, err error, out, errs *bytes.Buffer) result {
	r := result{out: out.String(), err: errs.String()}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		status, ok := exit.Sys().(syscall.WaitStatus)
		require.True(t, ok)
		if status.Signaled() {
			r.signal = status.Signal()
		}
		r.code = exit.ExitCode()
		return r
	}
	require.NoError(t, err)
	return r
}

func TestUsageErrorsAreOneLineAndATry(t *testing.T) {
	tests := []struct {
		name, as, args string
		want           string
	}{
		{"unknown command", "ed", "explian", "ed: unknown command \"explian\"; did you mean explain?\nTry 'ed --help'.\n"},
		{"unknown option", "/usr/bin/ed", "explain --jsno 69", "ed explain: unknown option --jsno; did you mean --json?\nTry 'ed explain --help'.\n"},
		{"link", "/x/ed-explain", "--jsno 69", "ed-explain: unknown option --jsno; did you mean --json?\nTry 'ed-explain --help'.\n"},
		{"link to a command with commands", "ed-config", "shwo", "ed-config: unknown command \"shwo\"; did you mean show?\nTry 'ed-config --help'.\n"},
		{"missing operand", "ed", "completion -q", "ed completion: the shell (bash, zsh, fish) is missing\n  source <(ed completion bash)\n" +
			"  ed completion fish > ~/.config/fish/completions/ed.fish\nTry 'ed completion --help'.\n"},
		{"operand too many", "ed", "version x", "ed version: unexpected operand \"x\"\nTry 'ed version --help'.\n"},
		{"editor", "ed", "-s file", "ed: this is the event toolbox; the editor is /bin/ed\nTry 'ed --help'.\n"},
		{"editor with prompt", "ed", "-p *", "ed: this is the event toolbox; the editor is /bin/ed\nTry 'ed --help'.\n"},
		{"editor with file", "ed", "main.go", "ed: this is the event toolbox; the editor is /bin/ed\nTry 'ed --help'.\n"},
		{"another name", "edctl", "main.go", "edctl: unknown command \"main.go\"\nTry 'edctl --help'.\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := runAs(t, test.as, strings.Fields(test.args)...)
			require.Equal(t, result{code: 64, err: test.want}, got)
		})
	}
}

func TestCalledWithNothing(t *testing.T) {
	got := runAs(t, "ed")
	require.Equal(t, 64, got.code)
	require.Empty(t, got.out)
	require.Contains(t, got.err, "Examples:")
	require.LessOrEqual(t, strings.Count(got.err, "\n"), 40)
}

func TestHelpGoesToStandardOutput(t *testing.T) {
	for _, line := range []string{"--help", "-h", "help", "explain -h", "explain 69 --help --nosuch", "help config show"} {
		got := runAs(t, "ed", strings.Fields(line)...)
		require.Equal(t, 0, got.code, line)
		require.Empty(t, got.err, line)
		require.Contains(t, got.out, "Examples:", line)
	}
}

// TestHelpIsShort: help of our own commands fits a small screen.
func TestHelpIsShort(t *testing.T) {
	for _, c := range []string{"config show", "explain", "completion", "install-links", "version"} {
		got := runAs(t, "ed", append(strings.Fields(c), "--help")...)
		require.LessOrEqual(t, strings.Count(got.out, "\n"), 24, got.out)
	}
}

func TestPanicIsOneLine(t *testing.T) {
	got := runAs(t, "ed", "test-panic")
	require.Equal(t, result{code: 70, err: "ed test-panic: internal error: something\\x0Ais wrong; this is a bug; the same command with -v shows where\n"}, got)
	got = runAs(t, "ed", "test-panic", "-v")
	require.Equal(t, 70, got.code)
	require.Contains(t, got.err, "main_test.go")
}

func TestErrorsShowNoControlBytes(t *testing.T) {
	got := runAs(t, "ed", "test-hint")
	require.Equal(t, result{code: 69, err: "ed test-hint: no service \"\\x1B[31m\"\ned test-hint: none; start it\n"}, got)
}

// TestErrorsAreShort: the end of an error says what is wrong with a value, which may be a file's worth of the wrong words.
func TestErrorsAreShort(t *testing.T) {
	for value, want := range map[string]string{strings.Repeat("x", 100_000): "xxx", strings.Repeat("\x80ü ", 20_000): `\x80ü \x80ü `} {
		got := runAs(t, "ed", "version", "--timeout", value)
		require.Equal(t, 64, got.code)
		require.Less(t, len(got.err), 3*mostShown)
		require.True(t, strings.HasPrefix(got.err, `ed version: option --timeout: "`+want), got.err)
		require.Contains(t, got.err, `" is not a duration (like 10, 1.5s, 2m)`+"\nTry ")
	}
}

func TestDeathBySignal(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		cmd, wait := startWaiting(t, "test-wait")
		require.NoError(t, cmd.Process.Signal(s))
		got := wait()
		require.Equal(t, s, got.signal)
		require.Empty(t, got.err)
	}
}

// TestSignalTwice: the two signals of timeout(1), and of others that tell a program and its group, are one.
func TestSignalTwice(t *testing.T) {
	var got result
	for range 3 { // a busy machine can put more time between them than two that are one have
		cmd, wait := startWaiting(t, "test-orderly")
		require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
		_ = cmd.Process.Signal(syscall.SIGINT) // it may have ended by now
		if got = wait(); got.err != "" {
			break
		}
	}
	require.Equal(t, syscall.SIGINT, got.signal)
	require.Equal(t, "in good order\n", got.err)
}

// TestSecondSignal: a command that does not listen to the first one ends by the second.
func TestSecondSignal(t *testing.T) {
	cmd, wait := startWaiting(t, "test-stubborn")
	ended := make(chan result, 1)
	go func() { ended <- wait() }()
	// Not more often: a storm of signals can hit the runtime while it dies of one, and then it dies of SIGSEGV instead.
	often := time.NewTicker(10 * time.Millisecond)
	defer often.Stop()
	for {
		_ = cmd.Process.Signal(syscall.SIGTERM) // the process may be gone: that is what we wait for
		select {
		case got := <-ended:
			require.Equal(t, syscall.SIGTERM, got.signal)
			return
		case <-often.C:
		}
	}
}

// startWaiting starts a command that prints a line once it runs.
func startWaiting(t *testing.T, command string) (*exec.Cmd, func() result) {
	cmd := programAs(t, "ed", command)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = io.ReadFull(out, make([]byte, len("waiting\n")))
	require.NoError(t, err)
	return cmd, func() result { return finish(t, cmd.Wait(), &bytes.Buffer{}, &errs) }
}

// TestReaderGoesAway: head(1) closing its end is no error to talk about, whether SIGPIPE ends us or is ignored.
func TestReaderGoesAway(t *testing.T) {
	for _, script := range []string{`"$0" test-flood | head -c 1 >/dev/null`, `trap "" PIPE; "$0" test-flood | head -c 1 >/dev/null`} {
		exe, err := os.Executable()
		require.NoError(t, err)
		cmd := exec.Command("sh", "-c", script, exe)
		cmd.Env = append(os.Environ(), asProgram+"=1")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err)
		require.Empty(t, string(out))
	}
}

// TestDiesOfItsReader: a command that removes its files first still dies by SIGPIPE, and does not only exit with its number.
func TestDiesOfItsReader(t *testing.T) {
	cmd := programAs(t, "ed", "test-outlive")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	require.NoError(t, out.Close())
	r := finish(t, cmd.Wait(), &bytes.Buffer{}, &errs)
	require.Equal(t, syscall.SIGPIPE, r.signal, "exit code %d", r.code)
	require.Empty(t, r.err)
}

func TestCompatFacts(t *testing.T) {
	app := func(env *toolkit.Env) []*cli.Command {
		return []*cli.Command{env.Configure("signal", &cli.Command{
			Name: "signal", Usage: "x", Description: "x",
			Flags: toolkit.Flags(
				&cli.StringFlag{Name: "host", Value: "h"},
				&cli.BoolFlag{Name: "console", Aliases: []string{"C"}, Usage: "its own"},
				&cli.StringFlag{Name: "secret-code"},
			),
			Action: func(c *cli.Context) error {
				return env.Output(env.Common(c)).Line("ran %t %v", c.Bool("console"), c.Args().Slice())
			},
		}, "host", "secret-code")}
	}
	tests := []struct{ args, want string }{
		{"STOP --no-log --log_file /x --log-severity=debug", "ran false [STOP]\n"},
		{"-C STOP", "ran true [STOP]\n"},
		{"--license", "Apache License, version 2.0\n"},
		{"-L STOP", "Apache License, version 2.0\n"},
		{"--environment-variable-name", "ED_SIGNAL\n"},
		{"--filenames-of-option-definitions", ""},
		{"--print-option host", "h\n"},
		{"--print-option secret_code", "********\n"},
		{"-- --license", "ran false [--license]\n"},
	}
	for _, test := range tests {
		w := toolkittest.New(t)
		w.Vars["ED_SECRET_CODE"] = "x"
		err := run(context.Background(), w.Env, append([]string{"ed-signal"}, strings.Fields(test.args)...), newApp(w.Env, app(w.Env)))
		require.NoError(t, err, test.args)
		require.Equal(t, test.want, w.Out.String(), test.args)
	}
	for _, option := range []string{"-?", "--long-help", "--command-help", "--option_help", "--show-system-help", "-S"} {
		w := toolkittest.New(t)
		require.NoError(t, run(context.Background(), w.Env, []string{"ed-signal", option}, newApp(w.Env, app(w.Env))), option)
		require.Contains(t, w.Out.String(), "Options:", option)
	}
	w := toolkittest.New(t)
	err := run(context.Background(), w.Env, []string{"ed-signal", "--show-option-sources"}, newApp(w.Env, app(w.Env)))
	require.NoError(t, err)
	require.Contains(t, w.Out.String(), "host=h [default]\n")

	w = toolkittest.New(t)
	err = run(context.Background(), w.Env, []string{"ed", "signal", "--no-log", "STOP"}, newApp(w.Env, app(w.Env)))
	require.Equal(t, toolkit.Usage, toolkit.KindOf(err)) // in the ed-* form only
}
