package toolkit_test

import (
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
)

// seen is what a command found on its line.
type seen struct {
	host, kind string
	params     []string
	reply      bool
	wait       int
	verbose    int
	operands   []string
}

// newTree makes a small tree of commands; the command "signal" notes what it saw in *s.
func newTree(env *toolkit.Env, s *seen) *cli.App {
	signal := &cli.Command{
		Name: "signal",
		Flags: toolkit.Flags(
			&cli.StringFlag{Name: "host", Aliases: []string{"H"}},
			toolkit.ChoiceFlag("type", []string{"t"}, "udp", []string{"tcp", "udp"}, ""),
			&cli.StringSliceFlag{Name: "param", Aliases: []string{"p"}},
			&cli.StringFlag{Name: "secret-code", Aliases: []string{"c"}},
			&cli.BoolFlag{Name: "reply", Aliases: []string{"r"}},
			toolkit.OptionalCountFlag("wait", []string{"w"}, ""),
			&cli.IntFlag{Name: "count", Aliases: []string{"n"}},
		),
		Action: func(c *cli.Context) error {
			*s = seen{
				host: c.String("host"), kind: toolkit.StringOf(c, "type"), params: c.StringSlice("param"), reply: c.Bool("reply"),
				wait: toolkit.CountOf(c, "wait"), verbose: env.Common(c).Verbose, operands: c.Args().Slice(),
			}
			return nil
		},
	}
	show := &cli.Command{Name: "show", Flags: toolkit.Flags(&cli.BoolFlag{Name: "names", Aliases: []string{"n"}}), Action: func(c *cli.Context) error {
		s.operands = c.Args().Slice()
		return nil
	}}
	app := &cli.App{Name: "ed", Commands: []*cli.Command{signal, {Name: "config", Subcommands: []*cli.Command{show}}}}
	toolkit.Prepare(env, app)
	return app
}

// see runs a command line.
func see(t testing.TB, args ...string) (seen, *toolkit.Invocation, error) {
	var s seen
	w := toolkittest.New(t)
	app := newTree(w.Env, &s)
	inv, err := toolkit.Normalise(app, args)
	if err == nil && !inv.Help && !inv.Version {
		err = app.Run(append([]string{"ed"}, inv.Args...))
	}
	return s, inv, err
}

func TestNormalise(t *testing.T) {
	tests := []struct {
		name string
		args string // words, separated by "|"
		want string // normalised
	}{
		{"operand first", "signal|STOP|--host|X", "signal|--host=X|--|STOP"},
		{"alias", "signal|-H|X|STOP", "signal|--host=X|--|STOP"},
		{"two forms", "signal|--param|a=1|-p|b=2", "signal|--param=a=1|--param=b=2"},
		{"value joined", "signal|-HX", "signal|--host=X"},
		{"value with equal sign", "signal|-H=X|--host=Y=Z", "signal|--host=X|--host=Y=Z"},
		{"cluster", "signal|-rvv", "signal|--reply|--verbose|--verbose"},
		{"cluster with value", "signal|-rHX", "signal|--reply|--host=X"},
		{"cluster with value in the next word", "signal|-rH|X", "signal|--reply|--host=X"},
		{"value that looks like an option", "signal|-p|--x|-H|-1", "signal|--param=--x|--host=-1"},
		{"dashes end options", "signal|-r|--|--host|-x", "signal|--reply|--|--host|-x"},
		{"dash is an operand", "signal|-|-r", "signal|--reply|--|-"},
		{"underscore", "signal|--secret_code|x", "signal|--secret-code=x"},
		{"underscore in the value stays", "signal|--secret_code=a_b", "signal|--secret-code=a_b"},
		{"optional value left out", "signal|--wait|STOP", "signal|--wait|--|STOP"},
		{"optional value given", "signal|--wait=3|STOP|-w=2", "signal|--wait=3|--wait=2|--|STOP"},
		{"empty value", "signal|--host=|--host|", "signal|--host=|--host="},
		{"option before the command", "-H|X|signal|STOP", "signal|--host=X|--|STOP"},
		{"shared option before the command", "--timeout|5|-q|signal", "signal|--timeout=5|--quiet"},
		{"option between the commands", "config|-q|show|x", "config|show|--quiet|--|x"},
		{"option that has a value elsewhere", "config|show|-n|x", "config|show|--names|--|x"},
		{"the same between the commands", "config|-n|show|x", "config|show|--names|--|x"},
		{"operand called like a command", "signal|config|show", "signal|--|config|show"},
		{"operand called help", "signal|help|h", "signal|--|help|h"},
		{"bool with value", "signal|--reply=false|-r=true", "signal|--reply=false|--reply=true"},
		{"words for truth", "signal|--reply=no|-r=On", "signal|--reply=false|--reply=true"},
		{"number with a zero before it", "signal|-n|010|--count=08", "signal|--count=10|--count=8"},
		{"comma", "signal|-p|list=A,B,C", "signal|--param=list=A,B,C"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, inv, err := see(t, strings.Split(test.args, "|")...)
			require.NoError(t, err)
			require.Equal(t, test.want, strings.Join(inv.Args, "|"))
		})
	}
}

func TestListsKeepTheirBytes(t *testing.T) {
	want := []string{"a=\xff\xfe", `b={"x"}`, "c=1,2", ""}
	for _, option := range []string{"-p", "--param"} {
		line := []string{"signal"}
		for _, v := range want {
			line = append(line, option, v)
		}
		s, _, err := see(t, line...)
		require.NoError(t, err)
		require.Equal(t, want, s.params)
	}
}

func TestVerbosity(t *testing.T) {
	for line, want := range map[string]int{"": 0, "-v": 1, "-vv": 2, "-v --verbose": 2, "--verbose=no": 0, "-v=false": 0, "--verbose=yes -v": 2} {
		s, _, err := see(t, append([]string{"signal"}, strings.Fields(line)...)...)
		require.NoError(t, err, line)
		require.Equal(t, want, s.verbose, line)
	}
}

func TestNormaliseFindsHelpAnywhere(t *testing.T) {
	for _, line := range []string{"--help", "help", "help help", "--nosuch -h"} {
		_, inv, err := see(t, strings.Fields(line)...)
		require.NoError(t, err)
		require.True(t, inv.Help, line)
		require.Nil(t, inv.Command)
	}
	for _, line := range []string{"signal --help", "signal STOP -h", "-h signal", "signal -rh X", "help signal", "signal --nosuch -h", "signal -H x --help -p"} {
		_, inv, err := see(t, strings.Fields(line)...)
		require.NoError(t, err, line)
		require.True(t, inv.Help, line)
		require.Equal(t, "signal", inv.Command.Name)
	}
	for _, line := range []string{"signal -- --help", "signal -H --help", "signal -H -h"} {
		_, inv, err := see(t, strings.Fields(line)...)
		require.NoError(t, err, line)
		require.False(t, inv.Help, line)
	}
	_, inv, err := see(t, "signal", "-V")
	require.NoError(t, err)
	require.True(t, inv.Version)
}

func TestNormaliseHasNoHelpForAnUnknownCommand(t *testing.T) {
	for line, want := range map[string]string{
		"help sinal":             `unknown command "sinal"; did you mean signal?`,
		"sinal --help":           `unknown command "sinal"; did you mean signal?`,
		"sinal --hots=x -h":      `unknown command "sinal"; did you mean signal?`,
		"--help nosuch":          `unknown command "nosuch"`,
		"nosuch --version":       `unknown command "nosuch"`,
		"help config sho":        `unknown command "sho"; did you mean show?`,
		"config --help -q sho x": `unknown command "sho"; did you mean show?`,
	} {
		_, inv, err := see(t, strings.Fields(line)...)
		require.Equal(t, toolkit.Usage, toolkit.KindOf(err), line)
		require.Equal(t, want, toolkit.Told(err), line)
		require.False(t, inv.Help || inv.Version, line)
	}
}

func TestUsageErrors(t *testing.T) {
	tests := []struct{ name, args, want, hint string }{
		{"unknown option", "signal --hots X", "unknown option --hots", "did you mean --host?"},
		{"unknown command with an option that nothing has", "sinal --frobnicate", `unknown command "sinal"`, "did you mean signal?"},
		{"the same in a command", "config sho --frobnicate", `unknown command "sho"`, "did you mean show?"},
		{"option before an unknown command", "--frobnicate sinal", "unknown option --frobnicate", ""},
		{"unknown short option", "signal -rz", "unknown option -z", ""},
		{"nothing near", "signal --frobnicate", "unknown option --frobnicate", ""},
		{"value missing", "signal STOP --host", "option --host needs a value", ""},
		{"value missing before a command", "--host", "option --host needs a value", ""},
		{"short value missing", "signal STOP -rH", "option -H needs a value", ""},
		{"long word after one dash", "signal -host X", "unknown option -host", "did you mean --host?"},
		{"long word with value", "signal -secret_code=X", "unknown option -secret_code", "did you mean --secret-code?"},
		{"help after one dash", "signal -help", "unknown option -help", "did you mean --help?"},
		{"unknown command", "singal STOP", `unknown command "singal"`, "did you mean signal?"},
		{"unknown subcommand", "config shwo", `unknown command "shwo"`, "did you mean show?"},
		{"missing subcommand", "config -q", "a command is missing: show", ""},
		{"bad choice", "signal -t sctp", `option --type: "sctp" is none of tcp, udp`, ""},
		{"bad duration", "signal --timeout soon", `option --timeout: "soon" is not a duration (like 10, 1.5s, 2m)`, ""},
		{"bad number", "signal -n many", `option --count: "many" is not a number`, ""},
		{"number of a programmer", "signal -n 0x10", `option --count: "0x10" is not a number`, ""},
		{"large number", "signal -n 99999999999999999999", `option --count: "99999999999999999999" is out of range`, ""},
		{"bad bool", "signal --reply=maybe", `option --reply: "maybe" is neither true nor false`, ""},
		{"bad count", "signal --wait=-1", `option --wait: "-1" is not a number of messages`, ""},
		{"value for a command's name", "--bogus=1 signal", "unknown option --bogus", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := see(t, strings.Fields(test.args)...)
			require.EqualError(t, err, test.want)
			require.Equal(t, toolkit.Usage, toolkit.KindOf(err))
			require.Equal(t, test.hint, toolkit.HintOf(err))
		})
	}
}

// unit is an option with its value, or an operand: words that stay together.
type unit struct {
	words   []string
	operand bool
	key     string // repeated options of one name keep their order
}

func unitGen() *rapid.Generator[unit] {
	value := rapid.SampledFrom([]string{"a=1", "b,c", "-x", "--host", "", "STOP", "x=y=z", "--", "-"})
	return rapid.Custom(func(t *rapid.T) unit {
		v := value.Draw(t, "value")
		switch rapid.IntRange(0, 8).Draw(t, "form") {
		case 0:
			return unit{words: []string{"--param", v}, key: "param"}
		case 1:
			return unit{words: []string{"-p", v}, key: "param"}
		case 2:
			return unit{words: []string{"--param=" + v}, key: "param"}
		case 3:
			return unit{words: []string{"-rp", "z" + v}, key: "param"}
		case 4:
			return unit{words: []string{"-H", v}, key: "host"}
		case 5:
			return unit{words: []string{"-vr"}, key: "v"}
		case 6:
			return unit{words: []string{"--wait=2"}, key: "wait"}
		case 7:
			return unit{words: []string{"-"}, operand: true, key: "operand"}
		}
		return unit{words: []string{rapid.SampledFrom([]string{"STOP", "a=1", "signal", "help"}).Draw(t, "operand")}, operand: true, key: "operand"}
	})
}

// TestAnyOrder: moving options and operands about changes nothing as long as operands, and options of one name, keep their own order.
func TestAnyOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		units := rapid.SliceOfN(unitGen(), 0, 8).Draw(r, "units")
		shuffled := shuffle(units, rapid.Int64().Draw(r, "seed"))
		want, _, err := see(t, append([]string{"signal"}, words(units)...)...)
		require.NoError(r, err)
		got, _, err := see(t, append([]string{"signal"}, words(shuffled)...)...)
		require.NoError(r, err)
		require.Equal(r, want, got)
	})
}

// shuffle permutes units, then puts those of one key back into their order.
func shuffle(units []unit, seed int64) []unit {
	mixed := slices.Clone(units)
	rand.New(rand.NewSource(seed)).Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	next := map[string][]unit{}
	for _, u := range units {
		next[u.key] = append(next[u.key], u)
	}
	for i, u := range mixed {
		mixed[i], next[u.key] = next[u.key][0], next[u.key][1:]
	}
	return mixed
}

func words(units []unit) []string {
	var all []string
	for _, u := range units {
		all = append(all, u.words...)
	}
	return all
}

func FuzzNormalise(f *testing.F) {
	f.Add("signal|STOP|--host|X")
	f.Add("-h0")
	f.Add("-\xff|--|config|-")
	f.Fuzz(func(t *testing.T, line string) {
		_, inv, err := see(t, strings.Split(line, "|")...)
		if err != nil {
			require.Equal(t, toolkit.Usage, toolkit.KindOf(err), err)
			return
		}
		if inv.Help || inv.Version {
			return // the rest of the line does not count
		}
		again, inv2, err := see(t, inv.Args...)
		require.NoError(t, err)
		require.Equal(t, inv.Args, inv2.Args, again) // a normalised line is its own normal form
	})
}
