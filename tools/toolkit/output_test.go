package toolkit_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport"
)

func TestColor(t *testing.T) {
	tests := []struct {
		name string
		tty  bool
		mode toolkit.ColorMode
		vars map[string]string
		want bool
	}{
		{"pipe", false, toolkit.ColorAuto, nil, false},
		{"terminal", true, toolkit.ColorAuto, nil, true},
		{"terminal, never", true, toolkit.ColorNever, map[string]string{"CLICOLOR_FORCE": "1"}, false},
		{"pipe, always", false, toolkit.ColorAlways, map[string]string{"NO_COLOR": "1"}, true},
		{"NO_COLOR", true, toolkit.ColorAuto, map[string]string{"NO_COLOR": "1"}, false},
		{"NO_COLOR empty", true, toolkit.ColorAuto, map[string]string{"NO_COLOR": ""}, true},
		{"forced", false, toolkit.ColorAuto, map[string]string{"CLICOLOR_FORCE": "1"}, true},
		{"forced by 0", false, toolkit.ColorAuto, map[string]string{"CLICOLOR_FORCE": "0"}, false},
		{"NO_COLOR beats force", false, toolkit.ColorAuto, map[string]string{"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, false},
		{"dumb", true, toolkit.ColorAuto, map[string]string{"TERM": "dumb"}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := toolkittest.New(t)
			maps.Copy(w.Vars, test.vars)
			w.Stdout.TTY = test.tty
			require.Equal(t, test.want, w.Color(w.Stdout, test.mode))
		})
	}
	require.Equal(t, "x", toolkit.Palette(false).Red("x"))
	require.Equal(t, "\x1b[31mx\x1b[0m", toolkit.Palette(true).Red("x"))
}

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"plain é 漢\tx":       "plain é 漢\tx",
		"\x1b]0;evil\x07":    `\x1B]0;evil\x07`,
		"a\xff\u009b31m\x7f": `a\xFF\u{009B}31m\x7F`,
		"a\u202eb\u2028":     `a\u{202E}b\u{2028}`,
		"a\nb\r":             `a\x0Ab\x0D`,
	} {
		require.Equal(t, want, toolkit.Escape(in))
	}
}

func TestOutput(t *testing.T) {
	w := toolkittest.New(t)
	out := w.Output(toolkit.Common{Verbose: 1})
	require.NoError(t, out.Line("%d", 1))
	require.NoError(t, out.JSONLine(map[string]string{"a": "<\u009b>"}))
	out.Say("said")
	out.Detail(1, "more")
	out.Detail(2, "too much")
	out.Warn("careful")
	out.Progress("never in a pipe")
	require.Equal(t, "1\n{\"a\":\"<\u009b>\"}\n", w.Out.String())
	require.Equal(t, "said\nmore\ned: warning: careful\n", w.Err.String())
	require.Equal(t, "\x1b", out.Received("\x1b"))

	w = toolkittest.New(t)
	w.Terminal(10)
	out = w.Output(toolkit.Common{Quiet: true, Color: toolkit.ColorNever})
	require.NoError(t, out.JSONLine("\u009b"))
	require.Equal(t, "\"\\u009b\"\n", w.Out.String())
	require.Equal(t, `\x1B`, out.Received("\x1b"))
	out.Say("said")
	out.Detail(1, "more")
	out.Progress("quiet")
	out.Warn("careful")
	require.Equal(t, "ed: warning: careful\n", w.Err.String())
}

func TestProgress(t *testing.T) {
	w := toolkittest.New(t)
	w.Terminal(10)
	now := time.Unix(0, 0)
	w.Env.Now = func() time.Time { return now }
	out := w.Output(toolkit.Common{Color: toolkit.ColorNever})
	out.Progress("0123456789abc")
	out.Progress("too soon")
	now = now.Add(time.Second)
	out.Progress("b\x1b")
	out.Say("said")
	out.Done()
	require.Equal(t, "\r\x1b[K012345678\r\x1b[Kb\\x1B\r\x1b[Ksaid\n", w.Err.String())
}

func TestKindOf(t *testing.T) {
	dial := func(op string, err error) error {
		return fmt.Errorf("try: %w", &transport.OpError{Op: op, Err: os.NewSyscallError(op, err)})
	}
	_, syntax := message.Parse([]byte("a*b"))
	_, addr := address.Parse("", address.Defaults{})
	_, missing := os.Open("/nonexistent/x")
	tests := []struct {
		name string
		err  error
		want toolkit.Kind
	}{
		{"plain", errors.New("x"), toolkit.Other},
		{"own", fmt.Errorf("x: %w", toolkit.Errorf(toolkit.Threshold, "y")), toolkit.Threshold},
		{"own over cause", toolkit.As(toolkit.CantCreate, missing), toolkit.CantCreate},
		{"hint keeps the kind", toolkit.WithHint(missing, "look"), toolkit.NoInput},
		{"refused", dial("connect", syscall.ECONNREFUSED), toolkit.Unavailable},
		{"no socket file", dial("connect", syscall.ENOENT), toolkit.Unavailable},
		{"no permission", dial("connect", syscall.EACCES), toolkit.Permission},
		{"look up", dial("look up", errors.New("no such host")), toolkit.NoHost},
		{"connect timed out", &transport.OpError{Op: "connect", Err: transport.ErrTimeout}, toolkit.Timeout},
		{"deadline", context.DeadlineExceeded, toolkit.Timeout},
		{"closed", transport.ErrClosed, toolkit.Unavailable},
		{"unsupported", &transport.OpError{Op: "connect", Err: transport.ErrUnsupported}, toolkit.Usage},
		{"full", transport.ErrFull, toolkit.Temporary},
		{"too big", &transport.OpError{Op: "send", Err: transport.ErrTooBig}, toolkit.Data},
		{"message", syntax, toolkit.Data},
		{"address", addr, toolkit.Usage},
		{"missing file", missing, toolkit.NoInput},
		{"file exists", &fs.PathError{Op: "open", Err: fs.ErrExist}, toolkit.CantCreate},
		{"disk full", &fs.PathError{Op: "write", Err: syscall.ENOSPC}, toolkit.IO},
		{"output", &toolkit.OutputError{Err: syscall.EPIPE}, toolkit.IO},
		{"signal", fmt.Errorf("x: %w", &toolkit.Interrupted{Signal: os.Interrupt}), toolkit.Interrupt},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { require.Equal(t, test.want, toolkit.KindOf(test.err)) })
	}
	require.True(t, toolkit.IsSilent(fmt.Errorf("x: %w", toolkit.Silent(toolkit.Data))))
	require.False(t, toolkit.IsSilent(errors.New("x")))
	require.Equal(t, "look", toolkit.HintOf(toolkit.As(toolkit.Data, toolkit.WithHint(missing, "look"))))
	require.NoError(t, toolkit.As(toolkit.Data, nil))
}

func TestDurations(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"10": 10 * time.Second, "0.5": 500 * time.Millisecond, "0": 0, "1m30s": 90 * time.Second, "2d": 48 * time.Hour, "250ms": 250 * time.Millisecond,
	} {
		got, err := toolkit.ParseDuration(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got, in)
	}
	for _, in := range []string{"", "x", "-1", "-1s", "1e300", "NaNd", "0x10", "1_0", "s", "d", "99999999999d"} {
		_, err := toolkit.ParseDuration(in)
		require.Error(t, err, in)
	}
}

func TestServerName(t *testing.T) {
	w := toolkittest.New(t)
	for host, want := range map[string]string{
		"my-host.example.org": "my_hostexampleorg", "plain": "plain", "": "localhost", "...": "localhost", "hôst": "localhost",
	} {
		w.Env.HostName = func() (string, error) { return host, nil }
		require.Equal(t, want, w.ServerName(), host)
	}
	w.Env.HostName = func() (string, error) { return "x", errors.New("none") }
	require.Equal(t, "localhost", w.ServerName())
}

func TestAddress(t *testing.T) {
	w := toolkittest.New(t)
	conf := w.Root + "/some.conf"
	require.NoError(t, os.WriteFile(conf, []byte("host=10.0.0.1\nbad=1:2:3:4\n"), 0o644))
	d := address.Defaults{Scheme: address.UDP, Port: 4041}
	for text, want := range map[string]string{
		":5": "udp://127.0.0.1:5", "": "udp://127.0.0.1:4041", conf + "@host": "udp://10.0.0.1:4041", "tcp://[::1]:2": "tcp://[::1]:2", "unix:@x": "unix:@x",
	} {
		a, err := w.Address(text, d)
		require.NoError(t, err, text)
		require.Equal(t, want, a.String(), text)
	}
	for text, want := range map[string]toolkit.Kind{
		"1.2.3.4:99999": toolkit.Usage, "/none@host": toolkit.NoInput, conf + "@nosuch": toolkit.Config, conf + "@bad": toolkit.Config,
	} {
		_, err := w.Address(text, d)
		require.Equal(t, want, toolkit.KindOf(err), err)
	}
	for _, half := range []string{"some.conf@", "@host"} {
		_, err := w.Address(half, d)
		require.ErrorContains(t, err, "a reference is written FILE@VARIABLE", half)
	}
	a, err := w.Address("@host", address.Defaults{Scheme: address.Unix})
	require.NoError(t, err)
	require.Equal(t, "unix:@host", a.String())
}

func TestHelp(t *testing.T) {
	text := toolkit.HelpText("ed signal", &cli.Command{
		Name: "signal", Usage: "send one message", ArgsUsage: "COMMAND", Description: "ed signal STOP\n ed signal -r X",
		Flags: toolkit.Flags(
			&cli.StringFlag{Name: "host", Aliases: []string{"H"}, Value: "127.0.0.1:4041", Usage: "send to `ADDR`"},
			toolkit.ChoiceFlag("type", []string{"t"}, "udp", []string{"tcp", "udp"}, "send by `PROTOCOL`"),
			toolkit.OptionalCountFlag("wait", nil, "wait for `N` replies"),
			&cli.BoolFlag{Name: "old", Hidden: true},
		),
	}, 80)
	require.Equal(t, strings.TrimLeft(`
ed signal - send one message

  ed signal [OPTIONS] COMMAND

Examples:
  ed signal STOP
  ed signal -r X

Options:
  -H, --host ADDR         send to ADDR (127.0.0.1:4041)
  -t, --type PROTOCOL     send by PROTOCOL: tcp, udp (udp)
      --wait[=N]          wait for N replies
  everywhere: --json  -q  -v  --timeout DUR  --color WHEN  -h  -V
`, "\n"), text)
}
