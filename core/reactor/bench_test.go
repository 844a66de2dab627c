package reactor_test

import (
	"context"
	"testing"
	"unsafe"

	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func BenchmarkPost(b *testing.B) {
	l := quickLoop(b)
	f := func() {}
	b.ReportAllocs()
	left := b.N
	var step func()
	step = func() {
		for range min(left, 1000) {
			_ = l.Post(f)
			left--
		}
		if left > 0 {
			_ = l.Post(step)
		}
	}
	_ = l.Post(step)
	require.NoError(b, l.Run(context.Background()))
}

// BenchmarkTurn is one turn with one ready source: a byte through a socket pair and back.
func BenchmarkTurn(b *testing.B) {
	l := quickLoop(b)
	one, two := socketPair(b)
	left, buf := b.N, make([]byte, 1)
	add := func(fd int) {
		_, err := l.Add(fd, handler(func(reactor.Source, reactor.Interest) {
			_, _ = unix.Read(fd, buf)
			if left--; left <= 0 {
				l.Stop()
				return
			}
			_, _ = unix.Write(fd, buf)
		}), reactor.SourceOptions{Interest: reactor.Read})
		require.NoError(b, err)
	}
	add(one)
	add(two)
	_, _ = unix.Write(one, buf)
	b.ReportAllocs()
	b.ResetTimer()
	require.NoError(b, l.Run(context.Background()))
}

// BenchmarkTurnBare is a turn without I/O of the handler: what the loop itself costs. BenchmarkWaitBare is the part of
// it that is the kernel's.
func BenchmarkWaitBare(b *testing.B) {
	_, fd := socketPair(b)
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	require.NoError(b, err)
	defer func() { _ = unix.Close(ep) }()
	events := make([]unix.EpollEvent, 128)
	require.NoError(b, unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLOUT}))
	for b.Loop() {
		_, _, _ = unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(&events[0])), 128, 0, 0, 0)
	}
}

func BenchmarkTurnBare(b *testing.B) {
	l := quickLoop(b)
	_, fd := socketPair(b)
	left := b.N
	_, err := l.Add(fd, handler(func(reactor.Source, reactor.Interest) {
		if left--; left <= 0 {
			l.Stop()
		}
	}), reactor.SourceOptions{Interest: reactor.Write})
	require.NoError(b, err)
	b.ReportAllocs()
	b.ResetTimer()
	require.NoError(b, l.Run(context.Background()))
}

// BenchmarkWake is one post to a loop that waits, there and back.
func BenchmarkWake(b *testing.B) {
	l := quickLoop(b)
	l.Hold()
	ended := make(chan error, 1)
	go func() { ended <- l.Run(context.Background()) }()
	ran := make(chan struct{}, 1)
	f := func() { ran <- struct{}{} }
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		_ = l.Post(f)
		<-ran
	}
	b.StopTimer()
	_ = l.Post(l.Stop)
	require.NoError(b, <-ended)
}
