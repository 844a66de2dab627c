package reactor_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/core/reactor"
)

func busy(d time.Duration) {
	for begin := time.Now(); time.Since(begin) < d; {
		continue
	}
}

func TestSlowestCallbackIsNamed(t *testing.T) {
	const slow = 20 * time.Millisecond
	for name, setUp := range map[string]func(t *testing.T, l *reactor.Loop){
		"post":    func(t *testing.T, l *reactor.Loop) { require.NoError(t, l.Post(func() { busy(slow) })) },
		"a timer": func(_ *testing.T, l *reactor.Loop) { l.After(0, "a timer", func() { busy(slow) }) },
		"timer":   func(_ *testing.T, l *reactor.Loop) { l.After(0, "", func() { busy(slow) }) },
		"interval": func(_ *testing.T, l *reactor.Loop) {
			var tm reactor.Timer
			tm = l.Every(1, "interval", func(int) { busy(slow); tm.Cancel() })
		},
		"hook":     func(_ *testing.T, l *reactor.Loop) { l.BeforeWait(func() { busy(slow) }) },
		"turn end": func(_ *testing.T, l *reactor.Loop) { l.Later(ender(func() { busy(slow) })) },
		"a source": func(t *testing.T, l *reactor.Loop) {
			add(t, l, readable(t), reactor.Read, func(s reactor.Source, _ reactor.Interest) {
				busy(slow)
				s.Remove()
			}).SetName("a source")
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t, reactor.Options{})
			setUp(t, l)
			run(t, l)
			s := l.Stats()
			require.Equal(t, name, s.SlowestName)
			require.GreaterOrEqual(t, s.Slowest, slow)
			require.GreaterOrEqual(t, s.Busy, slow)
		})
	}
}

func TestStatsAndLists(t *testing.T) {
	l := newLoop(t, reactor.Options{Name: "main"})
	require.Equal(t, "main", l.Name())
	one, two := socketPair(t)
	send(t, two)
	s, err := l.Add(one, handler(func(s reactor.Source, _ reactor.Interest) {
		_, _ = unix.Read(one, l.Buffer())
	}), reactor.SourceOptions{Name: "first", Kind: "stream", Interest: reactor.Read})
	require.NoError(t, err)
	s.SetPriority(7)
	off := add(t, l, two, both, nil)
	require.NoError(t, off.SetEnabled(false))
	tick := l.Every(time.Hour, "tick", func(int) {})
	l.Hold()
	l.After(10*time.Millisecond, "end", func() {
		require.WithinDuration(t, time.Now(), l.Now(), time.Second)
		st := l.Stats()
		require.Equal(t, 2, st.Sources)
		require.Equal(t, 1, st.Enabled)
		require.Equal(t, 1, st.Holds)
		require.Equal(t, 1, st.TimersPending)
		require.EqualValues(t, 1, st.TimersFired)
		require.EqualValues(t, 1, st.Events)
		require.Positive(t, st.Waiting) // how long: a busy machine may have done other things until just before it was due

		sources := l.Sources()
		require.Len(t, sources, 2)
		require.GreaterOrEqual(t, sources[0].Age, 10*time.Millisecond)
		sources[0].Age, sources[1].Age = 0, 0
		require.Equal(t, []reactor.SourceInfo{
			{Name: "first", Kind: "stream", FD: one, Interest: reactor.Read, Priority: 7, Enabled: true, Events: 1},
			{FD: two, Interest: both, Priority: reactor.DefaultPriority},
		}, sources)
		timers := l.Timers()
		require.Len(t, timers, 1)
		require.InDelta(t, time.Hour, timers[0].Due, float64(20*time.Second))
		timers[0].Due = 0
		require.Equal(t, reactor.TimerInfo{Name: "tick", Kind: "interval", Span: time.Hour}, timers[0])
		s.Remove()
		tick.Cancel()
		l.Release()
	})
	run(t, l)
	require.Len(t, l.Sources(), 1, "the disabled one")
}

func TestLocalIsMadeOncePerLoop(t *testing.T) {
	type key struct{}
	made := 0
	get := func(l *reactor.Loop) *int {
		return l.Local(key{}, func() any { made++; return new(int) }).(*int)
	}
	one, two := newLoop(t, reactor.Options{}), newLoop(t, reactor.Options{})
	require.Same(t, get(one), get(one))
	require.NotSame(t, get(one), get(two))
	require.Equal(t, 2, made)
}

// TestNothingAllocates measures a whole turn at a time: what a callback does, and the loop around it.
func TestNothingAllocates(t *testing.T) {
	for name, setUp := range map[string]func(t *testing.T, l *reactor.Loop) (each func()){
		"turn": func(*testing.T, *reactor.Loop) func() { return func() {} },
		"post": func(t *testing.T, l *reactor.Loop) func() {
			f := func() {}
			return func() {
				for range 10 {
					_ = l.Post(f)
				}
			}
		},
		"later": func(_ *testing.T, l *reactor.Loop) func() {
			var h reactor.Ender = ender(func() {})
			return func() { l.Later(h) }
		},
		"timers": func(_ *testing.T, l *reactor.Loop) func() {
			f := func() {}
			kept := l.After(time.Hour, "kept", f)
			return func() {
				l.After(0, "fires", f)
				l.After(time.Minute, "cancelled", f).Cancel()
				kept.Reset(time.Hour)
			}
		},
		"dates and intervals": func(_ *testing.T, l *reactor.Loop) func() {
			f, g := func() {}, func(int) {}
			date := time.Now().Add(time.Hour)
			return func() {
				l.At(date, "date", f).Cancel()
				l.Every(time.Hour, "interval", g).Cancel()
			}
		},
		"interest": func(t *testing.T, l *reactor.Loop) func() {
			one, _ := socketPair(t)
			s := add(t, l, one, reactor.Read, nil)
			return func() {
				_ = s.SetInterest(both)
				_ = s.SetInterest(reactor.Read)
				_ = s.SetEnabled(false)
				_ = s.SetEnabled(true)
			}
		},
		"add and remove": func(t *testing.T, l *reactor.Loop) func() {
			one, _ := socketPair(t)
			var h reactor.Handler = handler(nil)
			return func() {
				s, _ := l.Add(one, h, reactor.SourceOptions{Name: "name", Interest: reactor.Read})
				s.Remove()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := quickLoop(t)
			each := setUp(t, l)
			const warm, rounds = 100, 1000
			count := 0
			add(t, l, readable(t), reactor.Read, func(s reactor.Source, _ reactor.Interest) {
				if count++; count > warm+rounds {
					l.Stop()
					return
				}
				each()
				s.Again()
			})
			// Run itself and the test's context allocate a few times, and on a busy machine others in the process do, too; a thousand
			// turns must add nothing.
			allocs := math.Inf(1)
			for try := 0; try < 10 && allocs >= 50; try++ {
				allocs = testing.AllocsPerRun(1, func() {
					count = 0
					run(t, l)
				})
			}
			require.Less(t, allocs, 50.0)
		})
	}
}

// TestSizes holds what the package comment says of memory; where a pointer has 32 bits it is less.
func TestSizes(t *testing.T) {
	source, timer, function := reactor.Sizes()
	require.LessOrEqual(t, source, uintptr(60))
	require.LessOrEqual(t, timer, uintptr(36))
	require.LessOrEqual(t, function, uintptr(52))
}

func TestSlowCallbacksAreListedByName(t *testing.T) {
	l := newLoop(t, reactor.Options{})
	for i := range 20 {
		l.After(0, "quick", func() {})
		l.After(0, "slow "+string(rune('a'+i)), func() { busy(time.Duration(i+1) * 200 * time.Microsecond) })
	}
	l.After(0, "slow t", func() { busy(4 * time.Millisecond) })
	run(t, l)
	list := l.Slow()
	require.Len(t, list, 16, "the least slow names went")
	seen := map[string]reactor.SlowInfo{}
	for i, s := range list {
		require.GreaterOrEqual(t, s.Most, 100*time.Microsecond)
		require.GreaterOrEqual(t, s.Total, s.Most)
		if i > 0 {
			require.LessOrEqual(t, s.Most, list[i-1].Most)
		}
		seen[s.Name] = s
	}
	require.EqualValues(t, 2, seen["slow t"].Count)
	require.Equal(t, l.Stats().SlowestName, list[0].Name)
	require.Equal(t, l.Stats().Slowest, list[0].Most)
}

func TestListsComeInPieces(t *testing.T) {
	l := newLoop(t, reactor.Options{})
	var want, got []string
	for i := range 10 {
		name := "n" + string(rune('0'+i))
		add(t, l, readable(t), 0, nil).SetName(name)
		l.After(time.Hour, name, func() {})
		want = append(want, name)
	}
	pieces := 0
	for at := l.EachSource(0, 3, func(s reactor.SourceInfo) { got = append(got, s.Name) }); at != 0; pieces++ {
		at = l.EachSource(at, 3, func(s reactor.SourceInfo) { got = append(got, s.Name) })
	}
	require.GreaterOrEqual(t, pieces, 3)
	require.Equal(t, want, got)
	got, pieces = nil, 0
	for at := l.EachTimer(0, 3, func(s reactor.TimerInfo) { got = append(got, s.Name) }); at != 0; pieces++ {
		at = l.EachTimer(at, 3, func(s reactor.TimerInfo) { got = append(got, s.Name) })
	}
	require.GreaterOrEqual(t, pieces, 3)
	require.ElementsMatch(t, want, got)
}

func TestBackgroundSourcesDoNotKeepTheLoopAlive(t *testing.T) {
	l := newLoop(t, reactor.Options{})
	fd := readable(t)
	served := 0
	s, err := l.Add(fd, handler(func(s reactor.Source, _ reactor.Interest) {
		served++
		require.NoError(t, s.SetEnabled(false))
		require.NoError(t, s.SetEnabled(true))
		require.NoError(t, s.SetInterest(0))
	}), reactor.SourceOptions{Interest: reactor.Read, Background: true})
	require.NoError(t, err)
	run(t, l)
	require.Zero(t, served, "there was nothing to wait for")
	other := add(t, l, readable(t), reactor.Read, func(s reactor.Source, _ reactor.Interest) { s.Remove() })
	other.SetPriority(255)
	run(t, l)
	require.Equal(t, 1, served, "it is served as long as there is something else")
	s.Remove()
	require.Zero(t, l.Stats().Enabled)
}
