package reactor_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

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
