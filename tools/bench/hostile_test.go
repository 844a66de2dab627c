package bench

import (
	"bytes"
	"context"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
)

// peer listens, and has f answer what each connection sends; nil closes it. It returns the address.
func peer(t *testing.T, f func(sent []byte) []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	var all sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
	})
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				buf := make([]byte, 65536)
				for {
					n, err := c.Read(buf)
					if err != nil {
						return
					}
					answer := f(buf[:n])
					if answer == nil {
						return
					}
					if _, err := c.Write(answer); err != nil {
						return
					}
				}
			})
		}
	})
	return "unix:" + path
}

// TestHostileServices: whatever comes back, the run ends in time, and says what was wrong without passing it on to the
// terminal.
func TestHostileServices(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		answer func([]byte) []byte
		kind   toolkit.Kind
		says   string
	}{
		{"mute", func([]byte) []byte { return []byte{} }, toolkit.Temporary, "nothing was answered"},
		{"closes", func([]byte) []byte { return nil }, toolkit.Temporary, "connections that failed: 2; the first: "},
		{"escape codes", func(p []byte) []byte {
			return bytes.Repeat([]byte("\x1b]0;owned\a=\n"), bytes.Count(p, []byte("\n")))
		}, toolkit.Temporary, `wrong answers; the first: \x1B]0;owned\x07=`},
		{"no line end", func(p []byte) []byte { return bytes.Repeat([]byte("x"), 100_000) }, toolkit.Temporary, "no answer was BENCH, which --reply changes; the first: line longer than"},
		{"twice", func(p []byte) []byte { return append(bytes.Clone(p), p...) }, 0, "dup 20"},
		{"blank lines", func(p []byte) []byte { return append([]byte("\n\r\n"), p...) }, 0, "received 20  lost 0  dup 0  reordered 0\n"},
		{"talks besides", func(p []byte) []byte {
			return append(bytes.Clone(p), "STATUS command=hello\nSTATUS command=hello\n"...)
		}, 0, "received 20  lost 0  dup 0  reordered 0  wrong "},
		{"not sent", func(p []byte) []byte { return bytes.ReplaceAll(p, []byte("=1"), []byte("=3")) }, toolkit.Temporary, "an answer to a message that was not sent"},
	} {
		for _, rate := range []string{"200/s", "max"} {
			t.Run(c.name+" "+rate, func(t *testing.T) {
				t.Parallel()
				w := toolkittest.New(t)
				length, wait := "1s", "100ms"
				if c.kind == 0 { // all is answered, however slow the machine is
					length, wait = "1m", "20s"
				}
				err := w.Run(context.Background(), Command, "bench", "request", peer(t, c.answer), "-r", rate, "-n", "20", "-c", "2", "-d", length, "--warmup", "0", "--answer-in", wait, "-q")
				require.Equal(t, c.kind, toolkit.KindOf(err), "%v %s", err, w.Out)
				require.Contains(t, w.Out.String(), c.says)
				require.NotContains(t, w.Out.String(), "\x1b")
				require.NotContains(t, w.Err.String(), "\x1b")
				require.False(t, strings.ContainsRune(w.Out.String(), '\a'))
			})
		}
	}
}
