package main

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/transport/control"
)

// ed watch on a real terminal: messages are followed, held while the recording goes on, filtered, looked at, saved and copied.
func TestWatchOnScreen(t *testing.T) {
	t.Setenv(control.DirVariable, t.TempDir())
	say, _ := serveTalking(t, "alpha")
	folder := t.TempDir()
	recording, saved := filepath.Join(folder, "all.jsonl"), filepath.Join(folder, "some.jsonl")
	watch := startOnScreen(t, 110, 24, nil, "watch", "--record", recording, "alpha")
	watch.sees("attached")
	say("FIRST n=1")
	watch.sees("FIRST n=1")
	watch.types("p")
	watch.sees("HELD")
	say("SECOND n=2;password=hush")
	watch.sees("1 came since")
	require.NotContains(t, watch.screen.String(), "SECOND")
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(recording)
		return err == nil && strings.Contains(string(text), `"command":"SECOND"`)
	}, 15*time.Second, 10*time.Millisecond, "it is recorded while the screen is held")
	watch.types("p")
	watch.sees("SECOND n=2;password=***")
	watch.types("/second outcome=unknown\r")
	watch.gone("FIRST")
	watch.types("\r")
	watch.sees("password = ***")
	watch.sees("0000  53 45 43 4f 4e 44")
	watch.types("y")
	watch.sees("copied 23 bytes")
	require.Contains(t, watch.raw(), "\x1b]52;c;"+base64.StdEncoding.EncodeToString([]byte("SECOND n=2;password=***"))+"\x07")
	watch.types("x") // closes the page
	watch.sees("filter second")
	watch.types("s\x15" + saved + "\r")
	watch.sees("saved")
	text, err := os.ReadFile(saved)
	require.NoError(t, err)
	require.Contains(t, string(text), `"command":"SECOND"`)
	require.NotContains(t, string(text), "FIRST")
	require.NotContains(t, string(text), "hush")
	watch.types("s\x15" + saved + "\r")
	watch.sees("the file exists")
	require.NoError(t, pty.Setsize(watch.terminal, &pty.Winsize{Cols: 20, Rows: 5}))
	watch.screen.Resize(20, 5)
	watch.types("\x1b")
	watch.sees("in")
	watch.types("q")
	watch.ends()
	text, err = os.ReadFile(recording)
	require.NoError(t, err)
	require.Equal(t, 2, strings.Count(string(text), "\n"), "whatever was shown of it")
}

// Told so, or where the terminal can do nothing, it prints lines.
func TestWatchPlain(t *testing.T) {
	t.Setenv(control.DirVariable, t.TempDir())
	say, _ := serveTalking(t, "alpha")
	for name, c := range map[string]struct{ env, args []string }{
		"option": {nil, []string{"watch", "--plain"}}, "dumb": {[]string{"TERM=dumb"}, []string{"watch"}}, "count": {nil, []string{"watch", "-n", "9"}},
	} {
		t.Run(name, func(t *testing.T) {
			watch := startOnScreen(t, 110, 24, c.env, c.args...)
			watch.sees("watching alpha")
			say("HELLO n=1")
			watch.sees("HELLO n=1")
			require.NotContains(t, watch.raw(), "\x1b[?1049h")
		})
	}
}
