package signal

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
)

// TestWhatEndsARouter: who tells it to end need not hear from it what became of that.
func TestWhatEndsARouter(t *testing.T) {
	for line, want := range map[string]bool{
		"STOP": true, "communicatord/STOP": true, "communicatord/SHUTDOWN": true, "communicatord/LOG_ROTATE": false, "cluckd/STOP": false,
	} {
		m, err := message.Parse([]byte(line))
		require.NoError(t, err)
		require.Equal(t, want, endsRouter(m), line)
	}
}

// TestExited: how a command ended is said once.
func TestExited(t *testing.T) {
	how := errors.New("false: exit status 1")
	closing := fmt.Errorf("run exec:false: %w", how)
	for want, err := range map[string]error{
		"run exec:false: false: exit status 1":     nil,
		"send to exec:false: false: exit status 1": fmt.Errorf("send to exec:false: %w", how),
		"no answer: EOF (false: exit status 1)":    fmt.Errorf("no answer: %w", io.EOF),
	} {
		require.EqualError(t, exited(err, closing), want)
	}
	require.EqualError(t, exited(how, closing), "run exec:false: false: exit status 1")
}
