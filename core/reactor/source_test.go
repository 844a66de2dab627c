package reactor_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/core/reactor"
)

const both = reactor.Read | reactor.Write

func TestSourceIsCalledForWhatItWaitsFor(t *testing.T) {
	for _, c := range []struct {
		name     string
		interest reactor.Interest
		input    bool
		hangUp   bool
		want     reactor.Interest
	}{
		{"read", reactor.Read, true, false, reactor.Read},
		{"write", reactor.Write, true, false, reactor.Write},
		{"both", both, true, false, both},
		{"both without input", both, false, false, reactor.Write},
		{"hang-up comes as read", reactor.Read, false, true, reactor.Read},
		{"hang-up comes as write", reactor.Write, false, true, reactor.Write},
		{"hang-up comes as both", both, false, true, both},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLoop(t, reactor.Options{})
			one, two := socketPair(t)
			if c.input {
				send(t, two)
			}
			if c.hangUp {
				require.NoError(t, unix.Shutdown(two, unix.SHUT_RDWR))
			}
			var got reactor.Interest
			add(t, l, one, c.interest, func(s reactor.Source, ready reactor.Interest) {
				got = ready
				s.Remove()
			})
			run(t, l)
			require.Equal(t, c.want, got)
		})
	}
}

func TestSourceIsCalledAgainWhileReady(t *testing.T) {
	l, calls := newLoop(t, reactor.Options{}), 0
	add(t, l, readable(t), reactor.Read, func(s reactor.Source, _ reactor.Interest) {
		if calls++; calls == 5 {
			s.Remove()
		}
	})
	run(t, l)
	require.Equal(t, 5, calls, "level-triggered")
}

func TestAddRefuses(t *testing.T) {
	l := newLoop(t, reactor.Options{})
	h := handler(func(reactor.Source, reactor.Interest) {})
	one, _ := socketPair(t)
	add(t, l, one, reactor.Read, h)
	gone, err := unix.Dup(one)
	require.NoError(t, err)
	require.NoError(t, unix.Close(gone))
	read := reactor.SourceOptions{Interest: reactor.Read}

	_, err = l.Add(one, nil, read)
	require.ErrorContains(t, err, "no handler")
	_, err = l.Add(-1, h, read)
	require.ErrorIs(t, err, unix.EBADF)
	_, err = l.Add(gone, h, read)
	require.ErrorIs(t, err, unix.EBADF)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, interest := range []reactor.Interest{0, reactor.Read} {
		_, err = l.Add(1<<28, h, reactor.SourceOptions{Interest: interest})
		require.ErrorIs(t, err, unix.EBADF)
	}
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), "a wrong number costs nothing")

	require.NoError(t, l.Close())
	_, err = l.Add(one, h, read)
	require.ErrorIs(t, err, reactor.ErrClosed)
}

func TestOneDescriptorIsOneSource(t *testing.T) {
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer func() { require.NoError(t, null.Close()) }()
	one, _ := socketPair(t)
	for _, c := range []struct {
		name          string
		fd            int
		first, second reactor.Interest
	}{
		{"both read", one, reactor.Read, reactor.Read},
		{"the second is silent", one, reactor.Read, 0},
		{"the first is silent", one, 0, reactor.Read},
		{"both are silent", one, 0, 0},
		{"regular file", int(null.Fd()), reactor.Read, reactor.Read},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, calls := newLoop(t, reactor.Options{}), 0
			s := add(t, l, c.fd, c.first, func(s reactor.Source, _ reactor.Interest) {
				calls++
				s.Remove()
			})
			s.SetName("first")
			_, err := l.Add(c.fd, handler(func(reactor.Source, reactor.Interest) {}), reactor.SourceOptions{Name: "second", Interest: c.second})
			require.ErrorIs(t, err, unix.EEXIST)
			require.EqualError(t, err, fmt.Sprintf("add source second: descriptor %d is source first already: file exists", c.fd))
			require.Equal(t, 1, l.Stats().Sources)

			require.NoError(t, s.SetInterest(reactor.Write), "the first is as it was")
			run(t, l)
			require.Equal(t, 1, calls)
			add(t, l, c.fd, c.second, func(reactor.Source, reactor.Interest) {}).Remove()
		})
	}
}

func TestRegularFileIsAlwaysReady(t *testing.T) {
	l := newLoop(t, reactor.Options{})
	path := filepath.Join(t.TempDir(), "input")
	require.NoError(t, os.WriteFile(path, []byte("four"), 0o600))
	file, err := os.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	var text []byte
	add(t, l, int(file.Fd()), reactor.Read, func(s reactor.Source, ready reactor.Interest) {
		require.Equal(t, reactor.Read, ready)
		b := make([]byte, 1)
		n, err := unix.Read(s.FD(), b)
		require.NoError(t, err)
		if n == 0 {
			s.Remove()
		}
		text = append(text, b[:n]...)
	})
	turns := 0
	l.BeforeWait(func() { turns++ })
	run(t, l)
	require.Equal(t, "four", string(text))
	require.Equal(t, 6, turns, "one callback a turn, and the last look")
}

func TestRegularFileCanBeDisabled(t *testing.T) {
	l := newLoop(t, reactor.Options{})
	file, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	calls := 0
	add(t, l, int(file.Fd()), reactor.Read, func(s reactor.Source, _ reactor.Interest) {
		calls++
		require.NoError(t, s.SetEnabled(false))
	})
	run(t, l)
	require.Equal(t, 1, calls)
}

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

func TestPriorityOrder(t *testing.T) {
	l := newLoop(t, reactor.Options{})
	var order []int
	for _, p := range []int{100, 255, 3, 0, 100, 7, 101} {
		s := add(t, l, readable(t), reactor.Read, func(s reactor.Source, _ reactor.Interest) {
			order = append(order, p)
			s.Remove()
		})
		if p != reactor.DefaultPriority {
			s.SetPriority(uint8(p))
		}
	}
	run(t, l)
	require.True(t, slices.IsSorted(order), "%v", order)
	require.Len(t, order, 7)
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

func TestZeroSourceIsHarmless(t *testing.T) {
	var s reactor.Source
	s.Remove()
	s.Again()
	s.SetPriority(1)
	s.SetName("x")
	require.False(t, s.Valid())
	require.False(t, s.Enabled())
	require.Equal(t, -1, s.FD())
	require.Zero(t, s.Interest())
	require.ErrorIs(t, s.SetInterest(both), reactor.ErrGone)
}

func TestAgainTakesTheNextTurnWithoutWaiting(t *testing.T) {
	l := newLoop(t, reactor.Options{})
	one, two := socketPair(t)
	send(t, two)
	calls := 0
	add(t, l, one, both&^reactor.Write, func(s reactor.Source, ready reactor.Interest) {
		require.Equal(t, reactor.Read, ready)
		if calls == 0 {
			_, err := unix.Read(one, make([]byte, 8)) // the kernel has nothing left
			require.NoError(t, err)
		}
		if calls++; calls == 1000 {
			s.Remove()
			return
		}
		s.Again()
		s.Again()
	})
	run(t, l)
	require.Equal(t, 1000, calls, "one callback a turn, however often Again was called")
	require.EqualValues(t, 1001, l.Stats().Turns)
}

func TestAgainOfOneSourceLeavesTurnsToOthers(t *testing.T) {
	l := newLoop(t, reactor.Options{})
	greedy, modest := 0, 0
	add(t, l, readable(t), reactor.Read, func(s reactor.Source, _ reactor.Interest) {
		greedy++
		s.Again()
		if modest == 100 {
			s.Remove()
		}
	})
	add(t, l, readable(t), reactor.Read, func(s reactor.Source, _ reactor.Interest) {
		if modest++; modest == 100 {
			s.Remove()
		}
	})
	run(t, l)
	require.InDelta(t, modest, greedy, 2)
}

func TestAgainIsForgottenWithTheSource(t *testing.T) {
	l, calls := newLoop(t, reactor.Options{}), 0
	one, _ := socketPair(t)
	s := add(t, l, one, reactor.Read, func(reactor.Source, reactor.Interest) { calls++ })
	s.Again()
	s.Remove()
	s = add(t, l, one, reactor.Read, func(reactor.Source, reactor.Interest) { calls++ })
	l.After(0, "end", s.Remove)
	run(t, l)
	require.Zero(t, calls)
}

func TestManySourcesInOneTurn(t *testing.T) {
	const n = 300 // more than the first wait can bring
	l, calls := newLoop(t, reactor.Options{}), 0
	for range n {
		add(t, l, readable(t), reactor.Read, func(s reactor.Source, _ reactor.Interest) {
			calls++
			s.Remove()
		})
	}
	run(t, l)
	require.Equal(t, n, calls)
	require.LessOrEqual(t, l.Stats().Turns, uint64(5))
}
