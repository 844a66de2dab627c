package router

import (
	"bufio"
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport/control"
)

// The router is looked into while it works: a message on its way is seen as it came and as it went.
func TestControlSocketShowsTheRouter(t *testing.T) {
	n := begin(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	look, err := control.Dial(ctx, address.FromUnix(address.Unix, n.path("control")))
	require.NoError(t, err)
	defer look.Close()
	_, err = look.Watch(ctx, inspect.WatchOptions{Filter: []string{"GREET", "outcome=malformed"}})
	require.NoError(t, err)

	service, err := net.Dial("unix", n.path("s"))
	require.NoError(t, err)
	defer service.Close()
	lines := bufio.NewScanner(service)
	expect := func(word string) {
		t.Helper()
		require.NoError(t, service.SetReadDeadline(time.Now().Add(patience)))
		for lines.Scan() {
			if m, err := message.Parse(lines.Bytes()); err == nil && m.Command() == word {
				return
			}
		}
		t.Fatalf("no %s came: %v", word, lines.Err())
	}
	_, err = io.WriteString(service, "REGISTER service=greeter;version=1\n")
	require.NoError(t, err)
	expect("READY")
	sender, err := net.Dial("unix", n.path("s"))
	require.NoError(t, err)
	defer sender.Close()
	_, err = io.WriteString(sender, "<x:me greeter/GREET name=world;password=hush\nb*d\n")
	require.NoError(t, err)
	expect("GREET")

	var shown []*inspect.Record
	for len(shown) < 3 {
		item, err := look.Next(ctx)
		require.NoError(t, err)
		if item.Record != nil {
			shown = append(shown, item.Record)
		}
	}
	require.Equal(t, dispatch.Out, shown[0].Direction)
	require.Contains(t, string(shown[0].Text), "greeter/GREET name=world;password=***")
	require.Equal(t, dispatch.In, shown[1].Direction)
	require.Equal(t, "<x:me greeter/GREET name=world;password=***", string(shown[1].Text))
	require.Equal(t, "forwarded", shown[1].Handler)
	require.Positive(t, shown[1].Took)
	require.NotEqual(t, shown[0].Link, shown[1].Link)
	require.Equal(t, dispatch.Malformed, shown[2].Outcome)

	sheets, err := look.Inspect(ctx, "router", "routes", "clients", "nodes", "cache", "connections", "process")
	require.NoError(t, err)
	require.Equal(t, "1", sheets[0].Value(0, "forwarded"))
	require.Equal(t, "n1", sheets[0].Value(0, "server"))
	found := false
	for i := range sheets[1].Rows {
		if sheets[1].Value(i, "service") == "greeter" {
			found = true
			require.Equal(t, "up", sheets[1].Value(i, "status"))
		}
	}
	require.True(t, found)
	require.Len(t, sheets[2].Rows, 2)
	require.Len(t, sheets[5].Rows, 2)
	require.Equal(t, "2", sheets[6].Value(0, "links"))

	_, err = look.Do(ctx, message.New("RESTART"))
	require.True(t, control.IsRefused(err), "%v", err)
	require.NoError(t, look.Send(message.New("LOG_ROTATE")))
	n.logged("log file is closed and opened anew")
	require.NoError(t, look.Send(message.New("STOP")))
	n.logged(`by="the control socket"`)
}

func TestNoControlSocket(t *testing.T) {
	n := begin(t, "control=none")
	_, err := control.Dial(t.Context(), address.FromUnix(address.Unix, n.path("control")))
	require.Error(t, err)
}
