package reactor_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/core/reactor"
)

// setHands gives a loop a clock that moves when it is told to, and by the least when it is looked at.
func setHands(l *reactor.Loop) (now *time.Duration) {
	now = new(time.Duration)
	reactor.SetClock(l, func() time.Duration {
		*now++
		return *now
	})
	return now
}

// TestLateTimersComeAfterTheSources: a loop that was held up, whatever by, calls the sources that are ready before timers that were due
// meanwhile, so that these can be put off. Otherwise timers come first.
func TestLateTimersComeAfterTheSources(t *testing.T) {
	const patience = 10 * time.Millisecond
	source := func(t *testing.T, l *reactor.Loop, hold func()) {
		add(t, l, readable(t), reactor.Read, func(s reactor.Source, _ reactor.Interest) {
			s.Remove()
			hold()
		})
	}
	for _, c := range []struct {
		name    string
		held    time.Duration
		by      func(t *testing.T, l *reactor.Loop, hold func())
		expires bool
	}{
		{"a source", time.Hour, source, false},
		{"a hook after the wait", time.Hour, func(_ *testing.T, l *reactor.Loop, hold func()) {
			var remove func()
			remove = l.AfterWait(func() {
				remove()
				hold()
			})
		}, false},
		{"a posted function", time.Hour, func(t *testing.T, l *reactor.Loop, hold func()) { require.NoError(t, l.Post(hold)) }, false},
		{"a timer", time.Hour, func(_ *testing.T, l *reactor.Loop, hold func()) { l.After(0, "hold", hold) }, false},
		{"an ender", time.Hour, func(_ *testing.T, l *reactor.Loop, hold func()) { l.Later(ender(hold)) }, false},
		{"a source, until a moment after the time", 25 * time.Millisecond, source, false},
		{"a source, no longer than a turn may take", 15 * time.Millisecond, source, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLoop(t, reactor.Options{})
			now := setHands(l)
			here, peer := socketPair(t)
			var order []string
			var s reactor.Source
			timeout := l.After(patience, "time-out", func() {
				order = append(order, "time-out")
				s.Remove()
				l.Stop()
			})
			s = add(t, l, here, reactor.Read, func(reactor.Source, reactor.Interest) {
				order = append(order, "data")
				timeout.Reset(time.Hour)
				l.Stop()
			})
			require.NoError(t, l.Post(func() { // a turn is over, and with it a look at the sources
				l.After(0, "next turn", func() {
					c.by(t, l, func() {
						send(t, peer)
						*now += c.held
					})
				})
			}))
			run(t, l)
			want := []string{"data"}
			if c.expires {
				want = []string{"time-out"}
			}
			require.Equal(t, want, order)
		})
	}
}

// TestNoPeerIsSilentByTheLoopsFault: however many peers there are, whichever of them have said something while the loop was held up
// and however long it was, the time-outs of those that have not are met, and no others.
func TestNoPeerIsSilentByTheLoopsFault(t *testing.T) {
	const most = 300 // more than one look at the sources tells, and than two
	var ends [most][2]int
	for i := range ends {
		ends[i][0], ends[i][1] = socketPair(t)
	}
	always := readable(t)
	t.Setenv("ED_VERIFY", "")
	rapid.Check(t, func(rt *rapid.T) {
		l, err := reactor.New(reactor.Options{})
		require.NoError(rt, err)
		defer func() { require.NoError(rt, l.Close()) }()
		now := setHands(l)
		const patience = 100 * time.Millisecond
		held := patience + rapid.SampledFrom([]time.Duration{0, 1, 19 * time.Millisecond, 21 * time.Millisecond, time.Minute, 1000 * time.Hour}).Draw(rt, "held up")
		part := rapid.IntRange(1, 10).Draw(rt, "of so many peers")
		some := rapid.IntRange(0, part).Draw(rt, "so many say something")
		says := func(i int) bool { return i%part < some }
		silent, want := []int{}, []int{}
		for i := range most {
			timeout := l.After(patience, "time-out", func() { silent = append(silent, i) })
			_, err := l.Add(ends[i][0], handler(func(s reactor.Source, _ reactor.Interest) {
				var b [8]byte
				_, _ = unix.Read(s.FD(), b[:])
				timeout.Reset(patience)
			}), reactor.SourceOptions{Interest: reactor.Read})
			require.NoError(rt, err)
			if !says(i) {
				want = append(want, i)
			}
		}
		_, err = l.Add(always, handler(func(s reactor.Source, _ reactor.Interest) {
			s.Remove()
			for i := range most {
				if says(i) {
					_, err := unix.Write(ends[i][1], []byte("x"))
					require.NoError(rt, err)
				}
			}
			*now += held
			l.After(0, "end", l.Stop)
		}), reactor.SourceOptions{Interest: reactor.Read})
		require.NoError(rt, err)
		run(t, l)
		require.Equal(rt, want, silent)
	})
}

// TestLaterComesBetween: who puts off its work to the end of the turn is not called a second time before that.
func TestLaterComesBetween(t *testing.T) {
	l := newLoop(t, reactor.Options{})
	now := setHands(l)
	var order []string
	add(t, l, readable(t), reactor.Read, func(s reactor.Source, _ reactor.Interest) {
		order = append(order, "source")
		l.Later(ender(func() { order = append(order, "later") }))
		*now += time.Hour
		if len(order) > 1 {
			s.Remove()
		}
	})
	l.After(time.Second, "late", func() { order = append(order, "timer") })
	run(t, l)
	require.Equal(t, []string{"source", "later", "source", "timer", "later"}, order)
}
