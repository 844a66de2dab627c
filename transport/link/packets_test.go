package link_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
)

// rawPackets connects without our own code.
func rawPackets(t *testing.T, path string) (send func(string), recv func() string) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	require.NoError(t, unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 10}))
	require.NoError(t, unix.Connect(fd, &unix.SockaddrUnix{Name: path}))
	return func(text string) {
			_, err := unix.Write(fd, []byte(text)) // on 386 unix.Send does not keep what it sends while it waits
			require.NoError(t, err)
		},
		func() string {
			buf := make([]byte, 1<<17)
			n, err := unix.Read(fd, buf)
			for err == unix.EINTR { // signal(7): with a time-out the kernel does not start the call again
				n, err = unix.Read(fd, buf)
			}
			require.NoError(t, err)
			return string(buf[:n])
		}
}

// TestPacketIsLine: a packet is a message, with or without a line end; several lines
// in one packet are several.
func TestPacketIsLine(t *testing.T) {
	s := serve(t, "unixpacket:"+t.TempDir()+"/s", link.Options{Limit: 1000}, transport.Options{})
	send, recv := rawPackets(t, s.at.Path)
	for name, c := range map[string]struct {
		in   string
		want []string
	}{
		"bare":          {"PING a=1", []string{"PING a=1"}},
		"line feed":     {"PING a=1\n", []string{"PING a=1"}},
		"CR LF":         {"PING a=1\r\n", []string{"PING a=1"}},
		"two lines":     {"PING a=1\nPING a=2", []string{"PING a=1", "PING a=2"}},
		"three lines":   {"PING a=1\nPING a=2\n\nPING a=3\n", []string{"PING a=1", "PING a=2", "PING a=3"}},
		"only ends":     {"\n", nil},
		"JSON":          {`{"command":"PING"}`, []string{`{"command":"PING"}`}},
		"text again":    {"PING", []string{"PING"}},
		"no message":    {"p*ng", []string{"INVALID message="}},
		"half a line":   {"PING a=", []string{"PING a="}},
		"longest":       {"PING a=" + strings.Repeat("x", 993), []string{"PING a=" + strings.Repeat("x", 993)}},
		"ALIVE as ever": {"ALIVE serial=7", []string{"ABSOLUTELY reply_timestamp="}},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.HasPrefix(c.in, "{") {
				send("PING first=1") // the form of replies is that of the last message
				require.Equal(t, "PING first=1", recv())
			}
			send(c.in)
			for _, want := range c.want {
				got := recv()
				require.True(t, strings.HasPrefix(got, want), got)
				require.NotContains(t, got, "\n", "a packet needs no line end")
			}
		})
	}
	send("PING first=1") // the last case may have been the one in JSON
	require.Equal(t, "PING first=1", recv())
	send("PING a=" + strings.Repeat("x", 994))
	require.Contains(t, recv(), "INVALID message=", "over the limit it is as with lines")
	require.Empty(t, recv(), "the connection is closed")
}

// TestBlockingSeqpackets: what the blocking role sends and counts, and that nothing is
// lost when more comes than the inbox holds.
func TestBlockingSeqpackets(t *testing.T) {
	s := serve(t, "unixpacket:"+t.TempDir()+"/s", link.Options{}, transport.Options{})
	b := connect(t, s.at, link.BlockingOptions{})
	const n = 2000
	got := make(chan error, 1)
	go func() { got <- countTo(b, n) }()
	for i := range n {
		require.NoError(t, b.Send(message.New("COUNT").SetInt("n", int64(i)).Set("pad", strings.Repeat("x", i%700))))
	}
	require.ErrorIs(t, b.Send(message.New("BIG").Set("pad", strings.Repeat("x", 1<<16))), transport.ErrTooBig)
	require.NoError(t, b.Flush(soon(t)))
	require.EqualValues(t, n, b.Written())
	require.NoError(t, b.CloseWrite())
	require.NoError(t, <-got)
	require.NoError(t, b.Close())
}

// TestBlockingLongPacket: one that is over the limit takes nothing of the next with it.
func TestBlockingLongPacket(t *testing.T) {
	s := serve(t, "unixpacket:"+t.TempDir()+"/s", link.Options{}, transport.Options{})
	b := connect(t, s.at, link.BlockingOptions{Limit: 100})
	for _, pad := range []int{10, 1000, 20, 101, 30} {
		require.NoError(t, b.Send(message.New("PING").Set("pad", strings.Repeat("x", pad))))
		m, err := b.Recv(soon(t))
		if pad > 100 {
			require.ErrorIs(t, err, message.ErrTooLong)
			continue
		}
		require.NoError(t, err)
		got, _ := m.Get("pad")
		require.Len(t, got, pad)
	}
	require.NoError(t, b.Close())
}

// countTo receives n numbered messages and the end.
func countTo(b *link.Blocking, n int64) error {
	for i := range n {
		m, err := b.Recv(context.Background())
		if err != nil {
			return err
		}
		if got, err := m.Int("n"); err != nil || got != i {
			return fmt.Errorf("message %d is %d: %w", i, got, err)
		}
	}
	if _, err := b.Recv(context.Background()); err != io.EOF {
		return fmt.Errorf("at the end: %w", err)
	}
	return nil
}

// TestPacketsStall: requests in one packet wait while their replies do not go out.
func TestPacketsStall(t *testing.T) {
	s := serve(t, "unixpacket:"+t.TempDir()+"/s", link.Options{}, transport.Options{HighMark: 70_000})
	send, recv := rawPackets(t, s.at.Path)
	pad := strings.Repeat("x", 3000)
	const packets, lines = 30, 20
	go func() {
		for p := range packets {
			var all []string
			for i := range lines {
				all = append(all, fmt.Sprintf("PING n=%d;pad=%s", p*lines+i, pad))
			}
			send(strings.Join(all, "\n"))
		}
	}()
	<-time.After(20 * time.Millisecond) // meanwhile the way back fills up
	for i := range packets * lines {
		require.Equal(t, fmt.Sprintf("PING n=%d;pad=%s", i, pad), recv())
	}
}
