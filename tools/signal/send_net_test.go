package signal_test

import (
	"context"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/tools/signal"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// TestSendAll: all lines arrive in order, over every medium, from operands and from standard input.
func TestSendAll(t *testing.T) {
	for _, scheme := range schemes() {
		t.Run(scheme.String(), func(t *testing.T) {
			s := serve(t, scheme)
			w := world(t)
			w.Stdin.Reader = strings.NewReader("svc/A\n\n{\"command\":\"SILENT\"}\r\n<me:too X:svc/B x=1")
			require.NoError(t, w.Run(t.Context(), signal.SendCommand, "send", s.addr.String()))
			require.NoError(t, w.Run(t.Context(), signal.SendCommand, "send", "--host", s.addr.String(), "SILENT", "D"))
			us := "<test_hostexample:ed_send "
			require.Equal(t, []string{us + "svc/A", us + "SILENT", "<me:too X:svc/B x=1", us + "SILENT", us + "D"}, s.waitFor(t, 5))
			require.Empty(t, w.Out.String()+w.Err.String())
		})
	}
}

// TestSendStreams: what a slow producer writes goes out as it comes, not at its end.
func TestSendStreams(t *testing.T) {
	s := serve(t, address.TCP)
	w := world(t)
	in, feed := io.Pipe()
	w.Stdin.Reader = in
	over := make(chan error)
	go func() { over <- w.Run(t.Context(), signal.SendCommand, "send", s.addr.String()) }()
	for n := range 3 {
		_, err := feed.Write([]byte("SILENT\n"))
		require.NoError(t, err)
		s.waitFor(t, n+1)
	}
	require.NoError(t, feed.Close())
	require.NoError(t, <-over)
}

// TestSendPrintsReplies while it sends, and does not stop before all came.
func TestSendPrintsReplies(t *testing.T) {
	for _, scheme := range schemes() {
		t.Run(scheme.String(), func(t *testing.T) {
			s := serve(t, scheme)
			w := world(t)
			require.NoError(t, w.Run(t.Context(), signal.SendCommand, "send", "--replies=3", s.addr.String(), "A", "B", "C"))
			require.Equal(t, "test_hostexample:ed_send/A\ntest_hostexample:ed_send/B\ntest_hostexample:ed_send/C\n", w.Out.String())
		})
	}
}

// TestSendVanishingPeer: the end of the connection is an error that says how much went out, also while nothing is to be sent.
func TestSendVanishingPeer(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			where := rough(t, network, func(c net.Conn) {
				b := make([]byte, 1)
				_, _ = io.ReadFull(c, b)
			})
			w := world(t)
			w.Stdin.Reader = strings.NewReader(numbered(300_000))
			err := w.Run(t.Context(), signal.SendCommand, "send", where)
			require.Equal(t, toolkit.Unavailable, toolkit.KindOf(err), "%v", err)
			require.Regexp(t, `after \d+ message`, err.Error())

			in, feed := io.Pipe()
			defer feed.Close()
			w.Stdin.Reader = in
			go feed.Write([]byte("A\n"))
			err = w.Run(t.Context(), signal.SendCommand, "send", where)
			require.Equal(t, toolkit.Unavailable, toolkit.KindOf(err), "%v", err)
			require.Contains(t, err.Error(), "after 1 message")
		})
	}
}

// TestSendPeerGoesLast: a service that ends after the last message has got everything.
func TestSendPeerGoesLast(t *testing.T) {
	where := rough(t, "tcp", func(c net.Conn) {
		b := make([]byte, 1)
		for b[0] != '\n' {
			_, _ = io.ReadFull(c, b)
		}
	})
	in, feed := io.Pipe()
	w := world(t)
	w.Stdin.Reader = in
	go func() {
		_, _ = feed.Write([]byte("STOP\n"))
		time.AfterFunc(20*time.Millisecond, func() { feed.Close() })
	}()
	require.NoError(t, w.Run(t.Context(), signal.SendCommand, "send", where))
}

// TestSendSlowReader: nothing is lost to a peer that takes its time.
func TestSendSlowReader(t *testing.T) {
	const n = 200_000
	counted := make(chan int, 1)
	where := rough(t, "tcp", func(c net.Conn) {
		<-time.After(100 * time.Millisecond) // meanwhile every buffer on the way fills
		counted <- readLines(c)
	})
	w := world(t)
	w.Stdin.Reader = strings.NewReader(numbered(n))
	require.NoError(t, w.Run(t.Context(), signal.SendCommand, "send", "--timeout=1m", where))
	require.Equal(t, n, <-counted)
}

// TestSendStuckPeer: a peer that reads nothing ends in a time-out that says how much went out, and does not hold us up.
func TestSendStuckPeer(t *testing.T) {
	f, release := mute(t)
	where := rough(t, "unix", f)
	t.Cleanup(release)
	w := world(t)
	w.Stdin.Reader = strings.NewReader(numbered(300_000))
	start := time.Now()
	err := w.Run(t.Context(), signal.SendCommand, "send", "--timeout=50ms", where)
	require.Equal(t, toolkit.Timeout, toolkit.KindOf(err), "%v", err)
	require.Regexp(t, `does not read, \d+ messages went out`, err.Error())
	require.Less(t, time.Since(start), 30*time.Second)
}

// TestSendInterrupted: Ctrl-C ends it at once, also when the peer does not read.
func TestSendInterrupted(t *testing.T) {
	f, release := mute(t)
	where := rough(t, "unix", f)
	t.Cleanup(release)
	w := world(t)
	w.Stdin.Reader = strings.NewReader(numbered(300_000))
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted := &toolkit.Interrupted{Signal: os.Interrupt}
	time.AfterFunc(100*time.Millisecond, func() { cancel(interrupted) })
	start := time.Now()
	require.ErrorIs(t, w.Run(ctx, signal.SendCommand, "send", "--timeout=0", where), interrupted)
	require.Less(t, time.Since(start), 30*time.Second)
}

// TestSendReadsAnswers nobody asked for: a service stops reading when its answers are not read.
func TestSendReadsAnswers(t *testing.T) {
	const n = 50_000
	s := serve(t, address.Unix)
	w := world(t)
	w.Stdin.Reader = strings.NewReader(strings.Repeat("svc/HI text=0123456789012345678901234567890123456789\n", n))
	require.NoError(t, w.Run(t.Context(), signal.SendCommand, "send", s.addr.String()))
	require.Len(t, w.Out.String(), 0)
	require.Eventually(t, func() bool { return len(s.lines()) == n }, 5*time.Second, 10*time.Millisecond)
}

// TestSendHold stays until the peer has ended the connection.
func TestSendHold(t *testing.T) {
	where := rough(t, "tcp", func(c net.Conn) {
		_, _ = c.Read(make([]byte, 100))
		for _, l := range []string{"ONE\n", "TWO\n"} {
			_, _ = c.Write([]byte(l))
		}
	})
	w := world(t)
	require.NoError(t, w.Run(t.Context(), signal.SendCommand, "send", "--hold", where, "A"))
	require.Equal(t, "ONE\nTWO\n", w.Out.String())
}

// TestSendIdle ends when nothing came for a while.
func TestSendIdle(t *testing.T) {
	s := serve(t, address.UDP)
	w := world(t)
	const want = "test_hostexample:ed_send/A\ntest_hostexample:ed_send/B\n"
	for idle := 50 * time.Millisecond; w.Out.String() != want; idle *= 2 { // answers may come late on a busy machine
		require.Less(t, idle, 10*time.Second, "%q", w.Out)
		w = world(t)
		require.NoError(t, w.Run(t.Context(), signal.SendCommand, "send", "--idle="+idle.String(), s.addr.String(), "A", "B"))
	}

	err := w.Run(t.Context(), signal.SendCommand, "send", "--idle=30ms", "--until=Z", s.addr.String(), "A")
	require.Equal(t, toolkit.Timeout, toolkit.KindOf(err), "%v", err)
	require.Contains(t, err.Error(), "without Z")
}

// TestSendTooLong: a datagram over the limit is a bad line, wherever it is seen.
func TestSendTooLong(t *testing.T) {
	s := serve(t, address.UDP)
	long := "LONG text=" + strings.Repeat("x", 1200)
	err := world(t).Run(t.Context(), signal.SendCommand, "send", s.addr.String(), "SILENT", long)
	require.Equal(t, toolkit.Data, toolkit.KindOf(err), "%v", err)
	require.Contains(t, err.Error(), "message 2: ")
	err = world(t).Run(t.Context(), signal.SendCommand, "send", "-k", s.addr.String(), long, "SILENT a=1")
	require.Equal(t, toolkit.Data, toolkit.KindOf(err), "%v", err)
	require.NoError(t, world(t).Run(t.Context(), signal.SendCommand, "send", "--max-datagram=1300", s.addr.String(), long))
	s.waitFor(t, 3)
}

// BenchmarkSend is `ed send` of lines from standard input to a peer that only reads.
func BenchmarkSend(b *testing.B) {
	for _, network := range []string{"tcp", "unix"} {
		b.Run(network, func(b *testing.B) {
			where := rough(b, network, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
			w := world(b)
			line := "svc/PING serial=123456;object_name=users;timeout=1234567890\n"
			w.Stdin.Reader = strings.NewReader(strings.Repeat(line, b.N))
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			b.ResetTimer()
			require.NoError(b, w.Run(b.Context(), signal.SendCommand, "send", where))
		})
	}
}

// TestSendToHalfClosedPeer: a peer that has said all it had to say may still listen, and gets everything.
func TestSendToHalfClosedPeer(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			const n = 20_000
			counted := make(chan int, 1)
			where := rough(t, network, func(c net.Conn) {
				require.NoError(t, c.(interface{ CloseWrite() error }).CloseWrite())
				counted <- readLines(c)
			})
			w := world(t)
			in, feed := io.Pipe()
			w.Stdin.Reader = in
			go func() {
				_, _ = io.WriteString(feed, numbered(n/2)) // some before it is known
				time.AfterFunc(50*time.Millisecond, func() {
					_, _ = io.WriteString(feed, numbered(n/2))
					feed.Close()
				})
			}()
			require.NoError(t, w.Run(t.Context(), signal.SendCommand, "send", where))
			require.Equal(t, n, <-counted)
		})
	}
}

// TestSendToClosedPeer: what a peer that has gone cannot have read is not said to have been sent.
func TestSendToClosedPeer(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			gone := make(chan bool)
			where := rough(t, network, func(c net.Conn) {
				c.Close()
				close(gone)
			})
			w := world(t)
			in, feed := io.Pipe()
			w.Stdin.Reader = in
			go func() {
				<-gone
				time.AfterFunc(50*time.Millisecond, func() {
					_, _ = io.WriteString(feed, "ONE\n")
					feed.Close()
				})
			}()
			err := w.Run(t.Context(), signal.SendCommand, "send", where)
			require.Error(t, err)
			require.Contains(t, []toolkit.Kind{toolkit.Unavailable, toolkit.IO}, toolkit.KindOf(err), "%v", err)
		})
	}
}
