package message_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
)

// TestIndexed says which lines have to be indexed, so that it is quick.
func TestIndexed(t *testing.T) {
	if !message.Wide {
		return // the general scan takes all
	}
	m := &message.Message{}
	for _, line := range []string{"CMD", "CMD a=", `CMD a=x;b="y;z";c="q "`, "svc/CMD a=1", "<a:b c:d/CMD b=1;c=2", "CMD a=" + strings.Repeat("v", 300)} {
		require.True(t, m.IndexLine([]byte(line)), line)
	}
	for i, line := range corpus(t) {
		require.True(t, m.IndexLine(line), i)
	}
	for _, line := range []string{"CMD a=1;", `CMD a="x"`, `CMD a=""`, `CMD a=x"y`, "CMD a= ", `CMD a=\\`, "CMD a=x;b", `CMD a="x`, `CMD a="x;"y`, "CMD ", "cmd", "CMD 1=2"} {
		require.False(t, m.IndexLine([]byte(line)), line)
	}
}

// TestLongValues: blocks of 64 bytes in the middle of a value are passed over, and whatever is in them is found all the same.
func TestLongValues(t *testing.T) {
	indexed, slow := &message.Message{}, &message.Message{}
	check := func(line string) {
		errIndexed, errSlow := indexed.Decode([]byte(line)), slow.DecodeSlowly([]byte(line))
		require.Equal(t, errSlow, errIndexed, "%q", line)
		if errSlow != nil {
			return
		}
		one, ok := indexed.Get("a")
		two, also := slow.Get("a")
		require.True(t, ok == also && one == two, "%q", line)
		text, err := indexed.AppendText(nil)
		require.NoError(t, err)
		want, err := slow.AppendText(nil)
		require.NoError(t, err)
		require.Equal(t, string(want), string(text))
	}
	for _, special := range []string{" ", "=", ";", "; ", `"`, `\`, "\x01", "é", " ;b=c", ";b=c", `";b=c`, ` "`, "=;", `;"`, `="`, "<x:y z", " a=", ":t u:v/C a=", "/C a="} {
		for _, head := range []string{"C a=", `C a="`, "svc/COMMAND a=", "C ", "C a=1;", "", "<", "<s:", "<s:t "} {
			for _, n := range []int{70, 140, 205} {
				for at := range n + 1 {
					value := strings.Repeat("v", at) + special + strings.Repeat("w", n-at)
					if head == "" {
						value = strings.ToUpper(strings.Repeat("v", at)) + special + strings.Repeat("w", n-at)
					}
					check(head + value)
				}
				check(head + strings.Repeat("v", n/2) + special + strings.Repeat("w", n) + `"`)
			}
		}
	}
}

// TestLongValuesInAStream is the same for many lines in one portion.
func TestLongValuesInAStream(t *testing.T) {
	var text strings.Builder
	var want []string
	for n := range 300 {
		for _, line := range []string{"C a=" + strings.Repeat("v", n), `C a="` + strings.Repeat("v ", n) + `;";b=` + strings.Repeat("=", n), "C"} {
			text.WriteString(line + "\n")
			want = append(want, line)
		}
	}
	var got []string
	m := &message.Message{}
	to := receiver(func(line []byte, err error) bool {
		require.NoError(t, err)
		printed, err := m.AppendText(nil)
		require.NoError(t, err)
		got = append(got, string(printed))
		return true
	})
	d := message.NewDecoder(message.DecoderOptions{})
	require.NoError(t, d.Decode([]byte(text.String()), m, to))
	require.Equal(t, want, got)
}
