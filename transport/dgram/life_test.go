package dgram_test

import (
	"testing"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/dgram"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestInterest: epoll is asked for what is of use and nothing else; it would report the same thing again and again.
func TestInterest(t *testing.T) {
	w := transporttest.NewWorld(t)
	fds := socketPair(t)
	defer func() { require.NoError(t, unix.Close(fds[1])) }()
	c, err := dgram.New(w.Loop, fds[0], config, &transporttest.PacketRecorder{T: t})
	require.NoError(t, err)
	interest := func() reactor.Interest {
		w.For(time.Millisecond)
		for _, s := range w.Loop.Sources() {
			if s.FD == fds[0] {
				return s.Interest
			}
		}
		t.Fatal("it is not watched")
		return 0
	}
	require.Equal(t, reactor.Read, interest())
	c.Pause()
	require.Zero(t, interest(), "while paused")
	c.Resume()
	require.Equal(t, reactor.Read, interest())
	for c.Queued() == 0 {
		require.NoError(t, c.WriteTo([]byte("x"), address.Address{}))
	}
	require.Equal(t, reactor.Read|reactor.Write, interest(), "with a full receiver")
	buf := make([]byte, 10)
	w.Until("the queue goes out", func() bool {
		_, _ = unix.Read(fds[1], buf)
		return c.Queued() == 0
	})
	require.Equal(t, reactor.Read, interest(), "when all went out")
	for c.Queued() == 0 {
		require.NoError(t, c.WriteTo([]byte("x"), address.Address{}))
	}
	require.NoError(t, c.Close())
	require.Equal(t, reactor.Write, interest(), "after Close")
	c.Abort(nil)
	w.Idle()
}

// TestBytesOfQueue: the bytes that wait are bounded, too, and counted.
func TestBytesOfQueue(t *testing.T) {
	w := transporttest.NewWorld(t)
	cfg := config
	cfg.HighMark = 100
	c := dgram.Prepare(w.Loop, cfg, &transporttest.PacketRecorder{T: t})
	require.NoError(t, c.WriteTo(make([]byte, 60), address.Address{}))
	require.Equal(t, transport.ErrFull, c.WriteTo(make([]byte, 41), address.Address{}))
	require.NoError(t, c.WriteTo(make([]byte, 40), address.Address{}))
	require.Equal(t, 100, c.Stats().QueuedBytes)
	require.Equal(t, 2, c.Stats().Queued)
	c.Abort(nil)
	w.Idle()
}

// TestNothingLeftAtTheEnd: a socket that has closed leaves no timer on the loop, and calls all who want to know.
func TestNothingLeftAtTheEnd(t *testing.T) {
	w := transporttest.NewWorld(t)
	fds := socketPair(t)
	defer func() { require.NoError(t, unix.Close(fds[1])) }()
	r := &transporttest.PacketRecorder{T: t}
	c, err := dgram.New(w.Loop, fds[0], config, r)
	require.NoError(t, err)
	var ends []string
	c.OnEnd(func() { ends = append(ends, "first") })
	c.OnEnd(func() { ends = append(ends, "second") })
	for c.Queued() == 0 {
		require.NoError(t, c.WriteTo([]byte("x"), address.Address{}))
	}
	require.NoError(t, c.Close())
	w.For(time.Millisecond)
	require.Zero(t, r.Closed, "the queue is still to go out")
	c.Abort(nil)
	w.For(time.Millisecond)
	require.Equal(t, 1, r.Closed)
	require.Equal(t, []string{"first", "second"}, ends)
	require.Zero(t, w.Loop.Stats().TimersPending)
	require.Zero(t, c.Queued())
}

// TestBadDescriptor: what is wrong with a descriptor is told, and it stays the caller's.
func TestBadDescriptor(t *testing.T) {
	w := transporttest.NewWorld(t)
	_, err := dgram.New(w.Loop, -1, config, &transporttest.PacketRecorder{T: t})
	require.ErrorIs(t, err, unix.EBADF)
	fds := socketPair(t)
	cfg := config
	cfg.Remote.Path = "/a\x00b"
	_, err = dgram.New(w.Loop, fds[0], cfg, &transporttest.PacketRecorder{T: t})
	require.ErrorIs(t, err, unix.EINVAL)
	require.NoError(t, unix.Close(fds[0]))
	require.NoError(t, unix.Close(fds[1]))
	w.Idle()
}

// TestHandlerReplaced: the next packet goes to the new one.
func TestHandlerReplaced(t *testing.T) {
	w := transporttest.NewWorld(t)
	fds := socketPair(t)
	one, two := &transporttest.PacketRecorder{T: t}, &transporttest.PacketRecorder{T: t}
	one.On = func(c transport.PacketConn, _ []byte, _ address.Address) { c.SetHandler(two) }
	c, err := dgram.New(w.Loop, fds[0], config, one)
	require.NoError(t, err)
	for _, text := range []string{"1", "2", "3"} {
		_, err := unix.Write(fds[1], []byte(text))
		require.NoError(t, err)
	}
	w.Until("all are read", func() bool { return len(two.Packets) == 2 })
	require.Len(t, one.Packets, 1)
	require.NoError(t, unix.Close(fds[1]))
	c.Abort(nil)
	w.Idle()
	require.Equal(t, 1, two.Closed)
}
