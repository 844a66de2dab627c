package reactor_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/core/reactor"
)

// What is closed before it is removed, and open elsewhere, makes events for ever; the loop must not turn for ever by them, nor lose others.
func TestClosedElsewhereOpen(t *testing.T) {
	for name, end := range map[string]func(s reactor.Source){
		"removed":  func(s reactor.Source) { s.Remove() },
		"disabled": func(s reactor.Source) { _ = s.SetEnabled(false) },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t, reactor.Options{})
			fd, err := unix.FcntlInt(uintptr(readable(t)), unix.F_DUPFD_CLOEXEC, 0)
			require.NoError(t, err)
			s := add(t, l, fd, reactor.Read, func(reactor.Source, reactor.Interest) { require.Fail(t, "called") })
			require.NoError(t, unix.Close(fd))
			end(s)
			here, peer := socketPair(t)
			called := false
			add(t, l, here, reactor.Read, func(s reactor.Source, _ reactor.Interest) {
				called = true
				s.Remove()
			})
			l.After(20*time.Millisecond, "send", func() { send(t, peer) })
			run(t, l)
			require.True(t, called)
			require.Less(t, l.Stats().Turns, uint64(10))
		})
	}
}

// A callback removes another source that is ready in the same turn, closes its descriptor and registers a new one that
// gets the same number and the same slot.
func TestEventOfReusedDescriptorIsDropped(t *testing.T) {
	l := newLoop(t, reactor.Options{})
	calls := 0
	var pairs [2][2]int
	var sources [2]reactor.Source
	var fresh reactor.Source
	for i := range pairs {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		require.NoError(t, err)
		pairs[i] = [2]int(fds)
		send(t, fds[1])
	}
	for i := range sources {
		sources[i] = add(t, l, pairs[i][0], reactor.Read, func(s reactor.Source, _ reactor.Interest) {
			calls++
			other := 1 - i
			fd := sources[other].FD()
			sources[other].Remove()
			quiet, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
			require.NoError(t, err)
			require.NoError(t, unix.Dup3(quiet, fd, unix.O_CLOEXEC)) // closes fd and gives the number away
			require.NoError(t, unix.Close(quiet))
			fresh = add(t, l, fd, reactor.Read, func(reactor.Source, reactor.Interest) {
				require.Fail(t, "event of the source before")
			})
			s.Remove()
			l.After(0, "end", func() { fresh.Remove() })
		})
	}
	run(t, l)
	require.Equal(t, 1, calls)
	require.EqualValues(t, 1, l.Stats().Stale)
	for _, p := range pairs {
		_, _ = unix.Close(p[0]), unix.Close(p[1])
	}
}

// Closing without Remove is against the rule; the late Remove must not harm who has the number by then.
func TestLateRemoveSparesTheNextOwnerOfTheDescriptor(t *testing.T) {
	l, calls := newLoop(t, reactor.Options{}), 0
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer func() { _, _ = unix.Close(fds[0]), unix.Close(fds[1]) }()
	old := add(t, l, fds[0], reactor.Read, func(reactor.Source, reactor.Interest) {})
	require.NoError(t, unix.Dup3(readable(t), fds[0], unix.O_CLOEXEC))
	add(t, l, fds[0], reactor.Read, func(s reactor.Source, _ reactor.Interest) {
		calls++
		s.Remove()
	})
	require.ErrorIs(t, old.SetInterest(both), unix.EBADF)
	old.Remove()
	run(t, l)
	require.Equal(t, 1, calls)
}

// others are changed by whichever of two sources, both ready in the same turn, comes first.
func TestSourceChangedBeforeItsCallbackInTheSameTurn(t *testing.T) {
	for name, change := range map[string]func(reactor.Source){
		"remove":   reactor.Source.Remove,
		"disable":  func(s reactor.Source) { _ = s.SetEnabled(false) },
		"interest": func(s reactor.Source) { _ = s.SetInterest(reactor.Write); _ = s.SetEnabled(false) },
	} {
		t.Run(name, func(t *testing.T) {
			l, calls := newLoop(t, reactor.Options{}), 0
			var sources [2]reactor.Source
			for i := range sources {
				sources[i] = add(t, l, readable(t), reactor.Read, func(s reactor.Source, _ reactor.Interest) {
					calls++
					require.Equal(t, sources[i], s)
					change(sources[1-i])
					s.Remove()
				})
			}
			run(t, l)
			require.Equal(t, 1, calls)
		})
	}
}
