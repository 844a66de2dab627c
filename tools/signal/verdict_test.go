package signal_test

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/tools/signal"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// TestVerdict: what came of a wait that was not satisfied is told by what matters most.
func TestVerdict(t *testing.T) {
	tests := []struct {
		name    string
		command func(*toolkit.Env) *cli.Command
		args    string
		answer  string // of the peer, which then says nothing more
		kind    toolkit.Kind
		out     string
		err     string
	}{
		{"some came, one broken", signal.Command, "signal A --wait=3", "A*B\nX\nY\n", toolkit.Timeout, "A*B\nX\nY\n", "after 2 of 3 replies"},
		{"no such service", signal.Command, "signal svc/A --wait=3", "SERVICE_UNAVAILABLE\n", toolkit.Unavailable, "SERVICE_UNAVAILABLE\n", `"svc" is not available`},
		{"reply over the limit", signal.Command, "signal A --reply", strings.Repeat("x", 70000) + "\n", toolkit.Protocol, "", "longer than 65536 bytes"},
		{"request over the limit", signal.RequestCommand, "request A", strings.Repeat("x", 70000) + "\n", toolkit.Protocol, "", "from tcp://"},
		{"request, some came", signal.RequestCommand, "request A --replies=2", "A*B\nX\n", toolkit.Timeout, "A*B\nX\n", "after 1 of 2 replies"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := world(t)
			where := rough(t, "tcp", func(c net.Conn) {
				in := bufio.NewReader(c)
				_, _ = in.ReadString('\n')
				_, _ = io.WriteString(c, test.answer)
				_, _ = io.Copy(io.Discard, in)
			})
			err := w.Run(t.Context(), test.command, append(strings.Fields(test.args), "--timeout=2s", "--host", where)...)
			require.Equal(t, test.kind, toolkit.KindOf(err), "%v", err)
			require.ErrorContains(t, err, test.err)
			require.Equal(t, test.out, w.Out.String())
		})
	}
}
