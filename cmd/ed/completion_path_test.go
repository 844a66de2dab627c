package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The path of a socket is completed behind unix: as any other, in a shell that is installed.
func TestCompletionOfPaths(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "clock.sock"), nil, 0o600))
	lines := []string{"ed signal --host unix:" + dir + "/cl", "ed request unix:" + dir + "/cl", "ed replay x --type unix unixgram:" + dir + "/cl"}
	write := func(t *testing.T, shell, file string) (path string) { // "": there is no such shell here
		t.Helper()
		if _, err := exec.LookPath(shell); err != nil {
			return ""
		}
		script, err := completionScript(shell, realApp(t))
		require.NoError(t, err)
		path = filepath.Join(t.TempDir(), file)
		require.NoError(t, os.WriteFile(path, []byte(script), 0o600))
		return path
	}
	t.Run("fish", func(t *testing.T) {
		script := write(t, "fish", "ed.fish")
		if script == "" {
			return
		}
		for _, line := range lines {
			out, err := exec.Command("fish", "--no-config", "-c", `source $argv[1]; complete -C $argv[2]`, script, line).CombinedOutput()
			require.NoError(t, err, string(out))
			require.Contains(t, string(out), "unix", line)
			require.Contains(t, string(out), ":"+dir+"/clock.sock", line)
		}
	})
	t.Run("zsh", func(t *testing.T) {
		script := write(t, "zsh", "_ed")
		if script == "" {
			return
		}
		cmd := exec.Command("zsh", "-f", "-i")
		cmd.Env = append(os.Environ(), "PS1=> ")
		s := startCommand(t, cmd, func(terminal *os.File, draw func([]byte)) { _, _ = io.Copy(writer(draw), terminal) }, 200, 20, nil)
		s.types("fpath=(" + filepath.Dir(script) + " $fpath); autoload -U compinit; compinit -D -u; print rea''dy\r")
		s.sees("ready")
		for _, line := range lines {
			s.types(line + "\t")
			s.sees(line + "ock.sock")
			s.types("\x15\x0c") // the line goes, and the screen
			s.gone(line)
		}
		s.types("exit\r")
		s.ends()
	})
}
