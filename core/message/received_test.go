package message_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
)

func TestAppendReceived(t *testing.T) {
	for _, line := range []string{
		"STOP",
		"<a:b c:d/STOP x=1;y=\"a;b\"",
		"<a:b srv:STOP x=1",
		"srv:STOP",
		"<:b c/STOP",
	} {
		t.Run(line, func(t *testing.T) {
			m, err := message.Parse([]byte(line))
			require.NoError(t, err)
			require.Equal(t, line, string(m.AppendReceived(nil)))
			require.Equal(t, "# "+line, string(m.Clone().AppendReceived([]byte("# "))))
		})
	}
	m := message.New("X").Set("b", "2").Set("a", " end ")
	require.Equal(t, `X a=" end ";b=2`, string(m.AppendReceived(nil)))
}

func TestAppendValue(t *testing.T) {
	for _, value := range []string{"", "plain", "a;b", `"`, `a\b`, "a\nb", "end "} {
		want := message.New("X").Set("v", value).String()
		require.Equal(t, want, "X v="+string(message.AppendValue(nil, []byte(value))))
	}
}
