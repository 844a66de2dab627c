package bench

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
)

// TestMessagesAreBounded: what is longer than a line may be, or more than memory should hold, is refused before anything is sent.
func TestMessagesAreBounded(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	long := "HELLO a=" + strings.Repeat("x", mostSize-len("HELLO a="))
	for _, c := range []struct {
		args []string
		kind toolkit.Kind
		says string
	}{
		{[]string{"--file", file("long", "HELLO\n"+long+"\n")}, toolkit.Data, `message "HELLO": with its number it has 65553 bytes, and 65536 are the most`},
		{[]string{"--message", long}, toolkit.Data, "65536 are the most"},
		{[]string{"--file", folder}, toolkit.NoInput, "open " + folder + ": is a directory"},
		{[]string{"--baseline", folder}, toolkit.NoInput, "open " + folder + ": is a directory"},
		{[]string{"--template", `X a={{printf "%100000d" .N}}`}, toolkit.Usage, "option --template: a message is longer than 65536 bytes"},
		{[]string{"--template", `X{{range 1000000000}}X{{end}}`}, toolkit.Usage, "option --template: a message is longer than 65536 bytes"},
		{[]string{"--template", `X a={{printf "%065000d" .N}}`}, toolkit.Usage, "option --template: more than 256 MiB of messages"},
		{[]string{"--size", "1"}, toolkit.Usage, `option --size: the message "BENCH" has 16 bytes as it is`},
		{[]string{"--size", "24", "--message", "HELLO"}, toolkit.Usage, `the message "HELLO" has 22 bytes as it is, and from 27 on any size is possible`},
	} {
		err := toolkittest.New(t).Run(context.Background(), Command, append([]string{"bench", "request", "unix:" + folder + "/nobody"}, c.args...)...)
		require.ErrorContains(t, err, c.says)
		require.Equal(t, c.kind, toolkit.KindOf(err), err)
	}
	err := toolkittest.New(t).Run(context.Background(), Command, "bench", "router", "unix:"+folder+"/nobody", "-c", "1000", "--template", "LOCK tag={{.N}}")
	require.ErrorContains(t, err, "1000 senders with 10000 messages each: more than 256 MiB of messages")

	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(&toolkit.Interrupted{Signal: os.Interrupt})
	err = toolkittest.New(t).Run(ctx, Command, "bench", "request", "unix:"+folder+"/nobody", "--template", "LOCK tag={{.N}}")
	require.Equal(t, toolkit.Interrupt, toolkit.KindOf(err), err)
}

// TestClippedMessage: a long one says the same when its report is read again, wherever it is cut, so that a baseline does not differ.
func TestClippedMessage(t *testing.T) {
	for n := range utf8.UTFMax {
		m := message.New("HELLO").Set("text", strings.Repeat("x", n)+strings.Repeat("\u20ac", 100))
		s, err := newScript(wording{}, []*message.Message{m})
		require.NoError(t, err)
		text, err := json.Marshal(s.first())
		require.NoError(t, err)
		var read string
		require.NoError(t, json.Unmarshal(text, &read))
		require.Equal(t, s.first(), read)
		require.Greater(t, len(read), 90)
	}
}
