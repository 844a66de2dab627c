package toolkit_test

import (
	"bytes"
	"testing"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// TestColumns: a line that is drawn anew has room for as much as the terminal has columns now, not as it had at first.
func TestColumns(t *testing.T) {
	master, terminal, err := pty.Open()
	require.NoError(t, err)
	defer master.Close()
	defer terminal.Close()
	require.NoError(t, pty.Setsize(terminal, &pty.Winsize{Rows: 24, Cols: 120}))
	s := toolkit.NewStream(terminal, "standard error")
	require.True(t, s.TTY)
	require.Equal(t, 120, s.Width)
	require.NoError(t, pty.Setsize(terminal, &pty.Winsize{Rows: 24, Cols: 40}))
	require.Equal(t, 40, s.Columns())
	require.NoError(t, pty.Setsize(terminal, &pty.Winsize{}))
	require.Equal(t, 120, s.Columns(), "one that does not say")
	require.Equal(t, 60, (&toolkit.Stream{Writer: &bytes.Buffer{}, TTY: true, Width: 60}).Columns())
}
