package signal_test

import (
	"bufio"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/signal"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// TestPeerResets: the error says what was lost, with every thing said once.
func TestPeerResets(t *testing.T) {
	// It answers the first message of a connection, takes another one, and resets.
	resets := func(answers int) string {
		return rough(t, "tcp", func(c net.Conn) {
			in := bufio.NewReader(c)
			for i := range answers + 1 {
				if _, err := in.ReadString('\n'); err != nil {
					return
				}
				if i < answers {
					_, _ = c.Write([]byte("FINE\n"))
				}
			}
			_ = c.(*net.TCPConn).SetLinger(0)
			_ = c.Close()
		})
	}
	where := resets(0)
	err := world(t).Run(t.Context(), signal.RequestCommand, "request", where, "A", "B")
	require.EqualError(t, err, "lost "+where+" without a reply to message 1: connection reset by peer")
	require.Equal(t, toolkit.Unavailable, toolkit.KindOf(err))

	err = world(t).Run(t.Context(), signal.Command, "signal", "-H", where, "--wait", "A")
	require.EqualError(t, err, "receive from "+where+": connection reset by peer")
	require.Equal(t, toolkit.Unavailable, toolkit.KindOf(err))

	where = resets(1)
	err = world(t).Run(t.Context(), signal.RequestCommand, "request", where, "A", "B")
	require.EqualError(t, err, "lost "+where+" without a reply to message 2: connection reset by peer")
	err = world(t).Run(t.Context(), signal.SendCommand, "send", "--hold", where, "A", "B")
	require.EqualError(t, err, "lost "+where+" after 2 messages: connection reset by peer")
}

// TestNumbersOutOfRange: what is given is checked, also where 0 means that nothing is.
func TestNumbersOutOfRange(t *testing.T) {
	for _, option := range []string{"--max-datagram=0", "--max-datagram=-1", "--max-datagram=65508", "--max-line=0", "--max-line=-1", "--hops=0"} {
		err := world(t).Run(t.Context(), signal.Command, "signal", option, "A")
		require.Equal(t, toolkit.Usage, toolkit.KindOf(err), option)
		err = world(t).Run(t.Context(), signal.SendCommand, "send", option, "udp://127.0.0.1:1", "A")
		require.Equal(t, toolkit.Usage, toolkit.KindOf(err), option)
		err = world(t).Run(t.Context(), signal.RequestCommand, "request", option, "udp://127.0.0.1:1", "A")
		require.Equal(t, toolkit.Usage, toolkit.KindOf(err), option)
	}
}
