package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport/control"
)

// ed watch on a real terminal: messages are followed, held while the recording goes on, filtered, looked at, saved and copied.
func TestWatchOnScreen(t *testing.T) {
	t.Setenv(control.DirVariable, t.TempDir())
	alpha := toolkittest.Serve(t, "alpha")
	folder := t.TempDir()
	recording, saved := filepath.Join(folder, "all.jsonl"), filepath.Join(folder, "some.jsonl")
	watch := startOnScreen(t, 110, 24, nil, "watch", "--record", recording, "alpha")
	watch.sees("attached")
	alpha.Receive("FIRST n=1")
	watch.sees("FIRST n=1")
	watch.types("p")
	watch.sees("HELD")
	alpha.Receive("SECOND n=2;password=hush")
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
	alpha := toolkittest.Serve(t, "alpha")
	for name, c := range map[string]struct{ env, args []string }{
		"option": {nil, []string{"watch", "--plain"}}, "dumb": {[]string{"TERM=dumb"}, []string{"watch"}}, "count": {nil, []string{"watch", "-n", "9"}},
	} {
		t.Run(name, func(t *testing.T) {
			watch := startOnScreen(t, 110, 24, c.env, c.args...)
			watch.sees("watching alpha")
			alpha.Receive("HELLO n=1")
			watch.sees("HELLO n=1")
			require.NotContains(t, watch.raw(), "\x1b[?1049h")
		})
	}
}

// The recording has all that happened until the screen was left, or says what it has not.
func TestWatchRecordsToTheEnd(t *testing.T) {
	t.Setenv(control.DirVariable, t.TempDir())
	alpha := toolkittest.Serve(t, "alpha")
	recording := filepath.Join(t.TempDir(), "all.jsonl")
	watch := startOnScreen(t, 110, 24, nil, "watch", "--record", recording)
	watch.sees("attached")
	const sent = 3000
	for n := range sent {
		alpha.Receive(fmt.Sprintf("N n=%d", n))
	}
	watch.types("q")
	watch.ends()
	recorded, lost := recordedIn(t, recording)
	require.Equal(t, sent, recorded+lost)
}

// A terminal that takes nothing for a while keeps nobody from recording.
func TestWatchRecordsBehindSlowTerminal(t *testing.T) {
	t.Setenv(control.DirVariable, t.TempDir())
	alpha := toolkittest.Serve(t, "alpha")
	recording := filepath.Join(t.TempDir(), "all.jsonl")
	attached, resume := make(chan struct{}), make(chan struct{})
	var first, again sync.Once
	var all strings.Builder
	watch := startThrough(t, func(terminal *os.File, draw func([]byte)) {
		_, _ = io.Copy(writer(func(p []byte) { // EIO: the program has ended
			draw(p)
			if all.Write(p); strings.Contains(all.String(), "attached") {
				first.Do(func() { close(attached) })
				<-resume
			}
		}), terminal)
	}, 110, 24, nil, "watch", "--record", recording)
	goOn := func() { again.Do(func() { close(resume) }) }
	t.Cleanup(goOn)
	<-attached
	sent := 0
	for range 40 { // as pictures, much more than fits into the terminal's buffer
		for range 30 {
			alpha.Receive(fmt.Sprintf("N n=%d;text=%060d", sent, sent*sent))
			sent++
		}
		require.Eventually(t, func() bool {
			recorded, lost := recordedIn(t, recording)
			return recorded+lost == sent
		}, 15*time.Second, 20*time.Millisecond, "of %d", sent)
	}
	goOn()
	watch.types("q")
	watch.ends()
}

// recordedIn is how many messages N a recording has, and how many it says are lost.
func recordedIn(t *testing.T, path string) (recorded, lost int) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		var one struct {
			Command    string
			Slow, Rate int
		}
		if json.Unmarshal([]byte(line), &one) != nil {
			continue // it is being written
		}
		if one.Command == "N" {
			recorded++
		}
		lost += one.Slow + one.Rate
	}
	return recorded, lost
}
