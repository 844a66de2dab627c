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
