package toolkit_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
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
			toolkittest.Release(t, fifo)
			f, err := toolkit.OpenFile(t.Context(), fifo, flags, 0)
			require.NoError(t, err)
			require.NoError(t, f.Close())
		})
	}
	none := filepath.Join(t.TempDir(), "none")
	_, err := toolkit.OpenFile(t.Context(), none, os.O_RDONLY, 0)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Equal(t, toolkit.NoInput, toolkit.KindOf(err))
	_, err = toolkit.OpenFile(t.Context(), none, os.O_WRONLY, 0)
	require.Equal(t, toolkit.CantCreate, toolkit.KindOf(err))
}

// TestReadFile: neither a pipe nor a file without end keeps anybody.
func TestReadFile(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	writer, err := os.OpenFile(fifo, os.O_RDWR, 0)
	require.NoError(t, err)
	defer writer.Close()
	_, err = writer.WriteString("some")
	require.NoError(t, err)
	enough := errors.New("enough")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, enough)
	defer cancel()
	_, err = toolkit.ReadFile(ctx, fifo, 1<<20)
	require.ErrorIs(t, err, enough)

	_, err = toolkit.ReadFile(t.Context(), "/dev/zero", 1<<20)
	require.EqualError(t, err, "read /dev/zero: it has more than 1 MiB")
	require.Equal(t, toolkit.Data, toolkit.KindOf(err))
	_, err = toolkit.ReadFile(t.Context(), t.TempDir(), 1<<20)
	require.Equal(t, toolkit.NoInput, toolkit.KindOf(err), "%v", err)

	whole := filepath.Join(t.TempDir(), "whole")
	require.NoError(t, os.WriteFile(whole, []byte("all of it"), 0o600))
	data, err := toolkit.ReadFile(t.Context(), whole, 9)
	require.NoError(t, err)
	require.Equal(t, "all of it", string(data))
}

// TestWriteFile: links, devices and FIFOs stay what they are.
func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report")
	link := filepath.Join(dir, "link")
	require.NoError(t, os.Symlink(path, link))
	require.NoError(t, toolkit.WriteFile(t.Context(), link, []byte("all of it"), 0o600))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "all of it", string(data))
	require.NoError(t, toolkit.WriteFile(t.Context(), "/dev/null", []byte("nothing"), 0o600))
	err = toolkit.WriteFile(t.Context(), filepath.Join(dir, "none", "report"), nil, 0o600)
	require.Equal(t, toolkit.CantCreate, toolkit.KindOf(err))

	fifo := filepath.Join(dir, "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	enough := errors.New("enough")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, enough)
	defer cancel()
	require.ErrorIs(t, toolkit.WriteFile(ctx, fifo, []byte("x"), 0o600), enough)
	reader, err := os.OpenFile(fifo, os.O_RDWR, 0)
	require.NoError(t, err)
	defer reader.Close()
	require.NoError(t, toolkit.WriteFile(t.Context(), fifo, []byte("x"), 0o600))
	got := make([]byte, 1)
	_, err = reader.Read(got)
	require.NoError(t, err)
	require.Equal(t, "x", string(got))
}
