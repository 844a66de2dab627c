package link_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
)

// TestSendText: a line that is encoded already goes as it is, is counted and traced, and says in time that it does not fit.
func TestSendText(t *testing.T) {
	for _, traced := range []bool{false, true} {
		var seen []string
		d := dispatch.New(dispatch.Options{})
		if traced {
			d.SetTrace(func(ev *dispatch.Event) {
				if ev.Direction == dispatch.Out {
					seen = append(seen, ev.Outcome.String()+" "+string(ev.Raw))
				}
			})
		}
		require.NoError(t, d.Add(dispatch.Match{CatchAll: true, Handler: func(from dispatch.Sender, m *message.Message) error {
			l := from.(*link.Link)
			line := []byte("<a:b ROUTED text=yes")
			if !l.SpeaksText() {
				line = []byte("<a:b ROUTED text=no")
			}
			require.ErrorIs(t, l.SendText(make([]byte, 2<<20)), transport.ErrTooBig)
			return l.SendText(line)
		}}))
		s := serve(t, "unix:"+filepath.Join(t.TempDir(), "s"), link.Options{Dispatcher: d}, transport.Options{})
		require.Equal(t, "<a:b ROUTED text=yes\n<a:b ROUTED text=no\n", ask(t, s.at, "ONE\n{\"command\":\"TWO\"}\n"))
		done := make(chan link.Stats)
		require.NoError(t, s.loop.Post(func() { done <- s.server.Stats() }))
		require.EqualValues(t, 2, (<-done).Out)
		if traced {
			require.Contains(t, seen, "sent <a:b ROUTED text=yes")
			require.Len(t, seen, 4)
		}
	}
}
