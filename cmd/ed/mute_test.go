package main

import (
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"
)

// TestMuteTerminal runs every command on a terminal that answers nothing. None may write an escape sequence or wait for an answer:
// libraries for full-screen programs like to ask the terminal for its colours as soon as they are loaded.
func TestMuteTerminal(t *testing.T) {
	lines := [][]string{{}, {"--help"}, {"--version"}, {"--nosuch"}, {"explain", "69"}, {"config", "show"}, {"version", "--json"}, {"completion", "bash"}}
	walk("", realApp(t).Commands, func(path string, c *cli.Command) {
		words := strings.Fields(path)
		lines = append(lines, append(words, "--help"), append(words, "--nosuch"))
	})
	for _, args := range lines {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			out, took := onMuteTerminal(t, "linux", args)
			require.NotContains(t, out, "\x1b")
			require.Less(t, took, asks)
			require.NotEmpty(t, out)
		})
	}
	t.Run("no name", func(t *testing.T) { // as for env -i, and on many a console
		out, took := onMuteTerminal(t, "", []string{"explain", "69"})
		require.NotContains(t, out, "\x1b")
		require.Less(t, took, asks)
		require.NotEmpty(t, out)
	})
}

// asks is less than the 5 s for which such libraries wait for an answer.
const asks = 4 * time.Second

// onMuteTerminal returns what the program wrote to its terminal, which may be without a name. The time is that of the quickest of several runs: a busy machine can
// hold up any process, a terminal that is waited for holds up all of them.
func onMuteTerminal(t *testing.T, name string, args []string) (out string, took time.Duration) {
	for range 10 {
		cmd := programAs(t, "ed", args...)
		cmd.Env = slices.DeleteFunc(append(cmd.Env, "NO_COLOR="), func(v string) bool { return strings.HasPrefix(v, "TERM=") })
		if name != "" {
			cmd.Env = append(cmd.Env, "TERM="+name)
		}
		begin := time.Now()
		terminal, err := pty.Start(cmd)
		require.NoError(t, err)
		text, err := io.ReadAll(terminal)
		var path *os.PathError
		if !errors.As(err, &path) || path.Err != syscall.EIO { // EIO: the other side has gone
			require.NoError(t, err)
		}
		_ = cmd.Wait() // usage errors exit with 64
		took = time.Since(begin)
		require.NoError(t, terminal.Close())
		if out = string(text); took < asks {
			break
		}
	}
	return out, took
}
