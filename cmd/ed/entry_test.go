package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
)

// TestCatalogueNamesWhatItMakes: a command is found by the name in the list, before it is made.
func TestCatalogueNamesWhatItMakes(t *testing.T) {
	w := toolkittest.New(t)
	for _, e := range catalogue() {
		require.Equal(t, []string{e.name}, e.make(w.Env).Names())
	}
}

// TestOnlyWhatIsCalledIsMade counts the commands that a command line has made.
func TestOnlyWhatIsCalledIsMade(t *testing.T) {
	tests := []struct {
		name string
		argv []string
		want string // "" is all
	}{
		{"a command", []string{"ed", "signal", "PING"}, "signal"},
		{"its help", []string{"/usr/bin/ed", "stop", "--help"}, "stop"},
		{"a link", []string{"/usr/bin/ed-signal", "stop"}, "signal"},
		{"a link to a frame's command", []string{"ed-version"}, "version"},
		{"a link to nothing of ours", []string{"ed-x", "stop"}, "stop"},
		{"one that looks at all", []string{"ed", "completion", "bash"}, ""},
		{"help", []string{"ed", "help", "signal"}, ""},
		{"an option first", []string{"ed", "-q", "signal"}, ""},
		{"an unknown one", []string{"ed", "signl"}, ""},
		{"nothing", []string{"ed"}, ""},
		{"no name at all", nil, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := toolkittest.New(t)
			var made []string
			list := catalogue()
			for i := range list {
				make := list[i].make
				list[i].make = func(env *toolkit.Env) *cli.Command {
					made = append(made, list[i].name)
					return make(env)
				}
			}
			got := called(w.Env, test.argv, list)
			require.Len(t, made, len(got))
			if test.want != "" {
				require.Equal(t, []string{test.want}, made)
			} else {
				require.Len(t, made, len(list))
			}
			_, err := toolkit.Normalise(newApp(w.Env, got), nil)
			require.Error(t, err)
			require.Len(t, made, len(got), "who asks for none of the others has them not made")
			w.Tools()
			require.Len(t, made, len(list), "and who asks has each made once")
		})
	}
}

// TestACommandAloneIsTheSame: its help does not depend on the others.
func TestACommandAloneIsTheSame(t *testing.T) {
	help := func(name string, pick func(*toolkit.Env, []string, []entry) []*cli.Command) string {
		w := toolkittest.New(t)
		argv := []string{"ed", name, "--help"}
		require.NoError(t, run(context.Background(), w.Env, argv, newApp(w.Env, pick(w.Env, argv, catalogue()))))
		return w.Out.String()
	}
	all := func(env *toolkit.Env, _ []string, list []entry) []*cli.Command { return commands(env, list) }
	for _, e := range catalogue() {
		require.Equal(t, help(e.name, all), help(e.name, called))
	}
}

// TestACommandAloneKnowsOthersSettings: a file that all tools share may hold what only others know.
func TestACommandAloneKnowsOthersSettings(t *testing.T) {
	home := t.TempDir()
	file := filepath.Join(home, "ed", "ed.conf")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	settings := func(text string) error {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		w := toolkittest.New(t)
		w.Vars["XDG_CONFIG_HOME"] = home
		argv := []string{"ed", "signal", "--dry-run", "PING"}
		return run(context.Background(), w.Env, argv, newApp(w.Env, called(w.Env, argv, catalogue())))
	}
	require.NoError(t, settings("process-name = x\n[stop]\nnonsense = 1\n"))
	require.ErrorContains(t, settings("proces-name = x\n"), "proces-name")
}

// TestAShortRunMakesLittle bounds what stands between the start of the program and the message: with all commands made and all
// definitions read it was 27,000 allocations, and each page of memory that is new costs a fault.
func TestAShortRunMakesLittle(t *testing.T) {
	argv := []string{"ed", "signal", "--dry-run", "snaprfs/LOG_ROTATE"}
	n := testing.AllocsPerRun(3, func() {
		w := toolkittest.New(t)
		require.NoError(t, run(context.Background(), w.Env, argv, newApp(w.Env, called(w.Env, argv, catalogue()))))
	})
	require.Less(t, n, 14_000.0) // the race detector makes some more
}
