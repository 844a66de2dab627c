package reactor_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/core/reactor"
)

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
