package script_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPerfRefuses: what cannot be measured is refused before anything is built, and not measured as nothing.
func TestPerfRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		line []string
		env  string
		says string
	}{
		"rounds":      {[]string{"perf", "x"}, "", "perf: ROUNDS is a whole number, not x"},
		"no rounds":   {[]string{"perf", "0"}, "", "perf: ROUNDS is a whole number, not 0"},
		"seconds":     {[]string{"perf", "1", "abc"}, "", "perf: SECONDS is a number above 0, not abc"},
		"no time":     {[]string{"perf", "1", "0.0"}, "", "perf: SECONDS is a number above 0, not 0.0"},
		"rows time":   {[]string{"perf-rows", "codec"}, "SECONDS_EACH=0", "perf-rows: ROUNDS, SECONDS_EACH and REST are numbers"},
		"control":     {[]string{"perf-control", "x"}, "", "perf-control: ROUNDS and SECONDS are numbers"},
		"hooks":       {[]string{"perf-hooks", "1", "x"}, "", "perf-hooks: BLOCKS and SECONDS are numbers"},
		"too many":    {[]string{"perf", "1", "1", "1"}, "", "perf: at most ROUNDS and SECONDS"},
		"medium":      {[]string{"perf"}, "MEDIA=tcp udp", "perf: MEDIA are tcp and unix, not udp"},
		"cell":        {[]string{"perf"}, "CELLS=64", "perf: CELLS are like 64x1, connections and window, not 64"},
		"load":        {[]string{"perf"}, "LOADS=one 5", "perf: LOADS are one, corpus and lengths from 12, not 5"},
		"peer":        {[]string{"perf"}, "PEER=other", "perf: PEER is C or goroutines, not other"},
		"part":        {[]string{"perf"}, "PART=all", "perf: PART is copy or decode, not all"},
		"row":         {[]string{"perf-rows", "codec", "nosuch"}, "", "perf-rows: there is no row nosuch"},
		"rows rounds": {[]string{"perf-rows", "codec"}, "ROUNDS=0", "perf-rows: ROUNDS, SECONDS_EACH and REST are numbers"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(filepath.Join("..", "..", "scripts", tt.line[0]), tt.line[1:]...)
			cmd.Env = append(os.Environ(), tt.env)
			out, err := cmd.CombinedOutput()
			require.ErrorAs(t, err, new(*exec.ExitError))
			require.Equal(t, 64, cmd.ProcessState.ExitCode())
			require.Equal(t, tt.says+"\n", string(out))
		})
	}
}

// TestScriptsHelp: each script says what it does and how it is called, and does nothing.
func TestScriptsHelp(t *testing.T) {
	all, err := filepath.Glob("../../scripts/*")
	require.NoError(t, err)
	shown := 0
	for _, path := range all {
		info, err := os.Stat(path)
		require.NoError(t, err)
		if info.IsDir() || info.Mode()&0o100 == 0 {
			continue
		}
		shown++
		for _, option := range []string{"-h", "--help"} {
			out, err := exec.Command(path, option).CombinedOutput()
			require.NoError(t, err, "%s %s: %s", path, option, out)
			require.Regexp(t, "^"+filepath.Base(path)+"[ :]", string(out))
			require.NotContains(t, string(out), "set -e")
		}
	}
	require.Greater(t, shown, 5)
}
