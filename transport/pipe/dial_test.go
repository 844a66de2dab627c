package pipe_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/pipe"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func dial(w *transporttest.World, a address.Address, o transport.Options) (transport.Conn, *transporttest.Recorder) {
	h := &transporttest.Recorder{T: w.T, Name: "writer"}
	c, err := pipe.Dial(w.Loop, a, o, h)
	require.NoError(w.T, err)
	return c, h
}

func TestDialFIFO(t *testing.T) {
	r := newReader(t)
	c, h := dial(r.World, r.addr, transport.Options{})
	require.NoError(t, c.Write([]byte("before it opens\n")))
	r.Until("it is heard", func() bool { return r.all() == "before it opens\n" })
	require.Equal(t, 1, h.Opened)
	require.Equal(t, r.addr, c.Remote())
	_, ok := c.Peer()
	require.False(t, ok)
	require.NoError(t, c.Write([]byte("and after\n")))
	require.NoError(t, c.CloseWrite(), "with one way only, it is the end")
	r.Until("it ends", func() bool { return h.Closed == 1 })
	require.NoError(t, h.Err)
	r.Until("the reader sees it", r.ended(1))
	require.Equal(t, "before it opens\nand after\n", r.all())
	r.close()
}

func TestNobodyReads(t *testing.T) {
	w := transporttest.NewWorld(t)
	dir := t.TempDir()
	fifo, file := filepath.Join(dir, "fifo"), filepath.Join(dir, "file")
	require.NoError(t, unix.Mkfifo(fifo, 0o600))
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	var no *pipe.NoReaderError
	var not *pipe.NotFIFOError
	tests := []struct {
		name    string
		path    string
		o       transport.Options
		is      error
		as      any
		refused bool
	}{
		{"no reader", fifo, transport.Options{}, syscall.ENXIO, &no, true},
		{"no reader in time", fifo, transport.Options{WaitReader: true, ConnectTimeout: 30 * time.Millisecond}, transport.ErrTimeout, nil, false},
		{"no FIFO", fifo + "2", transport.Options{}, fs.ErrNotExist, nil, true},
		{"no FIFO in time", fifo + "2", transport.Options{WaitReader: true, ConnectTimeout: 30 * time.Millisecond}, transport.ErrTimeout, nil, false},
		{"a file", file, transport.Options{WaitReader: true}, nil, &not, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, h := dial(w, address.FromUnix(address.FIFO, tt.path), tt.o)
			require.Zero(t, h.Closed, "never from inside Dial")
			w.Idle()
			require.Zero(t, h.Opened)
			require.Equal(t, tt.refused, isOp(t, h.Err, "connect").Refused())
			if tt.is != nil {
				require.ErrorIs(t, h.Err, tt.is)
			}
			if tt.as != nil {
				require.ErrorAs(t, h.Err, tt.as)
			}
		})
	}
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Empty(t, content)
}

func TestWaitForReader(t *testing.T) {
	w := transporttest.NewWorld(t)
	path := filepath.Join(t.TempDir(), "fifo")
	c, h := dial(w, address.FromUnix(address.FIFO, path), transport.Options{WaitReader: true})
	require.NoError(t, c.Write([]byte("patience")))
	w.For(20 * time.Millisecond)
	require.Zero(t, h.Opened)
	r := listenOn(w, path)
	w.Until("it is heard", func() bool { return r.all() == "patience" })
	require.NoError(t, c.Close())
	w.Until("both end", func() bool { return h.Closed == 1 && r.ended(1)() })
	r.close()
}

// TestReaderGoes: it is an error if something was not read.
func TestReaderGoes(t *testing.T) {
	for name, tt := range map[string]struct {
		unread string
		queue  int
		want   error
	}{
		"all read":   {},
		"unread":     {"x", 0, syscall.EPIPE},
		"not taken":  {"", 500_000, syscall.EPIPE},
		"both of it": {"x", 500_000, syscall.EPIPE},
	} {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			path := filepath.Join(t.TempDir(), "fifo")
			require.NoError(t, unix.Mkfifo(path, 0o600))
			in, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
			require.NoError(t, err)
			c, h := dial(w, address.FromUnix(address.FIFO, path), transport.Options{})
			require.NoError(t, c.Write([]byte("read\n")))
			buf := make([]byte, 100)
			w.Until("it can be read", func() bool {
				n, err := unix.Read(in, buf)
				return err == nil && n > 0
			})
			require.NoError(t, c.Write([]byte(tt.unread)))
			require.NoError(t, c.Write(make([]byte, tt.queue)))
			w.For(5 * time.Millisecond)
			require.Zero(t, h.Closed)
			require.NoError(t, unix.Close(in))
			w.Idle()
			require.ErrorIs(t, h.Err, tt.want)
			require.Zero(t, c.Queued())
		})
	}
}

// TestReaderSleeps: a reader that does not read fills the queue, not the memory, and stops nothing else.
func TestReaderSleeps(t *testing.T) {
	w := transporttest.NewWorld(t)
	path := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, unix.Mkfifo(path, 0o600))
	in, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	c, h := dial(w, address.FromUnix(address.FIFO, path), transport.Options{HighMark: 100_000, CloseTimeout: 20 * time.Millisecond})
	w.Until("it opens", func() bool { return h.Opened == 1 })
	w.Until("the queue is full", func() bool { return c.Write(make([]byte, 10_000)) == transport.ErrFull })
	require.LessOrEqual(t, c.Queued(), 100_000)
	require.NoError(t, c.Close())
	w.Idle()
	require.ErrorIs(t, h.Err, transport.ErrTimeout)
	require.NoError(t, unix.Close(in))
}

// TestLinesDoNotMix: writers that write more at once than the kernel keeps together.
func TestLinesDoNotMix(t *testing.T) {
	const writers, lines = 4, 1000
	r := newReader(t)
	held := r.open() // one connection for all
	sent := 0
	for i := range writers {
		h := &transporttest.Recorder{T: t, Name: "writer"}
		next := 0
		h.Open = func(c transport.Conn) {
			for next < lines {
				// 1 to 4,000 bytes and the line end
				line := strings.Repeat(string(rune('a'+i)), 1+(next*7919)%4000)
				if c.Write([]byte(line+"\n")) != nil {
					return
				}
				next, sent = next+1, sent+1
			}
			require.NoError(t, c.Close())
		}
		h.Drain = h.Open
		_, err := pipe.Dial(r.Loop, r.addr, transport.Options{}, h)
		require.NoError(t, err)
	}
	r.Until("every line arrives", func() bool { return len(r.heard) > 0 && bytes.Count(r.heard[0].Data, []byte("\n")) == writers*lines })
	require.Equal(t, writers*lines, sent)
	changes, last := 0, byte(0)
	for line := range strings.Lines(r.all()) {
		line = strings.TrimSuffix(line, "\n")
		require.Equal(t, strings.Repeat(line[:1], len(line)), line, fmt.Sprintf("line of %d bytes", len(line)))
		if line[0] != last {
			changes, last = changes+1, line[0]
		}
	}
	require.Greater(t, changes, writers, "they never wrote by turns: the test tests nothing")
	require.NoError(t, held.Close())
	r.Until("it ends", r.ended(1))
	r.close()
}
