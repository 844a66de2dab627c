package child_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/child"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/ed-toolbox/ed/transport/unixsock"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// TestMain is also the programs that some tests run.
func TestMain(m *testing.M) {
	transporttest.Prepare()
	switch os.Getenv("ED_TEST_CHILD") {
	case "relay":
		os.Exit(relay(os.Getenv("ED_TEST_SOCKET")))
	case "parent":
		os.Exit(parent())
	}
	goleak.VerifyTestMain(m)
}

// relay connects its standard input and output to a socket, end of stream for end of stream.
func relay(path string) int {
	c, err := net.Dial("unix", path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	u := c.(*net.UnixConn)
	out := make(chan bool)
	go func() {
		_, _ = io.Copy(os.Stdout, u) // an error ends both ways, below
		os.Stdout.Close()
		out <- true
	}()
	if _, err := io.Copy(u, os.Stdin); err != nil {
		_, _ = io.Copy(io.Discard, os.Stdin)
	}
	_ = u.CloseWrite() // it may be gone
	<-out
	return 0
}

// parent runs a child that is to die with it, and tells its number.
func parent() int {
	l, err := reactor.New(reactor.Options{})
	if err != nil {
		return 1
	}
	j, err := child.Start(l, child.Options{DeathSignal: syscall.SIGKILL}, cmd("sleep 1000"))
	if err != nil {
		return 1
	}
	fmt.Println(j.PIDs()[0])
	_ = l.Run(context.Background())
	return 0
}

func TestConform(t *testing.T) {
	transporttest.RunStream(t, func(t *testing.T) transporttest.Medium {
		n := 0
		dir := t.TempDir()
		return transporttest.Medium{
			Listen: func(l *reactor.Loop, o transport.Options, accept transport.Accept) (transport.Listener, error) {
				n++
				return unixsock.Listen(l, address.FromUnix(address.Unix, fmt.Sprintf("%s/%d", dir, n)), o, accept)
			},
			Dial: func(l *reactor.Loop, a address.Address, o transport.Options, h transport.Handler) (transport.Conn, error) {
				c := child.Command{Path: os.Args[0], Set: []string{"ED_TEST_CHILD=relay", "ED_TEST_SOCKET=" + a.Path, "GORACE=atexit_sleep_ms=0"}}
				return child.Talk(l, c, child.TalkOptions{Options: o, Remote: a, Errors: func([]byte) {}}, h), nil
			},
			Many: 50,
			Without: map[string]string{
				"addresses":              "the names are those of the command and of the relay's socket",
				"connection refused":     "it is the relay that is refused, after it was started",
				"listener closed":        "the same",
				"most connections":       "the relays connect in any order",
				"close inside callbacks": "a relay that is ended at once does not get to connect: TestEndInside",
			},
		}
	})
}

func talk(w *transporttest.World, line string) (transport.Conn, *transporttest.HalfRecorder) {
	h := &transporttest.HalfRecorder{Recorder: transporttest.Recorder{T: w.T, Name: "talker"}}
	c, err := child.Dial(w.Loop, address.Address{Scheme: address.Exec, Path: line}, transport.Options{}, h)
	require.NoError(w.T, err)
	return c, h
}

func TestCat(t *testing.T) {
	w := transporttest.NewWorld(t)
	c, h := talk(w, "cat")
	require.Equal(t, "exec:cat", c.Remote().String())
	require.NoError(t, c.Write([]byte("before it opens ")))
	w.Until("it echoes", func() bool { return h.Received == 16 })
	require.NoError(t, c.Write([]byte("and after")))
	require.NoError(t, c.CloseWrite())
	w.Until("cat ends", func() bool { return h.EOFs == 1 })
	require.Equal(t, "before it opens and after", string(h.Data))
	require.NoError(t, c.Close())
	w.Idle()
	require.NoError(t, h.Err)
	noChildren(t)
}

// TestTalkEnds: who ended it, and how, is what OnClose says.
func TestTalkEnds(t *testing.T) {
	tests := map[string]struct {
		line string
		do   func(c transport.Conn)
		want string
	}{
		"it ends well":         {"echo bye", nil, ""},
		"it fails":             {"sh -c 'echo bye; exit 3'", nil, "run exec:sh -c 'echo bye; exit 3': sh: exit status 3"},
		"it is killed":         {"sh -c 'kill -USR1 $$'", nil, "sh: signal USR1"},
		"it does not listen":   {"sh -c 'exec <&-; exit 9'", func(c transport.Conn) { _ = c.Write(make([]byte, 500_000)) }, "sh: exit status 9"},
		"we hang up":           {"cat", func(c transport.Conn) { c.Close() }, ""},
		"we hang up, it fails": {"sh -c 'cat; exit 3'", func(c transport.Conn) { c.Close() }, ""},
		"we abort":             {"sleep 1000", func(c transport.Conn) { c.Abort(errBroken) }, errBroken.Error()},
		"it goes on talking":   {"yes", func(c transport.Conn) { c.Close() }, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			h := &transporttest.Recorder{T: t, Name: "talker", Discard: true, Open: tt.do}
			_, err := child.Dial(w.Loop, address.Address{Scheme: address.Exec, Path: tt.line}, transport.Options{}, h)
			require.NoError(t, err)
			w.Idle()
			require.Equal(t, 1, h.Closed)
			if tt.want == "" {
				require.NoError(t, h.Err)
			} else {
				require.ErrorContains(t, h.Err, tt.want)
			}
			noChildren(t)
		})
	}
}

// TestEndOfChildIsTheEnd: also for a handler that could go on writing after the end of stream.
func TestEndOfChildIsTheEnd(t *testing.T) {
	for line, want := range map[string]string{"true": "", "sh -c 'exit 3'": "sh: exit status 3", "sh -c 'exec >&-; sleep 0.05; exit 4'": "sh: exit status 4"} {
		w := transporttest.NewWorld(t)
		_, h := talk(w, line)
		w.Idle()
		require.Equal(t, 1, h.EOFs, line)
		require.Equal(t, 1, h.Closed, line)
		if want == "" {
			require.NoError(t, h.Err)
		} else {
			require.ErrorContains(t, h.Err, want)
		}
		noChildren(t)
	}
}

// TestEndInside ends the connection inside each callback.
func TestEndInside(t *testing.T) {
	for _, where := range []string{"OnOpen", "OnData", "OnDrain", "OnEOF"} {
		for name, end := range map[string]func(transport.Conn){
			"Close": func(c transport.Conn) { c.Close() },
			"Abort": func(c transport.Conn) { c.Abort(errBroken) },
			"both":  func(c transport.Conn) { c.Close(); c.Abort(errBroken); c.Close() },
		} {
			t.Run(name+" in "+where, func(t *testing.T) {
				w := transporttest.NewWorld(t)
				h := &transporttest.HalfRecorder{Recorder: transporttest.Recorder{T: t, Name: "talker", Discard: true}}
				stop := func(c transport.Conn) {
					end(c)
					require.Zero(t, h.Closed)
				}
				line := "cat"
				switch where {
				case "OnOpen":
					h.Open = stop
				case "OnData":
					line = "sh -c 'echo x; cat'"
					h.On = func(c transport.Conn, _ []byte) { stop(c) }
				case "OnDrain":
					h.Drain = stop
					h.Open = func(c transport.Conn) {
						for c.Write(make([]byte, 50_000)) == nil && !c.Congested() {
						}
					}
				case "OnEOF":
					line = "true"
					h.EOF = stop
				}
				_, err := child.Dial(w.Loop, address.Address{Scheme: address.Exec, Path: line}, transport.Options{}, h)
				require.NoError(t, err)
				w.Idle()
				require.Equal(t, 1, h.Closed)
				if name == "Close" {
					require.NoError(t, h.Err)
				} else {
					require.Equal(t, errBroken, h.Err)
				}
				noChildren(t)
			})
		}
	}
}

// TestDeafChild: one that does not end with its input, nor by TERM, is killed with all that it started.
func TestDeafChild(t *testing.T) {
	w := transporttest.NewWorld(t)
	h := &transporttest.Recorder{T: t, Name: "talker"}
	c := child.Talk(w.Loop, sh("trap '' TERM; sleep 1000 >&- & echo $!; exec >&-; wait"), child.TalkOptions{Grace: 20 * time.Millisecond}, h)
	w.Idle()
	var pid int
	_, err := fmt.Sscan(string(h.Data), &pid)
	require.NoError(t, err)
	gone(w, pid)
	require.NoError(t, h.Err, "it is we who ended it")
	require.ErrorIs(t, c.Write(nil), transport.ErrClosed)
	c.Abort(nil)
	require.NoError(t, c.Close())
	w.Idle()
	noChildren(t)
}

// TestWhatTheChildCannotHave: what the pipe has not taken is known, and it is known that no more is.
func TestWhatTheChildCannotHave(t *testing.T) {
	w := transporttest.NewWorld(t)
	c, h := talk(w, "sleep 1000")
	require.NoError(t, c.Write(make([]byte, 500_000)))
	w.Until("the pipe is full", func() bool { return c.Stats().BytesOut > 0 })
	require.Less(t, c.Stats().BytesOut, uint64(500_000))
	_, known := c.(transport.Acknowledger).Unacked()
	require.False(t, known)
	c.Abort(nil)
	w.Idle()
	require.Equal(t, 1, h.Closed)
	require.Less(t, c.Stats().BytesOut, uint64(500_000))
	bytes, _ := c.(transport.Discarder).Discarded()
	require.EqualValues(t, 500_000, c.Stats().BytesOut+uint64(bytes))
}

// TestErrorsThatAreHeldOpen: something that outlives the child and has its standard error does not keep the loop alive.
func TestErrorsThatAreHeldOpen(t *testing.T) {
	w := transporttest.NewWorld(t)
	var heard strings.Builder
	h := &transporttest.Recorder{T: t, Name: "talker"}
	child.Talk(w.Loop, sh("sleep 1000 <&- >&- & echo $!; echo ready >&2"), child.TalkOptions{Errors: func(p []byte) { heard.Write(p) }}, h)
	w.Idle()
	require.Equal(t, 1, h.Closed)
	require.NoError(t, h.Err)
	require.Equal(t, "ready\n", heard.String())
	var pid int
	_, err := fmt.Sscan(string(h.Data), &pid)
	require.NoError(t, err)
	lives(w, pid)
}

func TestTalkErrors(t *testing.T) {
	w := transporttest.NewWorld(t)
	var complaints strings.Builder
	h := &transporttest.Recorder{T: t, Name: "talker"}
	c := child.Talk(w.Loop, sh("echo complaint >&2; cat"), child.TalkOptions{Errors: func(p []byte) { complaints.Write(p) }}, h)
	require.Equal(t, address.Exec, c.Remote().Scheme)
	w.Until("it complains", func() bool { return complaints.String() == "complaint\n" })
	require.NoError(t, c.Close())
	w.Idle()
	require.NoError(t, h.Err)

	_, h2 := talk(w, "./no-such-service --now")
	require.Zero(t, h2.Closed)
	w.Idle()
	require.Zero(t, h2.Opened)
	var op *transport.OpError
	require.True(t, errors.As(h2.Err, &op))
	require.False(t, op.Refused())
	require.EqualError(t, op, `start exec:./no-such-service --now: "./no-such-service": no such file`)
	var wrong *child.StartError
	require.ErrorAs(t, h2.Err, &wrong)

	_, err := child.Dial(w.Loop, address.Address{Scheme: address.Exec, Path: "sh 'x"}, transport.Options{}, nil)
	require.ErrorContains(t, err, "never closed")
	_, err = child.Dial(w.Loop, address.FromUnix(address.FIFO, "/x"), transport.Options{}, nil)
	require.ErrorIs(t, err, transport.ErrUnsupported)
	noChildren(t)
}

// TestManyChildren: a hundred at once, each with its own echo.
func TestManyChildren(t *testing.T) {
	w := transporttest.NewWorld(t)
	const n = 100
	echoed := 0
	for i := range n {
		c, h := talk(w, "cat")
		text := fmt.Sprintf("child %d", i)
		require.NoError(t, c.Write([]byte(text)))
		h.On = func(c transport.Conn, _ []byte) {
			if string(h.Data) == text {
				echoed++
				require.NoError(t, c.Close())
			}
		}
	}
	w.Idle()
	require.Equal(t, n, echoed)
	noChildren(t)
}

// TestSocketIsNotInherited: a child does not hold our listeners open.
func TestSocketIsNotInherited(t *testing.T) {
	w := transporttest.NewWorld(t)
	l, err := unixsock.Listen(w.Loop, address.FromUnix(address.Unix, filepath.Join(t.TempDir(), "s")), transport.Options{}, nil)
	require.NoError(t, err)
	h := &transporttest.Recorder{T: t, Name: "talker"}
	_, err = child.Dial(w.Loop, address.Address{Scheme: address.Exec, Path: "ls -l /proc/self/fd"}, transport.Options{}, h)
	require.NoError(t, err)
	w.Until("it ends", func() bool { return h.Closed == 1 })
	require.NotContains(t, string(h.Data), "socket:")
	require.Contains(t, string(h.Data), "pipe:")
	require.NoError(t, l.Close())
	w.Idle()
}
