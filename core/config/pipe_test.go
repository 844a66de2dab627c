package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/config"
)

// TestPipes: a FIFO keeps nobody waiting, and a file that comes by a pipe, as a shell's <(…) does, is read.
func TestPipes(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	began := time.Now()
	_, _, err := config.Reference(fifo + "@port")
	require.ErrorContains(t, err, "a FIFO that nobody writes to")
	silent, err := os.OpenFile(fifo, os.O_RDWR, 0)
	require.NoError(t, err)
	defer silent.Close()
	_, _, err = config.Reference(fifo + "@port")
	require.EqualError(t, err, `look up "`+fifo+`@port": read `+fifo+`: it is a pipe or a terminal whose writer has not ended within 2s`)
	require.Less(t, time.Since(began), 10*time.Second)

	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	time.AfterFunc(20*time.Millisecond, func() {
		_, _ = w.WriteString("port = 4040\n") // what is read tells
		_ = w.Close()
	})
	value, _, err := config.Reference(fmt.Sprintf("/dev/fd/%d@port", r.Fd()))
	require.NoError(t, err)
	require.Equal(t, "4040", value)
}
