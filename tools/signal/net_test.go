package signal_test

import (
	"fmt"
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

// TestSignalArrives over every medium, and the reply comes back.
func TestSignalArrives(t *testing.T) {
	for _, scheme := range schemes() {
		t.Run(scheme.String(), func(t *testing.T) {
			s := serve(t, scheme)
			w := world(t)
			require.NoError(t, w.Run(t.Context(), signal.Command, "signal", "-H", s.addr.String(), "svc/SILENT", "a=1"))
			require.Equal(t, []string{from + "svc/SILENT a=1"}, s.waitFor(t, 1))
			require.Empty(t, w.Out.String()+w.Err.String())

			require.NoError(t, w.Run(t.Context(), signal.Command, "signal", "-H", s.addr.String(), "--wait", "svc/HI", "a=1"))
			require.Equal(t, "test_hostexample:ed_signal/HI a=1\n", w.Out.String())
		})
	}
}

// TestSignalSecret: datagrams carry it, streams do not.
func TestSignalSecret(t *testing.T) {
	for _, scheme := range []address.Scheme{address.TCP, address.UnixGram} {
		t.Run(scheme.String(), func(t *testing.T) {
			got := make(chan string, 1)
			where := listenOnce(t, scheme, got)
			require.NoError(t, world(t).Run(t.Context(), signal.Command, "signal", "-H", where, "-c", "abc", "svc/STOP"))
			want := from + "svc/STOP"
			if scheme == address.UnixGram {
				want += " secret_code=abc"
			}
			require.Equal(t, want, strings.TrimRight(<-got, "\n"))
		})
	}
}

// listenOnce hands over all that the first connection, or datagram, brings.
func listenOnce(t testing.TB, scheme address.Scheme, got chan<- string) string {
	if scheme == address.TCP {
		return rough(t, "tcp", func(c net.Conn) {
			text, _ := io.ReadAll(c)
			got <- string(text)
		})
	}
	where := t.TempDir() + "/s"
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: where, Net: "unixgram"})
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	go func() {
		b := make([]byte, 65536)
		n, _ := c.Read(b)
		got <- string(b[:n])
	}()
	return "unixgram:" + where
}

// TestNobodyListens: a refusal is seen over every medium, at once.
func TestNobodyListens(t *testing.T) {
	for _, scheme := range schemes() {
		t.Run(scheme.String(), func(t *testing.T) {
			where := free(t, scheme.String())
			start := time.Now()
			for _, args := range [][]string{{}, {"--wait"}} {
				err := world(t).Run(t.Context(), signal.Command, append([]string{"signal", "-H", where, "STOP"}, args...)...)
				require.Equal(t, toolkit.Unavailable, toolkit.KindOf(err), "%v", err)
				require.Contains(t, err.Error(), "nothing listens at "+where+": ")

				w := world(t)
				require.NoError(t, w.Run(t.Context(), signal.Command, append([]string{"signal", "-H", where, "--if-running", "STOP"}, args...)...))
				require.Empty(t, w.Err.String())
			}
			err := world(t).Run(t.Context(), signal.SendCommand, "send", where, "STOP")
			require.Equal(t, toolkit.Unavailable, toolkit.KindOf(err), "%v", err)
			err = world(t).Run(t.Context(), signal.RequestCommand, "request", where, "STOP")
			require.Equal(t, toolkit.Unavailable, toolkit.KindOf(err), "%v", err)
			require.Less(t, time.Since(start), 30*time.Second)
		})
	}
}

// TestSignalForbidden: a socket that the system does not let us use.
func TestSignalForbidden(t *testing.T) {
	if os.Geteuid() == 0 {
		return // root may do everything
	}
	s := serve(t, address.Unix)
	require.NoError(t, os.Chmod(s.addr.Path, 0))
	err := world(t).Run(t.Context(), signal.Command, "signal", "-H", s.addr.String(), "STOP")
	require.Equal(t, toolkit.Permission, toolkit.KindOf(err), "%v", err)
}

// TestSilentPeer: every wait has an end.
func TestSilentPeer(t *testing.T) {
	for _, scheme := range schemes() {
		t.Run(scheme.String(), func(t *testing.T) {
			t.Parallel()
			s := serve(t, scheme)
			for _, args := range [][]string{{"--wait"}, {"--until=X"}, {"--reply"}} {
				if args[0] == "--reply" && s.addr.IsDatagram() {
					continue
				}
				w := world(t)
				err := w.Run(t.Context(), signal.Command, append([]string{"signal", "--timeout=30ms", "-H", s.addr.String(), "SILENT"}, args...)...)
				require.Equal(t, toolkit.Timeout, toolkit.KindOf(err), "%v", err)
				require.Empty(t, w.Out.String())
			}
			err := world(t).Run(t.Context(), signal.RequestCommand, "request", "--timeout=30ms", s.addr.String(), "SILENT")
			require.Equal(t, toolkit.Timeout, toolkit.KindOf(err), "%v", err)
			err = world(t).Run(t.Context(), signal.SendCommand, "send", "--replies=2", "--timeout=2s", s.addr.String(), "HI", "SILENT")
			require.Equal(t, toolkit.Timeout, toolkit.KindOf(err), "%v", err)
			require.Contains(t, err.Error(), "after 1 of 2 replies")
		})
	}
}

// TestUnknownHost is told apart from a host that refuses.
func TestUnknownHost(t *testing.T) {
	for _, kind := range []string{"tcp", "udp"} {
		err := world(t).Run(t.Context(), signal.Command, "signal", "-t", kind, "-H", "no-such-host.invalid", "--if-running", "STOP")
		require.Contains(t, []toolkit.Kind{toolkit.NoHost, toolkit.Timeout}, toolkit.KindOf(err), "%v", err)
	}
}

// TestSignalHalfCloses so that a peer knows that this was all.
func TestSignalHalfCloses(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		got := make(chan string, 1)
		where := rough(t, network, func(c net.Conn) {
			text, err := io.ReadAll(c)
			got <- fmt.Sprint(string(text), err)
		})
		require.NoError(t, world(t).Run(t.Context(), signal.Command, "signal", "-H", where, "svc/STOP"))
		require.Equal(t, from+"svc/STOP\n<nil>", <-got)
	}
}

// TestReplyKeepsOpen: a C++ service that sees our end drops its reply, so there is none before the reply came.
func TestReplyKeepsOpen(t *testing.T) {
	where := rough(t, "tcp", func(c net.Conn) {
		b := make([]byte, 100)
		_, _ = c.Read(b)
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if _, err := c.Read(b); os.IsTimeout(err) {
			_, _ = c.Write([]byte("STILL open=1\r\nMORE\r\n"))
		}
	})
	w := world(t)
	require.NoError(t, w.Run(t.Context(), signal.Command, "signal", "-H", where, "--reply", "svc/STOP"))
	require.Equal(t, "STILL open=1\n", w.Out.String())
}

// TestRequest waits for each reply before it sends the next, and reuses the connection.
func TestRequest(t *testing.T) {
	conns := make(chan struct{}, 10)
	where := rough(t, "tcp", func(c net.Conn) {
		conns <- struct{}{}
		b := make([]byte, 1000)
		for {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			if strings.Count(string(b[:n]), "\n") != 1 {
				_, _ = c.Write([]byte("IMPATIENT\n"))
			}
			_, _ = c.Write([]byte("GOT\nLATE\n"))
		}
	})
	w := world(t)
	w.Stdin.Reader = strings.NewReader("A\nB\nC\n")
	require.NoError(t, w.Run(t.Context(), signal.RequestCommand, "request", "--replies=2", where, "-"))
	require.Equal(t, "GOT\nLATE\nGOT\nLATE\nGOT\nLATE\n", w.Out.String())
	require.Len(t, conns, 1)
}
