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

// TestVerdictAtTheEnd is the same of a peer that closes the connection after what it said.
func TestVerdictAtTheEnd(t *testing.T) {
	tests := []struct {
		name    string
		command func(*toolkit.Env) *cli.Command
		args    string
		answer  string
		kind    toolkit.Kind
		err     string
	}{
		{"signal, nothing", signal.Command, "signal A --wait", "", toolkit.Unavailable, "closed the connection without a reply"},
		{"signal, another protocol", signal.Command, "signal A --wait", "HTTP/1.0 400 Bad\r\n\r\n", toolkit.Protocol, "no messages"},
		{"request, another protocol", signal.RequestCommand, "request A", "HTTP/1.0 400 Bad\r\n\r\n", toolkit.Protocol, "no messages"},
		{"send, another protocol", signal.SendCommand, "send A --replies=1", "HTTP/1.0 400 Bad\r\n\r\n", toolkit.Protocol, "no messages"},
		{"signal, some came", signal.Command, "signal A --wait=2", "a\nX\n", toolkit.Unavailable, "after 1 of 2 replies"},
		{"signal, no name to give", signal.Command, "signal A --wait", "SERVICE_UNAVAILABLE\n", toolkit.Unavailable, "the service is not available"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := world(t)
			where := rough(t, "tcp", func(c net.Conn) {
				_, _ = bufio.NewReader(c).ReadString('\n')
				_, _ = io.WriteString(c, test.answer)
				_ = c.Close()
			})
			err := w.Run(t.Context(), test.command, append(strings.Fields(test.args), "--timeout=5s", "--host", where)...)
			require.Equal(t, test.kind, toolkit.KindOf(err), "%v", err)
			require.ErrorContains(t, err, test.err)
		})
	}
}

// TestWayOfRepliesIsNotShown: what routers write into a message about its way is theirs. Scripts that ask for the line, and JSON, get it.
func TestWayOfRepliesIsNotShown(t *testing.T) {
	t.Parallel()
	const way = "broadcast_hops=1;broadcast_informed_neighbors=10.0.0.2;broadcast_msgid=n2-1;broadcast_originator=10.0.0.2;broadcast_timeout=1795341720"
	const came, text = "<n2:clock n1:ed/TIME " + way + ";now=12:00", "<n2:clock n1:ed/TIME now=12:00\n"
	for _, test := range []struct {
		command func(*toolkit.Env) *cli.Command
		args    string
		want    string
	}{
		{signal.Command, "signal A --wait", text},
		{signal.Command, "signal A --until TIME", text},
		{signal.Command, "signal A --reply", came},
		{signal.RequestCommand, "request A", text},
		{signal.SendCommand, "send A --replies 1", text},
		{signal.RequestCommand, "request A --json", "broadcast_originator"},
	} {
		t.Run(test.args, func(t *testing.T) {
			t.Parallel()
			w := world(t)
			where := rough(t, "tcp", func(c net.Conn) {
				in := bufio.NewReader(c)
				_, _ = in.ReadString('\n')
				_, _ = io.WriteString(c, came+"\n")
				_, _ = io.Copy(io.Discard, in)
			})
			require.NoError(t, w.Run(t.Context(), test.command, append(strings.Fields(test.args), "--host", where)...))
			if strings.Contains(test.args, "--json") {
				require.Contains(t, w.Out.String(), test.want)
				return
			}
			require.Equal(t, test.want, strings.TrimSuffix(w.Out.String(), "\n")+strings.Repeat("\n", strings.Count(test.want, "\n")))
		})
	}
}
