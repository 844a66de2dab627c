package pipe_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/pipe"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// TestMain is also a program that talks over its own standard input and output.
func TestMain(m *testing.M) {
	transporttest.Prepare()
	if os.Getenv("ED_TEST_STDIO") == "" {
		goleak.VerifyTestMain(m) // it exits
	}
	if err := stdio(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("this print goes nowhere")
	fmt.Fprintln(os.Stderr, "ended well")
}

// shout answers in capitals.
type shout struct{ err error }

func (*shout) OnOpen(transport.Conn) {}
func (*shout) OnData(c transport.Conn, p []byte) {
	if err := c.Write([]byte(strings.ToUpper(string(p)))); err != nil {
		c.Abort(err)
	}
}
func (*shout) OnDrain(transport.Conn)                {}
func (s *shout) OnClose(_ transport.Conn, err error) { s.err = err }

func stdio() error {
	l, err := reactor.New(reactor.Options{})
	if err != nil {
		return err
	}
	defer l.Close()
	h := &shout{}
	if _, err := pipe.Stdio(l, transport.Options{}, h); err != nil {
		return err
	}
	fmt.Println("a stray print")
	if err := l.Run(context.Background()); err != nil {
		return err
	}
	return h.err
}

func self() *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "ED_TEST_STDIO=1")
	return cmd
}

func TestStdio(t *testing.T) {
	file := filepath.Join(t.TempDir(), "in")
	require.NoError(t, os.WriteFile(file, []byte("from a file"), 0o600))
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	for name, tt := range map[string]struct {
		in   io.Reader
		want string
	}{
		"a pipe":    {strings.NewReader("from a pipe"), "FROM A PIPE"},
		"a file":    {f, "FROM A FILE"},
		"/dev/null": {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := self()
			cmd.Stdin = tt.in
			var stderr strings.Builder
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			require.NoError(t, err)
			require.Equal(t, tt.want, string(out))
			require.Equal(t, "ended well\n", stderr.String())
		})
	}
}

// TestBrokenStdout: a broken pipe on descriptor 1 is an error and not the end by SIGPIPE.
func TestBrokenStdout(t *testing.T) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, r.Close())
	cmd := self()
	cmd.Stdin, cmd.Stdout = strings.NewReader("x"), w
	var stderr strings.Builder
	cmd.Stderr = &stderr
	require.Error(t, cmd.Run())
	require.NoError(t, w.Close())
	require.Equal(t, 1, cmd.ProcessState.ExitCode(), stderr.String())
	require.Contains(t, stderr.String(), "broken pipe")
}

func nonblocking(t *testing.T, fd int) bool {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	require.NoError(t, err)
	return flags&unix.O_NONBLOCK != 0
}

func isNull(t *testing.T, fd int) bool {
	name, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	require.NoError(t, err)
	return name == os.DevNull
}

// TestTake: whoever shares the open files never sees them non-blocking, or no longer after the end.
func TestTake(t *testing.T) {
	type ends struct {
		in, out   int // to take
		far       pipe.Ends
		temporary bool // the flag has to be set meanwhile
	}
	tests := map[string]func(t *testing.T) ends{
		"pipes": func(t *testing.T) ends {
			near, far, err := pipe.Pipes()
			require.NoError(t, err)
			return ends{near.In, near.Out, far, false}
		},
		"a socket": func(t *testing.T) ends {
			near, far, err := pipe.Socketpair()
			require.NoError(t, err)
			other, err := unix.FcntlInt(uintptr(near), unix.F_DUPFD_CLOEXEC, 0)
			require.NoError(t, err)
			return ends{near, other, pipe.Ends{In: far, Out: far}, true}
		},
		"two sockets": func(t *testing.T) ends {
			a, farA, err := pipe.Socketpair()
			require.NoError(t, err)
			b, farB, err := pipe.Socketpair()
			require.NoError(t, err)
			return ends{a, b, pipe.Ends{In: farB, Out: farA}, true}
		},
		"a terminal": func(t *testing.T) ends {
			master, tty, err := pty.Open()
			require.NoError(t, err)
			defer tty.Close()
			in, err := unix.FcntlInt(tty.Fd(), unix.F_DUPFD_CLOEXEC, 0)
			require.NoError(t, err)
			out, err := unix.FcntlInt(tty.Fd(), unix.F_DUPFD_CLOEXEC, 0)
			require.NoError(t, err)
			raw, err := unix.IoctlGetTermios(in, unix.TCGETS)
			require.NoError(t, err)
			raw.Lflag &^= unix.ECHO
			require.NoError(t, unix.IoctlSetTermios(in, unix.TCSETS, raw))
			far, err := unix.FcntlInt(master.Fd(), unix.F_DUPFD_CLOEXEC, 0)
			require.NoError(t, err)
			require.NoError(t, master.Close())
			return ends{in, out, pipe.Ends{In: far, Out: far}, false}
		},
	}
	for name, make := range tests {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			e := make(t)
			sharedIn, err := unix.FcntlInt(uintptr(e.in), unix.F_DUPFD_CLOEXEC, 0)
			require.NoError(t, err)
			sharedOut, err := unix.FcntlInt(uintptr(e.out), unix.F_DUPFD_CLOEXEC, 0)
			require.NoError(t, err)
			h := &shout{}
			c, err := pipe.Take(w.Loop, e.in, e.out, pipe.Options{}, h)
			require.NoError(t, err)
			require.True(t, isNull(t, e.in) && isNull(t, e.out))
			require.Equal(t, e.temporary, nonblocking(t, sharedIn))
			require.Equal(t, e.temporary, nonblocking(t, sharedOut))

			_, err = unix.Write(e.far.Out, []byte("hello\n"))
			require.NoError(t, err)
			w.Until("it is answered", func() bool { return c.Stats().BytesOut == 6 })
			buf := [100]byte{}
			n, err := unix.Read(e.far.In, buf[:])
			require.NoError(t, err)
			require.Equal(t, "HELLO", strings.TrimRight(string(buf[:n]), "\r\n"))

			require.NoError(t, c.Close())
			w.Idle()
			require.NoError(t, h.err)
			require.False(t, nonblocking(t, sharedIn))
			require.False(t, nonblocking(t, sharedOut))
			for _, fd := range []int{e.in, e.out, sharedIn, sharedOut, e.far.In} {
				require.NoError(t, unix.Close(fd))
			}
			if e.far.Out != e.far.In {
				require.NoError(t, unix.Close(e.far.Out))
			}
		})
	}
}

// TestTakeNothing: what is not open, or no stream, is refused, and nothing is left open.
func TestTakeNothing(t *testing.T) {
	w := transporttest.NewWorld(t)
	near, far, err := pipe.Pipes()
	require.NoError(t, err)
	_, err = pipe.Take(w.Loop, near.In, -1, pipe.Options{}, nil)
	require.ErrorIs(t, err, unix.EBADF)
	_, err = pipe.Take(w.Loop, -1, near.Out, pipe.Options{}, nil)
	require.ErrorIs(t, err, unix.EBADF)
	dir, err := unix.Open(t.TempDir(), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	_, err = pipe.Take(w.Loop, dir, near.Out, pipe.Options{}, nil)
	require.ErrorIs(t, err, unix.EISDIR)
	_, err = pipe.New(w.Loop, -1, -1, pipe.Options{}, nil)
	require.Error(t, err)
	require.NoError(t, near.Close())
	require.NoError(t, far.Close())
	require.NoError(t, unix.Close(dir))
}
