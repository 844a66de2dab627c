package reactor_test

import (
	"context"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"
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

func BenchmarkTimers(b *testing.B) {
	for _, size := range []struct {
		name    string
		pending int
	}{{"1M", 1_000_000}, {"10k", 10_000}} {
		b.Run("add/"+size.name, func(b *testing.B) { benchAdd(b, size.pending) })
		b.Run("cancel/"+size.name, func(b *testing.B) { benchCancel(b, size.pending) })
		b.Run("reset/"+size.name, func(b *testing.B) { benchReset(b, size.pending) })
	}
}

func pending(b *testing.B, n int) (*reactor.Loop, []reactor.Timer, []time.Duration) {
	l := quickLoop(b)
	delays := make([]time.Duration, n)
	timers := make([]reactor.Timer, n)
	f := func() {}
	for i := range timers {
		delays[i] = time.Minute + time.Duration(rand.Int64N(int64(time.Minute)))
		timers[i] = l.After(delays[i], "idle", f)
	}
	return l, timers, delays
}

func benchAdd(b *testing.B, n int) {
	l, _, delays := pending(b, n)
	added := make([]reactor.Timer, 0, 1000)
	f := func() {}
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if len(added) == cap(added) {
			b.StopTimer()
			for _, t := range added {
				t.Cancel()
			}
			added = added[:0]
			b.StartTimer()
		}
		added = append(added, l.After(delays[i%n], "idle", f))
	}
}

// BenchmarkTimerFire is a timer that comes up, its callback, and arming it anew, with many others pending.
func BenchmarkTimerFire(b *testing.B) {
	for _, size := range []struct {
		name    string
		pending int
	}{{"1M", 1_000_000}, {"10k", 10_000}} {
		b.Run(size.name, func(b *testing.B) {
			l, _, _ := pending(b, size.pending)
			const busy = 1000
			left := b.N
			var timers [busy]reactor.Timer
			for i := range timers {
				timers[i] = l.After(0, "busy", func() {
					if left--; left <= 0 {
						l.Stop()
						return
					}
					timers[i].Reset(0)
				})
			}
			b.ReportAllocs()
			b.ResetTimer()
			require.NoError(b, l.Run(context.Background()))
		})
	}
}

func benchCancel(b *testing.B, n int) {
	l, timers, delays := pending(b, n)
	f := func() {}
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; {
		b.StopTimer()
		some := make([]*reactor.Timer, min(1000, b.N-i))
		for k := range some {
			some[k] = &timers[rand.IntN(n)]
		}
		b.StartTimer()
		for _, t := range some {
			t.Cancel()
		}
		b.StopTimer()
		for _, t := range some {
			if !t.Active() {
				*t = l.After(delays[i%n], "idle", f)
			}
		}
		i += len(some)
		b.StartTimer()
	}
}

func benchReset(b *testing.B, n int) {
	_, timers, delays := pending(b, n)
	pick := make([]int, 1<<16)
	for i := range pick {
		pick[i] = rand.IntN(n)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		timers[pick[i&(1<<16-1)]].Reset(delays[i%n])
	}
}

// BenchmarkCollectMillion is a full garbage collection with a million timers.
func BenchmarkCollectMillion(b *testing.B) {
	l := quickLoop(b)
	f := func() {}
	for range 1_000_000 {
		l.After(time.Minute+time.Duration(rand.Int64N(int64(time.Minute))), "idle", f)
	}
	runtime.GC()
	b.ResetTimer()
	for b.Loop() {
		runtime.GC()
	}
	runtime.KeepAlive(l)
}

// BenchmarkTimerChange is what a connection does with its time-out: the timer is cancelled and another one armed.
func BenchmarkTimerChange(b *testing.B) {
	for _, size := range []struct {
		name    string
		pending int
	}{{"1M", 1_000_000}, {"10k", 10_000}} {
		b.Run(size.name, func(b *testing.B) {
			l, timers, delays := pending(b, size.pending)
			pick := make([]int, 1<<16)
			for i := range pick {
				pick[i] = rand.IntN(size.pending)
			}
			f := func() {}
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i++ {
				at := pick[i&(1<<16-1)]
				timers[at].Cancel()
				timers[at] = l.After(delays[i%size.pending], "idle", f)
			}
		})
	}
}

// BenchmarkPostFromOutside is a thousand posts in a row from another goroutine to a loop that waits, until the last one has
// run; an operation is one post.
func BenchmarkPostFromOutside(b *testing.B) {
	l := quickLoop(b)
	l.Hold()
	ended := make(chan error, 1)
	go func() { ended <- l.Run(context.Background()) }()
	ran := make(chan struct{}, 1)
	f, last := func() {}, func() { ran <- struct{}{} }
	b.ReportAllocs()
	b.ResetTimer()
	for left := b.N; left > 0; {
		n := min(left, 1000)
		for range n - 1 {
			_ = l.Post(f)
		}
		_ = l.Post(last)
		<-ran
		left -= n
	}
	b.StopTimer()
	_ = l.Post(l.Stop)
	require.NoError(b, <-ended)
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
