package proc_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/core/proc/proctest"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

// limit bounds every wait of these tests; on a good day they need milliseconds.
const limit = 40 * time.Second

func TestMain(m *testing.M) {
	transporttest.Prepare()
	if !proctest.Play(map[string]func(){"become": playBecome}) {
		goleak.VerifyTestMain(m)
	}
}

// open opens a handle for the length of the test.
func open(t *testing.T, pid int) *proc.Handle {
	t.Helper()
	h, err := proc.System{}.Open(pid)
	require.NoError(t, err)
	t.Cleanup(func() { _ = h.Close() })
	return h
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}
