package reactor_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/reactor"
)

type ender func()

func (f ender) OnTurnEnd() { f() }

func TestOrderOfOneTurn(t *testing.T) {
	l := newLoop(t, reactor.Options{})
	now := time.Duration(0)
	reactor.SetClock(l, func() time.Duration { now += time.Microsecond; return now }) // or a busy machine makes the timer late
	var did []string
	note := func(s string) func() { return func() { did = append(did, s) } }
	fd := readable(t)
	require.NoError(t, l.Post(note("post")))
	l.After(0, "timer", note("timer"))
	l.BeforeWait(note("before"))
	l.BeforeWait(note("before 2"))
	l.AfterWait(note("after"))
	l.Later(ender(note("later")))
	add(t, l, fd, reactor.Read, func(s reactor.Source, _ reactor.Interest) {
		note("source")()
		l.Later(ender(note("flush")))
		s.Remove()
	})
	run(t, l)
	require.Equal(t, []string{"post", "timer", "before", "before 2", "later", "after", "source", "before", "before 2", "flush"}, did)
}

func TestHooksMayChangeWhileTheyRun(t *testing.T) {
	l := newLoop(t, reactor.Options{PostsPerTurn: 1})
	var did []string
	var removeSelf, removeOther func()
	removeSelf = l.BeforeWait(func() {
		did = append(did, "self")
		removeSelf()
		removeOther()
		l.BeforeWait(func() { did = append(did, "new") })
	})
	removeOther = l.BeforeWait(func() { did = append(did, "other") })
	for range 2 {
		require.NoError(t, l.Post(func() {}))
	}
	run(t, l)
	removeSelf()
	require.Equal(t, []string{"self", "new", "new"}, did)
}
