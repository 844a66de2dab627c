package stream_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/stream"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

// sentBefore has connections answer within one turn, each with so many bytes after some work, and returns how many of the other
// answers were sent when the last handler began.
func sentBefore(t *testing.T, conns, answer int, work func()) (sent int) {
	w := transporttest.NewWorld(t)
	var all []*stream.Conn
	var peers []int
	asked := 0
	r := &transporttest.Recorder{T: t}
	r.On = func(c transport.Conn, _ []byte) {
		if asked++; asked == conns {
			for _, other := range all {
				sent += int(other.Stats().Writes)
			}
		}
		work()
		require.NoError(t, c.Write(make([]byte, answer)))
	}
	for range conns {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		require.NoError(t, err)
		c, err := stream.New(w.Loop, fds[0], stream.Config{Scheme: address.Unix}, &transporttest.Recorder{T: t, On: r.On})
		require.NoError(t, err)
		_, err = unix.Write(fds[1], []byte("x"))
		require.NoError(t, err)
		all, peers = append(all, c), append(peers, fds[1])
	}
	w.Until("all have asked", func() bool { return asked == conns })
	for i, c := range all {
		require.Zero(t, c.Queued())
		got, err := unix.Read(peers[i], make([]byte, answer))
		require.NoError(t, err)
		require.Equal(t, answer, got)
		require.NoError(t, unix.Close(peers[i]))
	}
	w.Idle()
	return sent
}

// TestAnswersGoTogether: what the callbacks of one turn wrote goes out at its end, or before when it is much or has waited long.
func TestAnswersGoTogether(t *testing.T) {
	nothing := func() {}
	together := false
	for try := 0; try < 100 && !together; try++ { // the machine may be so busy that a turn takes long
		together = sentBefore(t, 10, 100, nothing) == 0
	}
	require.True(t, together)

	// Of 39 answers at most 256 KiB wait; fewer do when the turn takes longer than an answer may.
	require.GreaterOrEqual(t, sentBefore(t, 40, 8<<10, nothing), 39-256/8)

	require.Equal(t, 9, sentBefore(t, 10, 17<<10, nothing), "a long answer does not wait")

	slow := func() {
		for began := time.Now(); time.Since(began) < time.Millisecond; {
		}
	}
	require.GreaterOrEqual(t, sentBefore(t, 10, 100, slow), 8)
}
