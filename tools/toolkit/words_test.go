package toolkit_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
)

// watched is what the command of watch saw.
type watched struct {
	operands, command []string
	sends             []toolkit.Pair
	count             int
}

// watch runs a command line whose words are separated by "|": "on" with a subcommand "file".
func watch(t *testing.T, line string) (got watched, inv *toolkit.Invocation, err error) {
	t.Helper()
	file := &cli.Command{
		Name: "file",
		Flags: toolkit.Flags(
			toolkit.PairFlag("send", "send `ADDR MESSAGE`"),
			&cli.IntFlag{Name: "count", Aliases: []string{"n"}},
			toolkit.RestFlag("command"),
		),
		Action: func(c *cli.Context) error {
			got = watched{c.Args().Slice(), toolkit.RestOf(c, "command"), toolkit.PairsOf(c, "send"), c.Int("count")}
			return nil
		},
	}
	app := &cli.App{Name: "ed", Commands: []*cli.Command{{Name: "on", Subcommands: []*cli.Command{file}}}}
	toolkit.Prepare(toolkittest.New(t).Env, app)
	inv, err = toolkit.Normalise(app, strings.Split(line, "|"))
	if err == nil && !inv.Help {
		err = app.Run(append([]string{"ed"}, inv.Args...))
	}
	return got, inv, err
}

func TestNearestPrefersLettersInAnotherOrder(t *testing.T) {
	require.Equal(t, "--host", toolkit.Nearest("--hots", []string{"--hops", "--host", "--hot"}))
	require.Equal(t, "--hops", toolkit.Nearest("--hosp", []string{"--host", "--hops"}))
	require.Equal(t, "", toolkit.Nearest("--x", []string{"--host"}))
}

func TestTwoWordsAndTheRest(t *testing.T) {
	tests := []struct {
		name, line string
		want       watched
	}{
		{"pair", "on|file|a|--send|unix:x|RELOAD path=1|b", watched{operands: []string{"a", "b"}, sends: []toolkit.Pair{{First: "unix:x", Second: "RELOAD path=1"}}}},
		{"pair before the command", "--send|file|on|on|file|a", watched{operands: []string{"a"}, sends: []toolkit.Pair{{First: "file", Second: "on"}}}},
		{"first word joined", "on|file|--send=unix:x|--help|a", watched{operands: []string{"a"}, sends: []toolkit.Pair{{First: "unix:x", Second: "--help"}}}},
		{"several", "on|file|--send|a|b|--send|c|d", watched{sends: []toolkit.Pair{{First: "a", Second: "b"}, {First: "c", Second: "d"}}}},
		{"commas and empty words", "on|file|--send||x,y", watched{sends: []toolkit.Pair{{Second: "x,y"}}}},
		{"rest", "on|file|a|-n|3|--|make|-n|--|--help|", watched{operands: []string{"a"}, command: []string{"make", "-n", "--", "--help", ""}, count: 3}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, _, err := watch(t, test.line)
			require.NoError(t, err)
			if len(got.operands) == 0 {
				got.operands = nil
			}
			require.Equal(t, test.want, got)
		})
	}
	for line, want := range map[string]string{
		"on|file|--send":                "option --send needs a value",
		"on|file|--send|a":              "option --send needs two values: ADDR MESSAGE",
		"on|file|--send=a":              "option --send needs two values: ADDR MESSAGE",
		"on|file|a|--":                  "the command after -- is missing",
		"on|file|a|--command=x":         "unknown option --command",
		"on|file|a|--send|x|y|--nosuch": "unknown option --nosuch",
	} {
		_, _, err := watch(t, line)
		require.EqualError(t, err, want, line)
		require.Equal(t, toolkit.Usage, toolkit.KindOf(err), line)
	}
}
