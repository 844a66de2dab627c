package toolkit_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// TestOpenFile: a FIFO that nobody opens at its other end keeps nobody longer than the context.
func TestOpenFile(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	enough := errors.New("enough")
	for name, flags := range map[string]int{"read": os.O_RDONLY, "write": os.O_WRONLY} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(enough)
			_, err := toolkit.OpenFile(ctx, fifo, flags, 0)
			require.ErrorIs(t, err, enough)
			other, err := os.OpenFile(fifo, os.O_RDWR, 0) // the one that waits has what it waits for
			require.NoError(t, err)
			defer other.Close()
			f, err := toolkit.OpenFile(t.Context(), fifo, flags, 0)
			require.NoError(t, err)
			require.NoError(t, f.Close())
		})
	}
	_, err := toolkit.OpenFile(t.Context(), filepath.Join(t.TempDir(), "none"), os.O_RDONLY, 0)
	require.ErrorIs(t, err, os.ErrNotExist)
}
