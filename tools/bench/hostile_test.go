package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport"
)

// listener listens, and has serve called in a goroutine, which is over, with those that it adds to all, when the test is. It returns
// the address.
func listener(t *testing.T, serve func(l net.Listener, all *sync.WaitGroup)) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	var all sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
	})
	all.Go(func() { serve(l, &all) })
	return "unix:" + path
}

// peer listens, and has f answer what each connection sends; nil closes it. It returns the address.
func peer(t *testing.T, f func(sent []byte) []byte) string {
	t.Helper()
	return listener(t, func(l net.Listener, all *sync.WaitGroup) {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				buf := make([]byte, 65536)
				for {
					n, err := c.Read(buf)
					if err != nil {
						return
					}
					answer := f(buf[:n])
					if answer == nil {
						return
					}
					if _, err := c.Write(answer); err != nil {
						return
					}
				}
			})
		}
	})
}

// TestHostileServices: whatever comes back, the run ends in time, and says what was wrong without passing it on to the
// terminal.
func TestHostileServices(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		answer func([]byte) []byte
		kind   toolkit.Kind
		says   string
	}{
		{"mute", func([]byte) []byte { return []byte{} }, toolkit.Temporary, "nothing was answered"},
		{"closes", func([]byte) []byte { return nil }, toolkit.Temporary, "connections that failed: 2; the first: "},
		{"escape codes", func(p []byte) []byte {
			return bytes.Repeat([]byte("\x1b]0;owned\a=\n"), bytes.Count(p, []byte("\n")))
		}, toolkit.Temporary, `wrong answers; the first: \x1B]0;owned\x07=`},
		{"no line end", func(p []byte) []byte { return bytes.Repeat([]byte("x"), 100_000) }, toolkit.Temporary, "no answer was BENCH, which --reply changes; the first: line longer than"},
		{"twice", func(p []byte) []byte { return append(bytes.Clone(p), p...) }, 0, "dup 20"},
		{"blank lines", func(p []byte) []byte { return append([]byte("\n\r\n"), p...) }, 0, "received 20  lost 0  dup 0  reordered 0\n"},
		{"talks besides", func(p []byte) []byte {
			return append(bytes.Clone(p), "STATUS command=hello\nSTATUS command=hello\n"...)
		}, 0, "received 20  lost 0  dup 0  reordered 0  wrong "},
		{"not sent", func(p []byte) []byte { return bytes.ReplaceAll(p, []byte("=1"), []byte("=3")) }, toolkit.Temporary, "an answer to a message that was not sent"},
	} {
		for _, rate := range []string{"200/s", "max"} {
			t.Run(c.name+" "+rate, func(t *testing.T) {
				t.Parallel()
				w := toolkittest.New(t)
				length, wait := "1s", "100ms"
				if c.kind == 0 { // all is answered, however slow the machine is
					length, wait = "1m", "20s"
				}
				err := w.Run(context.Background(), Command, "bench", "request", peer(t, c.answer), "-r", rate, "-n", "20", "-c", "2", "-d", length, "--warmup", "0", "--answer-in", wait, "-q")
				if !strings.Contains(w.Out.String(), "late by its own fault") { // on a busy machine it may be
					require.Equal(t, c.kind, toolkit.KindOf(err), "%v %s", err, w.Out)
				}
				require.Contains(t, w.Out.String(), c.says)
				require.NotContains(t, w.Out.String(), "\x1b")
				require.NotContains(t, w.Err.String(), "\x1b")
				require.False(t, strings.ContainsRune(w.Out.String(), '\a'))
			})
		}
	}
}

// TestRouterThatHangsUp: a router that does not want anybody is unavailable.
func TestRouterThatHangsUp(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"router", "fanout"} {
		_, err := measure(t, kind, peer(t, func([]byte) []byte { return nil }), "-d", "1s")
		require.Equal(t, toolkit.Unavailable, toolkit.KindOf(err))
		require.ErrorContains(t, err, "the router closed the connection before it said READY")
	}
}

// TestIdleConnectionsThatEnd are told of, and why they ended.
func TestIdleConnectionsThatEnd(t *testing.T) {
	t.Parallel()
	service := listener(t, func(l net.Listener, _ *sync.WaitGroup) {
		var conns []net.Conn
		for range 4 {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns = append(conns, c)
		}
		defer conns[0].Close()
		first := make([]byte, 4096) // then all are there; they were opened in this order
		n, err := conns[0].Read(first)
		for _, idle := range conns[1:] {
			_ = idle.Close()
		}
		if err == nil {
			_, _ = conns[0].Write(first[:n])
			_, _ = io.Copy(conns[0], conns[0])
		}
	})
	r, err := measure(t, "request", service, "-c", "1", "--idle", "3", "-n", "200", "-r", "200/s")
	require.NotNil(t, r, err)
	require.Equal(t, toolkit.Temporary, toolkit.KindOf(err))
	require.Equal(t, uint64(3), r.Counts.Failed)
	require.Contains(t, strings.Join(r.Reasons, "; "), "connections that failed: 3; the first: the service closed an idle connection")
}

// TestMessagesThatDoNotCome: a FIFO that nobody writes to keeps nobody from ending.
func TestMessagesThatDoNotCome(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	defer toolkittest.Release(t, fifo)
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(10*time.Millisecond, func() { cancel(&toolkit.Interrupted{Signal: os.Interrupt}) })
	err := toolkittest.New(t).Run(ctx, Command, "bench", "request", "unix:/nobody", "--file", fifo)
	require.Equal(t, toolkit.Interrupt, toolkit.KindOf(err), "%v", err)
	err = toolkittest.New(t).Run(t.Context(), Command, "bench", "request", "unix:/nobody", "--file", fifo, "--timeout", "20ms")
	require.EqualError(t, err, "read "+fifo+": nothing came for 20ms")
	require.Equal(t, toolkit.NoInput, toolkit.KindOf(err))
	err = toolkittest.New(t).Run(t.Context(), Command, "bench", "request", "unix:/nobody", "--baseline", fifo, "--timeout", "20ms")
	require.EqualError(t, err, "read "+fifo+": it did not end within 20ms")
	require.Equal(t, toolkit.NoInput, toolkit.KindOf(err))
}

// TestNumberThatIsNone: an answer that is called as it should be, and says that it is about something that is no number, is wrong.
func TestNumberThatIsNone(t *testing.T) {
	for _, seq := range []string{"-5", "1e11", "99999999999999999999999999", `""`} {
		where := peer(t, func(p []byte) []byte {
			return bytes.Repeat([]byte("BENCH seq="+seq+"\n"), bytes.Count(p, []byte("\n")))
		})
		r, err := measure(t, "request", where, "-r", "200/s", "-n", "20", "-c", "2", "--warmup", "0", "--answer-in", "1s")
		require.Equal(t, toolkit.Temporary, toolkit.KindOf(err), seq)
		require.Equal(t, uint64(20), r.Counts.Wrong, seq)
		require.Zero(t, r.Counts.Received, seq)
	}
}

// TestReportThatNobodyReads: Ctrl-C ends the wait for who reads a FIFO.
func TestReportThatNobodyReads(t *testing.T) {
	t.Parallel()
	fifo := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	where := service(t, "unix")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	w, done := toolkittest.New(t), make(chan error, 1)
	go func() {
		done <- w.Run(ctx, Command, "bench", "request", where, "-n", "5", "-o", "text", "-o", "json="+fifo, "-q")
	}()
	require.Eventually(t, func() bool { return strings.Contains(w.Out.String(), "verdict: ") }, limit, time.Millisecond)
	begin := time.Now()
	cancel(&toolkit.Interrupted{Signal: os.Interrupt})
	require.Equal(t, toolkit.Interrupt, toolkit.KindOf(<-done))
	require.Less(t, time.Since(begin), pipePatience/2)
	toolkittest.Release(t, fifo)
}

// TestNobodyListens: whatever the medium, that ends the run at once.
func TestNobodyListens(t *testing.T) {
	t.Parallel()
	nobody := filepath.Join(t.TempDir(), "nobody")
	gone, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	require.NoError(t, gone.Close())
	udp := "udp://" + gone.LocalAddr().String()
	for _, args := range [][]string{
		{"request", "unix:" + nobody}, {"request", "unixgram:" + nobody}, {"request", udp, "--workers", "2"}, {"request", udp, "-r", "max"},
		{"pub", "unixgram:" + nobody, "-r", "max"}, {"pub", udp}, {"connect", "unix:" + nobody}, {"connect", "unix:" + nobody, "-r", "max"},
		{"request", udp, "-r", "find:10..20"},
	} {
		r, err := measure(t, append(args, "--warmup", "1h")...)
		require.Equal(t, toolkit.Unavailable, toolkit.KindOf(err), args)
		require.Nil(t, r)
	}
}

// TestWhoGoes: somebody took the first and has gone. The others fail, are counted, and the run ends.
func TestWhoGoes(t *testing.T) {
	t.Parallel()
	where := listener(t, func(l net.Listener, _ *sync.WaitGroup) {
		if c, err := l.Accept(); err == nil {
			_ = l.Close()
			_ = c.Close()
		}
	})
	r, err := measure(t, "connect", where, "-r", "100/s", "-n", "50", "-d", "1m", "--warmup", "0")
	if err != nil { // on a busy machine it may be
		require.ErrorContains(t, err, "late by its own fault")
	}
	require.NotZero(t, r.Counts.Received)
	require.NotZero(t, r.Counts.Failed)
	require.Equal(t, uint64(50), r.Counts.Received+r.Counts.Failed)
	require.Contains(t, strings.Join(r.Notes, "; "), fmt.Sprintf("connections that failed: %d; the first: connect", r.Counts.Failed))

	// Who took datagrams is gone: each is told, and the window is not held for the generator's fault.
	path := filepath.Join(t.TempDir(), "s")
	packets, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	require.NoError(t, err)
	over := make(chan error, 1)
	go func() {
		sent := make([]byte, 1000)
		var err error
		for answered := 0; err == nil && answered < 9; answered++ { // the window is 8: who sends so many has heard of the first
			var n int
			var from *net.UnixAddr
			if n, from, err = packets.ReadFromUnix(sent); err == nil {
				_, err = packets.WriteToUnix(sent[:n], from)
			}
		}
		over <- errors.Join(err, packets.Close())
	}()
	r, err = measure(t, "request", "unixgram:"+path, "-r", "500/s", "-d", "300ms", "--warmup", "0", "--answer-in", "1s")
	require.NoError(t, <-over)
	require.Equal(t, toolkit.Temporary, toolkit.KindOf(err), err)
	require.NotZero(t, r.Counts.Received)
	require.NotZero(t, r.Counts.Failed)
	require.LessOrEqual(t, r.Counts.Failed, uint64(8), "as many as the window has")
	require.Contains(t, strings.Join(r.Reasons, "; "), fmt.Sprintf("datagrams that failed: %d; the first: send", r.Counts.Failed))
	require.Contains(t, strings.Join(r.Reasons, "; "), "the window was full")
}

// TestWhoWasThere: once something came back, or a while went well, a refusal is a result.
func TestWhoWasThere(t *testing.T) {
	refused := &transport.OpError{Op: "receive", Err: syscall.ECONNREFUSED}
	for name, tt := range map[string]struct {
		heard        bool
		warmup, runs time.Duration
		err          error
		ends         bool
	}{
		"in the warm-up":     {false, 2 * time.Hour, time.Hour, refused, true},
		"at once":            {false, 0, -time.Hour, refused, true},
		"later":              {false, 0, time.Second, refused, false},
		"measured":           {false, time.Hour, time.Hour, refused, false},
		"somebody was there": {true, 2 * time.Hour, time.Hour, refused, false},
		"no refusal":         {false, 2 * time.Hour, time.Hour, &transport.OpError{Op: "connect", Err: syscall.EADDRNOTAVAIL}, false},
	} {
		t.Run(name, func(t *testing.T) {
			loop, err := reactor.New(reactor.Options{})
			require.NoError(t, err)
			defer loop.Close()
			w := &worker{loop: loop, begin: time.Now().Add(-tt.runs), from: int64(tt.warmup), heard: tt.heard, now: newInterval(), report: func(event) {}}
			w.failed(tt.err)
			require.Equal(t, tt.ends, w.err != nil)
			require.Equal(t, !tt.ends, w.now.failures == 1)
		})
	}
}
