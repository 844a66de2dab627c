package signal_test

import (
	"context"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/tools/signal"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// flood says line without end as soon as something came, whatever the other side does.
func flood(line string) func(net.Conn) {
	return func(c net.Conn) {
		much := []byte(strings.Repeat(line+"\n", 1000))
		if _, err := c.Read(make([]byte, 1)); err != nil {
			return
		}
		for {
			if _, err := c.Write(much); err != nil {
				return
			}
		}
	}
}

// TestFlood: a peer that never stops talking does not keep us beyond --timeout, nor from what was waited for.
func TestFlood(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		command func(*toolkit.Env) *cli.Command
		line    string
		args    []string
		kind    toolkit.Kind // Other: no error
		printed int          // lines; -1: any number
	}{
		{"send", signal.SendCommand, "X", []string{"send", "A", "B"}, toolkit.Other, 0},
		{"send for replies", signal.SendCommand, "X", []string{"send", "--replies=3", "A"}, toolkit.Other, 3},
		{"send until", signal.SendCommand, "X", []string{"send", "--until=Y", "A"}, toolkit.Timeout, -1},
		{"request", signal.RequestCommand, "X", []string{"request", "A"}, toolkit.Other, 1},
		{"request, bad lines", signal.RequestCommand, "x", []string{"request", "A"}, toolkit.Protocol, -1},
		{"signal", signal.Command, "X", []string{"signal", "A", "--wait=2"}, toolkit.Other, 2},
		{"signal, bad lines", signal.Command, "x", []string{"signal", "A", "--wait"}, toolkit.Protocol, -1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := world(t)
			where := rough(t, "tcp", flood(test.line))
			timeout := "1m"
			if test.printed <= 0 {
				timeout = "2s" // it ends by that
			}
			start := time.Now()
			err := w.Run(t.Context(), test.command, append(test.args, "--timeout", timeout, "--host", where)...)
			require.Equal(t, test.kind, toolkit.KindOf(err), "%v", err)
			require.Equal(t, test.kind == toolkit.Other, err == nil, "%v", err)
			require.Less(t, time.Since(start), 30*time.Second)
			if test.printed >= 0 {
				require.Equal(t, test.printed, strings.Count(w.Out.String(), "\n"))
			}
		})
	}
}

// TestFloodInterrupted: Ctrl-C ends the wait for a peer that never stops talking.
func TestFloodInterrupted(t *testing.T) {
	t.Parallel()
	where := rough(t, "tcp", flood("X"))
	w := world(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted := &toolkit.Interrupted{Signal: os.Interrupt}
	time.AfterFunc(100*time.Millisecond, func() { cancel(interrupted) })
	start := time.Now()
	require.ErrorIs(t, w.Run(ctx, signal.SendCommand, "send", "--timeout=0", "--idle=1h", where, "A"), interrupted)
	require.Less(t, time.Since(start), 30*time.Second)
}
