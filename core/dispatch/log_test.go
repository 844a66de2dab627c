package dispatch_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

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
