package pipe_test

import (
	"bytes"
	"errors"
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

// reader is a listener on a FIFO of its own, and what it heard.
type reader struct {
	*transporttest.World
	addr  address.Address
	l     transport.Listener
	heard []*transporttest.HalfRecorder // one for each connection
	on    func(c transport.Conn, p []byte)
}

func newReader(t *testing.T) *reader {
	return listenOn(transporttest.NewWorld(t), filepath.Join(t.TempDir(), "fifo"))
}

func listenOn(w *transporttest.World, path string) *reader {
	r := &reader{World: w, addr: address.FromUnix(address.FIFO, path)}
	l, err := pipe.Listen(w.Loop, r.addr, transport.Options{}, func(transport.Conn) transport.Handler {
		h := &transporttest.HalfRecorder{Recorder: transporttest.Recorder{T: w.T, Name: "reader"}}
		h.On = func(c transport.Conn, p []byte) {
			if r.on != nil {
				r.on(c, p)
			}
		}
		r.heard = append(r.heard, h)
		return h
	})
	require.NoError(w.T, err)
	r.l = l
	return r
}

// all is what came, over all connections.
func (r *reader) all() string {
	var b strings.Builder
	for _, h := range r.heard {
		b.Write(h.Data)
	}
	return b.String()
}

func (r *reader) ended(n int) func() bool {
	return func() bool {
		ended := 0
		for _, h := range r.heard {
			ended += h.Closed
		}
		return ended == n
	}
}

// write is what a shell does: echo text > fifo.
func (r *reader) write(text string) {
	f := r.open()
	_, err := f.WriteString(text)
	require.NoError(r.T, err)
	require.NoError(r.T, f.Close())
}

func (r *reader) open() *os.File {
	f, err := os.OpenFile(r.addr.Path, os.O_WRONLY, 0)
	require.NoError(r.T, err)
	return f
}

func (r *reader) close() {
	require.NoError(r.T, r.l.Close())
	r.Idle()
}

// TestWritersComeAndGo: each run of writers is a connection with an end, and nothing is lost between.
func TestWritersComeAndGo(t *testing.T) {
	r := newReader(t)
	for i := range 3 {
		r.write(fmt.Sprintf("one\nlast %d without an end", i))
		r.Until("it is read to its end", r.ended(i+1))
		h := r.heard[i]
		require.Equal(t, fmt.Sprintf("one\nlast %d without an end", i), string(h.Data))
		require.Equal(t, 1, h.EOFs)
		require.NoError(t, h.Err)
		require.Equal(t, r.addr, h.Conn.Remote())
		require.ErrorIs(t, h.Conn.Write([]byte("x")), transport.ErrClosed)
	}
	require.EqualValues(t, 3, r.l.Stats().Accepted)
	require.Zero(t, r.l.Stats().Open)
	r.close()
}

// TestWritersTogether: writers at the same time are one connection.
func TestWritersTogether(t *testing.T) {
	r := newReader(t)
	a, b := r.open(), r.open()
	_, err := a.WriteString("a\n")
	require.NoError(t, err)
	r.Until("a is heard", func() bool { return r.all() == "a\n" })
	require.NoError(t, a.Close())
	_, err = b.WriteString("b\n")
	require.NoError(t, err)
	r.Until("b is heard", func() bool { return r.all() == "a\nb\n" })
	require.Len(t, r.heard, 1)
	require.Zero(t, r.heard[0].EOFs)
	require.NoError(t, b.Close())
	r.Until("it ends", r.ended(1))
	r.close()
}

// TestSilentWriter: one that comes and goes without a word is nobody, and the loop does not spin over it.
func TestSilentWriter(t *testing.T) {
	r := newReader(t)
	for range 3 {
		require.NoError(t, r.open().Close())
		r.For(2 * time.Millisecond)
	}
	before := r.Loop.Stats().Turns
	r.For(20 * time.Millisecond)
	require.Less(t, r.Loop.Stats().Turns-before, uint64(10))
	require.Empty(t, r.heard)
	r.write("x")
	r.Until("a later one is heard", r.ended(1))
	r.close()
}

// TestManyWriters: writers that come and go as fast as they can, while the listener opens the FIFO again and again.
func TestManyWriters(t *testing.T) {
	const writers, times = 4, 500
	r := newReader(t)
	failed := make(chan error, writers)
	for w := range writers {
		go func() {
			for i := range times {
				f, err := os.OpenFile(r.addr.Path, os.O_WRONLY, 0)
				if err == nil {
					_, err = fmt.Fprintf(f, "%d %d\n", w, i)
				}
				if err == nil {
					err = f.Close()
				}
				if err != nil {
					failed <- err
					return
				}
			}
			failed <- nil
		}()
	}
	r.Until("every line arrives", func() bool { return strings.Count(r.all(), "\n") >= writers*times })
	for range writers {
		require.NoError(t, <-failed)
	}
	next := [writers]int{}
	for line := range strings.Lines(r.all()) {
		var w, i int
		_, err := fmt.Sscanf(line, "%d %d\n", &w, &i)
		require.NoError(t, err, line)
		require.Equal(t, next[w], i, "lines of writer %d", w)
		next[w]++
	}
	r.Until("all ends", func() bool { return r.l.Stats().Open == 0 })
	t.Logf("%d connections for %d writers", len(r.heard), writers*times)
	r.close()
}

// TestCloseOneConnection: a handler that closes does not close the FIFO.
func TestCloseOneConnection(t *testing.T) {
	r := newReader(t)
	r.on = func(c transport.Conn, _ []byte) { require.NoError(t, c.Close()) }
	f := r.open()
	for i := range 3 {
		_, err := f.WriteString("more\n")
		require.NoError(t, err)
		r.Until("it is heard", r.ended(i+1))
	}
	require.NoError(t, f.Close())
	require.Equal(t, "more\nmore\nmore\n", r.all())
	r.close()
}

// TestRefuseFIFO: what is refused, or closed unread, is dropped; the next is heard.
func TestRefuseFIFO(t *testing.T) {
	w := transporttest.NewWorld(t)
	r := &reader{World: w, addr: address.FromUnix(address.FIFO, filepath.Join(t.TempDir(), "fifo"))}
	heard := &transporttest.Recorder{T: t, Name: "reader"}
	calls := 0
	l, err := pipe.Listen(w.Loop, r.addr, transport.Options{}, func(c transport.Conn) transport.Handler {
		switch calls++; calls {
		case 1:
			return nil
		case 2:
			require.NoError(t, c.Close())
			return &transporttest.Recorder{T: t, Name: "closed unread"}
		case 3:
			panic("provoked in accept")
		}
		return heard
	})
	require.NoError(t, err)
	for i, text := range []string{"refused", "unread", "panicked"} {
		r.write(text)
		w.Until(text, func() bool { return calls == i+1 && l.Stats().Open == 0 })
	}
	r.write("heard")
	w.Until("it is heard", func() bool { return heard.Closed == 1 })
	require.Equal(t, "heard", string(heard.Data))
	require.EqualValues(t, 2, l.Stats().Refused)
	require.EqualValues(t, 2, l.Stats().Accepted)
	require.NoError(t, l.Close())
	w.Idle()
}

// TestMake: a FIFO is made with the rights asked for, and removed by who made it.
func TestMake(t *testing.T) {
	w := transporttest.NewWorld(t)
	path := filepath.Join(t.TempDir(), "fifo")
	a := address.FromUnix(address.FIFO, path)
	l, err := pipe.Listen(w.Loop, a, transport.Options{Mode: 0o622, Group: fmt.Sprint(os.Getgid())}, nil)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, fs.ModeNamedPipe|0o622, info.Mode())
	require.Equal(t, a, l.Addr())

	_, err = pipe.Listen(w.Loop, a, transport.Options{}, nil)
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	var used *pipe.InUseError
	require.ErrorAs(t, err, &used)
	require.FileExists(t, path)

	require.NoError(t, l.Close())
	require.NoError(t, l.Close())
	require.NoFileExists(t, path)

	require.NoError(t, unix.Mkfifo(path, 0o600))
	l, err = pipe.Listen(w.Loop, a, transport.Options{Mode: 0o666}, nil)
	require.NoError(t, err)
	info, err = os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode().Perm(), "one that was there is left as it was")
	require.NoError(t, l.Close())
	require.FileExists(t, path)

	// A successor's FIFO of the same name is not ours to remove.
	require.NoError(t, os.Remove(path))
	l, err = pipe.Listen(w.Loop, a, transport.Options{}, nil)
	require.NoError(t, err)
	require.NoError(t, os.Rename(path, path+".old"))
	require.NoError(t, unix.Mkfifo(path, 0o600))
	require.NoError(t, l.Close())
	require.FileExists(t, path)
	w.Idle()
}

func TestFIFOErrors(t *testing.T) {
	w := transporttest.NewWorld(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	at := func(path string) address.Address { return address.FromUnix(address.FIFO, path) }
	listen := func(a address.Address, o transport.Options) error {
		_, err := pipe.Listen(w.Loop, a, o, nil)
		return err
	}
	read := func(a address.Address, o transport.Options) error {
		_, err := pipe.Read(w.Loop, a, o, nil)
		return err
	}
	tests := []struct {
		name string
		do   func(address.Address, transport.Options) error
		a    address.Address
		o    transport.Options
		want string
		is   error
	}{
		{"a file", listen, at(file), transport.Options{}, `"` + file + `" exists and is not a FIFO; it was left alone`, nil},
		{"a folder", read, at(dir), transport.Options{}, "is not a FIFO", nil},
		{"no folder", listen, at(dir + "/no/fifo"), transport.Options{}, "mkfifo: no such file", fs.ErrNotExist},
		{"no such owner", read, at(dir + "/new"), transport.Options{Owner: "nobody:here"}, "look up owner", nil},
		{"a socket", listen, address.FromUnix(address.Unix, file), transport.Options{}, "not supported", transport.ErrUnsupported},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.do(tt.a, tt.o)
			require.ErrorContains(t, err, "listen "+tt.a.String()+": ")
			require.ErrorContains(t, err, tt.want)
			if tt.is != nil {
				require.ErrorIs(t, err, tt.is)
			}
		})
	}
	_, err := pipe.Dial(w.Loop, address.FromUnix(address.Unix, file), transport.Options{}, nil)
	require.ErrorIs(t, err, transport.ErrUnsupported)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing was left behind")
}

// TestRead: one connection that lives on whoever comes and goes.
func TestRead(t *testing.T) {
	w := transporttest.NewWorld(t)
	a := address.FromUnix(address.FIFO, filepath.Join(t.TempDir(), "fifo"))
	r := &reader{World: w, addr: a}
	h := &transporttest.HalfRecorder{Recorder: transporttest.Recorder{T: t, Name: "reader"}}
	c, err := pipe.Read(w.Loop, a, transport.Options{}, h)
	require.NoError(t, err)
	for _, text := range []string{"one\n", "two\n"} {
		r.write(text)
		w.Until("it is heard", func() bool { return bytes.HasSuffix(h.Data, []byte(text)) })
	}
	require.Zero(t, h.EOFs)
	require.NoError(t, c.Close())
	w.Idle()
	require.NoError(t, h.Err)
	require.NoFileExists(t, a.Path)
}

func isOp(t *testing.T, err error, op string) *transport.OpError {
	t.Helper()
	var e *transport.OpError
	require.True(t, errors.As(err, &e), "%v", err)
	require.Equal(t, op, e.Op)
	return e
}
