package toolkit_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
)

// probe is a command that notes its settings.
type probe struct {
	host, kind, secret string
	timeout            time.Duration
	verbose, wait      int
	reply              bool
	origins            map[string]string
}

func (p *probe) command(env *toolkit.Env) *cli.Command {
	return env.Configure("signal", &cli.Command{
		Name: "signal",
		Flags: toolkit.Flags(
			&cli.StringFlag{Name: "host", Aliases: []string{"H"}, Value: "127.0.0.1:4041"},
			&cli.StringFlag{Name: "secret-code", Aliases: []string{"c"}},
			&cli.StringFlag{Name: "message", Aliases: []string{"m"}},
			toolkit.ChoiceFlag("type", []string{"t"}, "udp", []string{"tcp", "udp"}, ""),
			&cli.BoolFlag{Name: "reply", Aliases: []string{"r"}},
			toolkit.OptionalCountFlag("wait", nil, ""),
		),
		Action: func(c *cli.Context) error {
			common := env.Common(c)
			*p = probe{
				host: c.String("host"), kind: toolkit.StringOf(c, "type"), secret: c.String("secret-code"), timeout: common.Timeout,
				verbose: common.Verbose, wait: toolkit.CountOf(c, "wait"), reply: c.Bool("reply"), origins: map[string]string{},
			}
			for _, name := range []string{"host", "type", "timeout", "verbose", "reply", "secret-code"} {
				if s := env.Setting(c, name); s.IsSet() {
					p.origins[name] = s.Origin.String()
				}
			}
			return nil
		},
	}, "host", "secret-code", "type", "reply", "wait")
}

func TestSettingsPrecedence(t *testing.T) {
	tests := []struct {
		name   string
		vars   map[string]string
		args   []string
		file   string
		host   string
		origin string
	}{
		{"default", nil, nil, "", "127.0.0.1:4041", ""},
		{"file", nil, nil, "host=f", "f", "@/etc/eventdispatcher/ed-signal.conf:1"},
		{"legacy beats file", map[string]string{"ED_SIGNAL": "-H l -t tcp"}, nil, "host=f", "l", "environment ED_SIGNAL"},
		{"general variable beats legacy", map[string]string{"ED_SIGNAL": "-H l", "ED_HOST": "g"}, nil, "", "g", "environment ED_HOST"},
		{"tool's variable beats general", map[string]string{"ED_SIGNAL_HOST": "s", "ED_HOST": "g"}, nil, "", "s", "environment ED_SIGNAL_HOST"},
		{"command line beats all", map[string]string{"ED_SIGNAL_HOST": "s"}, []string{"-H", "c"}, "host=f", "c", "command line --host"},
		{"empty option is unset", map[string]string{"ED_HOST": "g"}, []string{"--host", ""}, "", "g", "environment ED_HOST"},
		{"empty variable is unset", map[string]string{"ED_HOST": ""}, nil, "host=f", "f", "@/etc/eventdispatcher/ed-signal.conf:1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := toolkittest.New(t)
			maps.Copy(w.Vars, test.vars)
			writeConf(t, w, test.file)
			var p probe
			require.NoError(t, w.Run(context.Background(), p.command, append([]string{"signal"}, test.args...)...))
			require.Equal(t, test.host, p.host)
			require.Equal(t, test.origin, replaceRoot(p.origins["host"], w.Root))
		})
	}
}

func TestEmptyHostFallsBackToTheDefault(t *testing.T) {
	w := toolkittest.New(t)
	var p probe
	require.NoError(t, w.Run(context.Background(), p.command, "signal", "--host", ""))
	require.Equal(t, "127.0.0.1:4041", p.host)
}

func TestSettingsOfEveryType(t *testing.T) {
	w := toolkittest.New(t)
	w.Vars["ED_SIGNAL"] = `--secret-code 'a "b' -rt tcp --wait=3`
	w.Vars["ED_TIMEOUT"] = "2"
	w.Vars["ED_VERBOSE"] = "2"
	var p probe
	require.NoError(t, w.Run(context.Background(), p.command, "signal"))
	require.Equal(t, "tcp", p.kind)
	require.Equal(t, `a "b`, p.secret)
	require.Equal(t, 2*time.Second, p.timeout)
	require.Equal(t, 2, p.verbose)
	require.Equal(t, 3, p.wait)
	require.True(t, p.reply)
	require.Equal(t, "environment ED_TIMEOUT", p.origins["timeout"])
}

func TestBadSettings(t *testing.T) {
	tests := []struct {
		name string
		vars map[string]string
		file string
		want string
	}{
		{"bad choice", map[string]string{"ED_TYPE": "sctp"}, "", `environment ED_TYPE: option type: "sctp" is none of tcp, udp`},
		{"bad duration", map[string]string{"ED_SIGNAL_TIMEOUT": "x"}, "", `environment ED_SIGNAL_TIMEOUT: option timeout: "x" is not a duration (like 10, 1.5s, 2m)`},
		{"bad bool", map[string]string{"ED_REPLY": "maybe"}, "", `environment ED_REPLY: option reply: "maybe" is neither true nor false`},
		{"unknown key", nil, "hots=x", `@/etc/eventdispatcher/ed-signal.conf:1: there is no key "hots", did you mean "host"?`},
		{"key of the command line", nil, "message=STOP", `@/etc/eventdispatcher/ed-signal.conf:1: only the command line can give "message"`},
		{"legacy: unknown option", map[string]string{"ED_SIGNAL": "--nosuch"}, "", "ED_SIGNAL: unknown option --nosuch"},
		{"legacy: open quote", map[string]string{"ED_SIGNAL": "--host 'x"}, "", "ED_SIGNAL: byte 7: the single quote is never closed"},
		{"legacy: secret in it", map[string]string{"ED_SIGNAL": `-c hush "`}, "", "ED_SIGNAL: byte 8: the double quote is never closed"},
		{"legacy: operand", map[string]string{"ED_SIGNAL": "STOP"}, "", `ED_SIGNAL: "STOP" is no option`},
		{"legacy: message", map[string]string{"ED_SIGNAL": "-m STOP"}, "", "ED_SIGNAL: option --message belongs on the command line"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := toolkittest.New(t)
			maps.Copy(w.Vars, test.vars)
			writeConf(t, w, test.file)
			var p probe
			err := w.Run(context.Background(), p.command, "signal")
			require.Error(t, err)
			require.Equal(t, test.want, replaceRoot(err.Error(), w.Root))
			require.Equal(t, toolkit.Config, toolkit.KindOf(err))
		})
	}
}

func TestToolSettingsShowEverything(t *testing.T) {
	w := toolkittest.New(t)
	w.Vars["ED_HOST"] = "x"
	var p probe
	p.command(w.Env)
	require.Equal(t, []string{"signal"}, w.Tools())
	c, err := w.Configured("signal")
	require.NoError(t, err)
	got := map[string]string{}
	for _, s := range c.Settings {
		got[s.Name] = s.Value + " " + s.Origin.String()
		require.Equal(t, s.Name == "secret-code", s.Secret)
	}
	require.Equal(t, map[string]string{
		"host": "x environment ED_HOST", "secret-code": " default", "type": "udp default", "reply": "false default", "wait": "0 default",
		"quiet": "false default", "verbose": "false default", "timeout": "10s default", "color": "auto default",
	}, got)
}

func writeConf(t *testing.T, w *toolkittest.World, text string) {
	if text == "" {
		return
	}
	dir := filepath.Join(w.Root, "etc/eventdispatcher")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ed-signal.conf"), []byte(text+"\n"), 0o644))
}

func replaceRoot(s, root string) string {
	for i := 0; i+len(root) <= len(s); i++ {
		if s[i:i+len(root)] == root {
			return s[:i] + "@" + s[i+len(root):]
		}
	}
	return s
}
