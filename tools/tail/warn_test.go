package tail_test

import (
	"io"
	"net"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWarningsSteerNoTerminal: who sends by a Unix datagram socket chooses its name, and standard error may be a terminal where standard
// output is none.
func TestWarningsSteerNoTerminal(t *testing.T) {
	r := start(t, "unixgram:SOCK", "--raw")
	_, path := r.address(0)
	local := &net.UnixAddr{Net: "unixgram", Name: filepath.Join(r.dir, "\x1b[31mred")}
	c, err := net.DialUnix("unixgram", local, &net.UnixAddr{Net: "unixgram", Name: path})
	require.NoError(t, err)
	defer c.Close()
	_, err = io.WriteString(c, "no message")
	require.NoError(t, err)
	r.WaitErr(`\x1B[31mred: bad message at byte 0: `)
	require.NotContains(t, r.Err.String(), "\x1b")
}
