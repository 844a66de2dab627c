package check_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/tools/check"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
)

// runConfig runs `ed check config` in a program that has two more tools.
func runConfig(t *testing.T, w *toolkittest.World, args ...string) error {
	t.Helper()
	tool := func(name string) *cli.Command {
		return w.Configure(name, &cli.Command{
			Name: name, Action: func(*cli.Context) error { return nil },
			Flags: toolkit.Flags(
				&cli.StringFlag{Name: "host", Value: "127.0.0.1"},
				&cli.IntFlag{Name: "count"},
				&cli.BoolFlag{Name: "strict"},
			),
		}, "host", "count", "strict")
	}
	app := &cli.App{Name: "ed", Commands: []*cli.Command{tool("ping"), tool("pong"), check.Command(w.Env)}}
	toolkit.Prepare(w.Env, app)
	inv, err := toolkit.Normalise(app, append([]string{"check", "config"}, args...))
	require.NoError(t, err)
	return app.RunContext(context.Background(), append([]string{"ed"}, inv.Args...))
}

func configure(t *testing.T, w *toolkittest.World, name, text string) {
	t.Helper()
	path := filepath.Join(w.Root, "etc/eventdispatcher", name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

func TestConfigGood(t *testing.T) {
	w := toolkittest.New(t)
	configure(t, w, "ed-ping.conf", "host = 10.0.0.1\ntimeout = 1m\nverbose = 2\nstrict = yes\n")
	require.NoError(t, runConfig(t, w))
	require.Empty(t, w.Out.String())
	require.Contains(t, w.Err.String(), "ping: ok, 4 of 7 settings set\n")
	require.Contains(t, w.Err.String(), "pong: ok, 0 of 7 settings set\n")
}

func TestConfigBad(t *testing.T) {
	w := toolkittest.New(t)
	configure(t, w, "ed-ping.conf", "hots = 10.0.0.1\n# x\nbroken line = 3\n")
	configure(t, w, "ed-pong.conf", "timeout = soon\ncount = x\ncolor = blue\nstrict = perhaps\n")
	err := runConfig(t, w)
	require.Equal(t, toolkit.Config, toolkit.KindOf(err))
	require.True(t, toolkit.IsSilent(err))
	for _, want := range []string{
		"ed-ping.conf:", "ed-pong.conf:1: option timeout: ", "ed-pong.conf:2: option count: \"x\" is not a number",
		"ed-pong.conf:3: option color: ", "ed-pong.conf:4: option strict: \"perhaps\" is neither true nor false",
	} {
		require.Contains(t, w.Out.String(), want)
	}
	require.NotRegexp(t, "p[io]ng: ok", w.Err.String())
}

func TestConfigEnvironment(t *testing.T) {
	w := toolkittest.New(t)
	w.Vars["ED_PONG_COUNT"] = "many"
	err := runConfig(t, w, "--json")
	require.Equal(t, toolkit.Config, toolkit.KindOf(err))
	require.Contains(t, w.Out.String(), `{"v":1,"ok":true,"tool":"ping","known":7,"set":0}`)
	require.Contains(t, w.Out.String(), `"ok":false,"tool":"pong","known":7,"set":1,"errors":["environment ED_PONG_COUNT: option count: \"many\" is not a number"]`)
}

// TestConfigStrayVariables: a variable that is called as a setting and is none would be passed over in silence.
func TestConfigStrayVariables(t *testing.T) {
	w := toolkittest.New(t)
	for _, name := range []string{"ED_PING_HOTS", "ED_PING_JSON", "ED_PONG_STRICT", "ED_OTHER_THING", "ED_HOTS"} {
		w.Vars[name] = "1"
	}
	w.Vars["ED_PONG_NOTHING"] = "" // empty is unset
	err := runConfig(t, w)
	require.Equal(t, toolkit.Config, toolkit.KindOf(err))
	require.Equal(t, `environment ED_PING_HOTS: ping has no setting "hots", did you mean ED_PING_HOST?
environment ED_PING_JSON: ping has no setting "json"; only the command line can give it
`, w.Out.String())
	require.Contains(t, w.Err.String(), "pong: ok, 1 of 7")
}

func TestConfigTools(t *testing.T) {
	w := toolkittest.New(t)
	configure(t, w, "ed-ping.conf", "hots = 10.0.0.1\n")
	require.NoError(t, runConfig(t, w, "pong"))

	err := runConfig(t, toolkittest.New(t), "pin")
	require.Equal(t, toolkit.Usage, toolkit.KindOf(err))
	require.Contains(t, toolkit.HintOf(err), "ping")
}
