package dispatch_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

// sender is a connection to web1.
type sender struct{}

func (sender) Send(*message.Message) error { return nil }

func (sender) Label(ev *dispatch.Event) {
	ev.Peer, ev.Link, ev.Name = "tcp://web1:99", 7, "tcp://here:4040"
}

// Whoever reads the log must know which of a thousand clients it is about.
func TestLogNamesThePeer(t *testing.T) {
	for _, commands := range []string{"FAIL", "FAIL INVALID UNKNOWN LEAK READY RESTART STOP QUITTING"} { // alone, and with the defaults
		var log bytes.Buffer
		d := dispatch.New(dispatch.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		require.NoError(t, d.On("FAIL", func(dispatch.Sender, *message.Message) error { return errors.New("disk full") }))
		all := strings.Fields(commands)
		if len(all) > 1 {
			require.NoError(t, d.Defaults(dispatch.DefaultsOptions{}))
		}
		for _, command := range all {
			d.Dispatch(sender{}, message.New(command))
		}
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		require.Len(t, lines, len(all))
		require.Contains(t, lines[0], `msg="message handler failed" command=FAIL`)
		for _, line := range lines {
			require.Contains(t, line, "peer=tcp://web1:99 link=7 name=tcp://here:4040")
		}
		log.Reset()
		d.Dispatch(nil, message.New("FAIL"))
		require.NotContains(t, log.String(), "peer=")
	}
}

// A peer that complains for ever must not fill the log.
func TestPeersCannotFloodTheLog(t *testing.T) {
	var log bytes.Buffer
	now := time.Unix(1000, 0)
	d := dispatch.New(dispatch.Options{
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Now:    func() time.Time { return now },
	})
	require.NoError(t, d.Defaults(dispatch.DefaultsOptions{}))
	m := message.New("INVALID").Set("command", "X")
	for range 1000 {
		d.Dispatch(nil, m)
	}
	require.Equal(t, 10, strings.Count(log.String(), "\n"))
	now = now.Add(time.Second)
	d.Dispatch(nil, m)
	require.Equal(t, 12, strings.Count(log.String(), "\n"))
	require.Contains(t, log.String(), "count=990")
}
