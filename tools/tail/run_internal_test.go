package tail

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCommandThatCannotBeStarted says so, and that it did not end in any way.
func TestCommandThatCannotBeStarted(t *testing.T) {
	r := &runner{ctx: t.Context()}
	res := r.execute(&job{trigger: &trigger{line: "true"}, env: []string{"LONG=" + strings.Repeat("x", 4<<20)}})
	require.Equal(t, -1, res.exit)
	require.Contains(t, res.how, "argument list too long")
}
