package reactor_test

import (
	"bytes"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/reactor"
)

// careful is a handler that looks after its own panics.
type careful struct {
	ready func(s reactor.Source)
	panic func(s reactor.Source, err error)
}

func (c *careful) OnReady(s reactor.Source, _ reactor.Interest) { c.ready(s) }
func (c *careful) OnPanic(s reactor.Source, err error)          { c.panic(s, err) }

func loggedLoop(t *testing.T) (*reactor.Loop, *bytes.Buffer) {
	var log bytes.Buffer
	return newLoop(t, reactor.Options{Name: "main", Logger: slog.New(slog.NewTextHandler(&log, nil))}), &log
}

func TestPanicOfEveryKindOfCallbackIsSurvived(t *testing.T) {
	fail := func() { panic("oops") }
	for name, setUp := range map[string]func(t *testing.T, l *reactor.Loop){
		"post":     func(t *testing.T, l *reactor.Loop) { require.NoError(t, l.Post(fail)) },
		"one-shot": func(_ *testing.T, l *reactor.Loop) { l.After(0, "one-shot", fail) },
		"date":     func(_ *testing.T, l *reactor.Loop) { l.At(time.Now(), "date", fail) },
		"interval": func(_ *testing.T, l *reactor.Loop) { l.Every(1, "interval", func(int) { fail() }) },
		"hook":     func(_ *testing.T, l *reactor.Loop) { l.BeforeWait(fail) },
		"turn end": func(_ *testing.T, l *reactor.Loop) { l.Later(ender(fail)) },
		"source": func(t *testing.T, l *reactor.Loop) {
			s := add(t, l, readable(t), reactor.Read, func(reactor.Source, reactor.Interest) { fail() })
			s.SetName("source")
		},
	} {
		t.Run(name, func(t *testing.T) {
			l, log := loggedLoop(t)
			setUp(t, l)
			others := 0
			for range 3 {
				require.NoError(t, l.Post(func() { others++ }))
				l.After(2*time.Millisecond, "other", func() { others++ })
				l.Later(ender(func() { others++ }))
			}
			l.BeforeWait(func() {})
			run(t, l)
			require.Equal(t, 9, others)
			require.EqualValues(t, 1, l.Stats().Panics, "what panicked was removed")
			require.Zero(t, l.Stats().Enabled)
			require.Zero(t, l.Stats().TimersPending)
			require.Contains(t, log.String(), `msg="panic in callback" loop=main callback=`)
			require.Contains(t, log.String(), name)
			require.Contains(t, log.String(), "oops")
			require.Contains(t, log.String(), "panic_test.go")
		})
	}
}

func TestOnPanic(t *testing.T) {
	cause := errors.New("cause")
	t.Run("keeps the source", func(t *testing.T) {
		l, _ := loggedLoop(t)
		calls, panics := 0, 0
		_, err := l.Add(readable(t), &careful{
			ready: func(s reactor.Source) {
				if calls++; calls == 3 {
					s.Remove()
				}
				panic(cause)
			},
			panic: func(s reactor.Source, err error) {
				panics++
				require.True(t, s.Valid())
				require.ErrorIs(t, err, cause)
				var p *reactor.PanicError
				require.ErrorAs(t, err, &p)
				require.Equal(t, "guarded", p.Callback)
				require.NotEmpty(t, p.Stack)
				require.EqualError(t, err, "panic in guarded: cause")
			},
		}, reactor.SourceOptions{Name: "guarded", Interest: reactor.Read})
		require.NoError(t, err)
		run(t, l)
		require.Equal(t, 3, calls)
		require.Equal(t, 2, panics, "not for a source that is gone")
		require.EqualValues(t, 3, l.Stats().Panics)
	})
	t.Run("may panic too", func(t *testing.T) {
		l, log := loggedLoop(t)
		_, err := l.Add(readable(t), &careful{
			ready: func(reactor.Source) { panic(1) },
			panic: func(reactor.Source, error) { panic(2) },
		}, reactor.SourceOptions{Kind: "odd", Interest: reactor.Read})
		require.NoError(t, err)
		run(t, l)
		require.EqualValues(t, 2, l.Stats().Panics)
		require.Zero(t, l.Stats().Sources)
		require.Contains(t, log.String(), "panic in OnPanic")
	})
}

// carefulEnder looks after its own panics.
type carefulEnder struct {
	ender
	panic func(s reactor.Source, err error)
}

func (c carefulEnder) OnPanic(s reactor.Source, err error) { c.panic(s, err) }

func TestOnPanicOfAnEnder(t *testing.T) {
	l, log := loggedLoop(t)
	cause := errors.New("cause")
	heard, others := 0, 0
	careful := carefulEnder{func() { panic(cause) }, func(s reactor.Source, err error) {
		heard++
		require.False(t, s.Valid())
		require.ErrorIs(t, err, cause)
		require.EqualError(t, err, "panic in turn end: cause")
		if heard == 2 {
			panic("once more")
		}
	}}
	for range 2 {
		l.Later(ender(func() { others++ }))
		l.Later(careful)
	}
	l.Later(ender(func() { others++ }))
	run(t, l)
	require.Equal(t, 2, heard)
	require.Equal(t, 3, others)
	require.EqualValues(t, 3, l.Stats().Panics)
	require.Contains(t, log.String(), "panic in OnPanic")
}

func TestOtherSourcesOfTheTurnAreServedAfterAPanic(t *testing.T) {
	l, _ := loggedLoop(t)
	served := 0
	for i := range 10 {
		add(t, l, readable(t), reactor.Read, func(s reactor.Source, _ reactor.Interest) {
			served++
			if i%3 == 0 {
				panic(i)
			}
			s.Remove()
		})
	}
	run(t, l)
	require.Equal(t, 10, served)
	require.EqualValues(t, 4, l.Stats().Panics)
	require.EqualValues(t, 2, l.Stats().Turns)
}

// brokenLog is what a logger may write to.
type brokenLog struct{}

func (brokenLog) Write([]byte) (int, error) { panic("no more paper") }

func TestPanicOfTheLoggerIsSurvived(t *testing.T) {
	l := newLoop(t, reactor.Options{Logger: slog.New(slog.NewTextHandler(brokenLog{}, nil))})
	others := 0
	require.NoError(t, l.Post(func() { panic("oops") }))
	require.NoError(t, l.Post(func() { others++ }))
	run(t, l)
	require.Equal(t, 1, others)
	require.EqualValues(t, 1, l.Stats().Panics)
}
