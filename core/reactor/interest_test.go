package reactor_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/core/reactor"
)

func TestInterestChanges(t *testing.T) {
	l := newLoop(t, reactor.Options{})
	fd := readable(t)
	var got []reactor.Interest
	var turns int
	s := add(t, l, fd, 0, func(s reactor.Source, ready reactor.Interest) {
		got = append(got, ready)
		switch len(got) {
		case 1:
			require.NoError(t, s.SetInterest(reactor.Read))
		case 2:
			require.NoError(t, s.SetInterest(both))
		case 3:
			require.NoError(t, s.SetInterest(0))
		}
	})
	remove := l.BeforeWait(func() {
		switch turns++; turns {
		case 3:
			require.Empty(t, got, "it waits for nothing")
			require.NoError(t, s.SetInterest(reactor.Write))
		case 10:
			s.Remove()
		default:
			_ = l.Post(func() {}) // keep turning
		}
	})
	run(t, l)
	remove()
	require.Equal(t, []reactor.Interest{reactor.Write, reactor.Read, both}, got)
	require.ErrorIs(t, s.SetInterest(reactor.Read), reactor.ErrGone)
}

func TestPauseTellsEpollOnlyWhenSomethingArrives(t *testing.T) {
	l := newLoop(t, reactor.Options{})
	one, two := socketPair(t)
	calls := 0
	s := add(t, l, one, reactor.Read, func(reactor.Source, reactor.Interest) { calls++ })
	require.NoError(t, s.SetInterest(0))
	require.Equal(t, reactor.Read, reactor.Told(s), "not yet")
	require.NoError(t, s.SetInterest(reactor.Read))
	require.NoError(t, s.SetInterest(0))
	send(t, two)
	turns := 0
	l.BeforeWait(func() {
		if turns++; turns < 4 {
			_ = l.Post(func() {})
			return
		}
		require.Zero(t, reactor.Told(s))
		s.Remove()
	})
	run(t, l)
	require.Zero(t, calls)
}

func TestLessWriteTellsEpollAtOnce(t *testing.T) {
	l := newLoop(t, reactor.Options{})
	one, _ := socketPair(t)
	s := add(t, l, one, both, func(reactor.Source, reactor.Interest) {})
	require.NoError(t, s.SetInterest(reactor.Read))
	require.Equal(t, reactor.Read, reactor.Told(s))
	s.Remove()
}

// What epoll refused may be tried again, and is not thought to be done.
func TestRefusedChangesCanBeTriedAgain(t *testing.T) {
	for name, change := range map[string]func(s reactor.Source) error{
		"interest": func(s reactor.Source) error { return s.SetInterest(reactor.Read) },
		"enabled":  func(s reactor.Source) error { return s.SetEnabled(true) },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t, reactor.Options{})
			other := readable(t)
			fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
			require.NoError(t, err)
			calls := 0
			s := add(t, l, fd, 0, func(s reactor.Source, _ reactor.Interest) {
				calls++
				s.Remove()
			})
			if name == "enabled" {
				require.NoError(t, s.SetEnabled(false))
				require.NoError(t, s.SetInterest(reactor.Read))
			}
			require.NoError(t, unix.Close(fd))
			require.ErrorIs(t, change(s), unix.EBADF)
			require.ErrorIs(t, change(s), unix.EBADF)
			require.NoError(t, unix.Dup3(other, fd, unix.O_CLOEXEC))
			defer unix.Close(fd)
			require.NoError(t, change(s))
			run(t, l)
			require.Equal(t, 1, calls)
		})
	}
}

func TestDisableAndEnable(t *testing.T) {
	l, calls := newLoop(t, reactor.Options{}), 0
	s := add(t, l, readable(t), reactor.Read, func(s reactor.Source, _ reactor.Interest) {
		if calls++; calls == 2 {
			s.Remove()
			return
		}
		require.NoError(t, s.SetEnabled(false))
		require.False(t, s.Enabled())
	})
	run(t, l)
	require.Equal(t, 1, calls)
	require.True(t, s.Valid())
	require.NoError(t, s.SetEnabled(true))
	require.NoError(t, s.SetEnabled(true))
	run(t, l)
	require.Equal(t, 2, calls)
	require.False(t, s.Valid())
	require.ErrorIs(t, s.SetEnabled(true), reactor.ErrGone)
}
