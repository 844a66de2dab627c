package reactor_test

import (
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/core/reactor"
)

// TestTimersAgainstModel does all that can be done with timers, in callbacks and outside of them, on a clock that only
// moves when it is told to, and compares each callback, its time, the list of timers and the wait with a plain list.
func TestTimersAgainstModel(t *testing.T) {
	for name, verify := range map[string]string{"as in production": "", "with ownership checks": "1"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("ED_VERIFY", verify)
			rapid.Check(t, againstModel)
		})
	}
}

func againstModel(rt *rapid.T) {
	l, err := reactor.New(reactor.Options{})
	require.NoError(rt, err)
	defer func() { require.NoError(rt, l.Close()) }()
	m := &timerModel{T: rt, l: l}
	reactor.SetClock(l, func() time.Duration { return m.now })
	reactor.SetWall(l, func() time.Time { return epoch.Add(m.now) })
	actions := map[string]func(*rapid.T){"": func(*rapid.T) { m.compare() }}
	for name, do := range m.actions() {
		actions[name] = func(*rapid.T) { do() }
	}
	actions["turn"] = func(*rapid.T) { m.turn() }
	actions["sleep"] = func(*rapid.T) { m.sleep() }
	rt.Repeat(actions)
}

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// modelTimer is a timer of the model.
type modelTimer struct {
	reactor.Timer
	name      string
	kind      string
	due, span time.Duration
	order     int
	pending   bool
	gone      bool
	once      func()
	life      int // how often it was cancelled and made anew
}

type timerModel struct {
	*rapid.T
	l          *reactor.Loop
	now, limit time.Duration
	timers     []*modelTimer
	serial     int
	inside     bool
	fired      int
	made       int
	failed     any // the panic by which rapid ends a run: the loop would survive it
	fresh      []modelArming
}

type modelArming struct {
	t    *modelTimer
	d    time.Duration
	life int
}

func (m *timerModel) delay() time.Duration {
	scale := rapid.SampledFrom([]time.Duration{-1, 1, 40, time.Microsecond, time.Millisecond, 50 * time.Millisecond, time.Minute}).Draw(m.T, "scale")
	return time.Duration(rapid.IntRange(0, 300).Draw(m.T, "factor")) * scale
}

// actions are what may be done anywhere.
func (m *timerModel) actions() map[string]func() {
	return map[string]func(){
		"after": func() { m.after(m.delay()) },
		"many": func() {
			if len(m.timers) > 3*reactor.FreshMost {
				return
			}
			d := m.delay()
			for range rapid.IntRange(1, reactor.FreshMost+10).Draw(m.T, "count") {
				m.after(d)
				m.now++
			}
		},
		"at": func() {
			t, d := m.add("date"), m.delay()
			t.Timer = m.l.At(epoch.Add(m.now+d), t.name, t.once)
			m.date(t, d)
		},
		"every": func() {
			t, d := m.add("interval"), m.delay()
			t.span = max(d, time.Microsecond)
			t.Timer = m.l.Every(d, t.name, func(missed int) { m.fire(t, missed) })
			m.arm(t, t.span)
		},
		"reset": func() {
			if t, d := m.draw(), m.delay(); t != nil {
				require.Equal(m, !t.gone, t.Reset(d))
				if t.gone {
					return
				}
				if t.kind == "interval" {
					d = max(d, time.Microsecond)
					t.span = d
				} else {
					t.kind = "once"
				}
				m.arm(t, d)
			}
		},
		"reset at": func() {
			if t, d := m.draw(), m.delay(); t != nil {
				ok := !t.gone && t.kind != "interval"
				require.Equal(m, ok, t.ResetAt(epoch.Add(m.now+d)))
				if ok {
					t.kind = "date"
					m.date(t, d)
				}
			}
		},
		"cancel": func() {
			if t := m.draw(); t != nil {
				require.Equal(m, t.pending, t.Cancel())
				t.pending, t.gone = false, true
			}
		},
		"renew": m.renew,
		"list":  m.list,
		"work":  func() { m.now += max(0, m.delay()) },
	}
}

func (m *timerModel) add(kind string) *modelTimer {
	m.made++
	t := &modelTimer{name: strconv.Itoa(m.made), kind: kind}
	t.once = func() { m.fire(t, 0) }
	m.timers = append(m.timers, t)
	return t
}

func (m *timerModel) after(d time.Duration) {
	t := m.add("once")
	t.Timer = m.l.After(d, t.name, t.once)
	m.arm(t, d)
}

// renew cancels a few timers and makes them anew, each with the name and function that it had.
func (m *timerModel) renew() {
	var some []*modelTimer
	for range rapid.IntRange(1, 3).Draw(m.T, "timers") {
		if t := m.draw(); t != nil && !slices.Contains(some, t) {
			some = append(some, t)
			require.Equal(m, t.pending, t.Cancel())
			t.pending, t.gone = false, true
		}
	}
	for _, t := range some {
		old, d := t.Timer, m.delay()
		t.Timer = m.l.After(d, t.name, t.once)
		t.gone, t.kind = false, "once"
		t.life++
		m.arm(t, d)
		require.False(m, old.Active())
		require.False(m, old.Reset(0))
		require.False(m, old.Cancel())
	}
}

// draw picks one of the last timers, gone or not.
func (m *timerModel) draw() *modelTimer {
	if len(m.timers) == 0 {
		return nil
	}
	return m.timers[max(0, len(m.timers)-1-rapid.IntRange(0, 20).Draw(m.T, "timer"))]
}

// arm is what the documentation says: a delay counts from the end of the callback, or when too many are armed in it from
// then; outside from now.
func (m *timerModel) arm(t *modelTimer, d time.Duration) {
	t.pending = true
	switch n := len(m.fresh); {
	case !m.inside:
		m.set(t, m.now+max(0, d))
		return
	case n > 0 && m.fresh[n-1].t == t && m.fresh[n-1].life == t.life:
		m.fresh = m.fresh[:n-1]
	case n == reactor.FreshMost:
		m.settle()
	}
	m.fresh = append(m.fresh, modelArming{t, d, t.life})
}

func (m *timerModel) date(t *modelTimer, d time.Duration) {
	m.settle()
	t.pending = true
	m.set(t, m.now+max(0, d))
}

func (m *timerModel) set(t *modelTimer, due time.Duration) {
	m.serial++
	t.order, t.due = m.serial, max(due, m.limit+1)
}

func (m *timerModel) settle() {
	for _, a := range m.fresh {
		if !a.t.gone && a.life == a.t.life {
			m.set(a.t, m.now+max(0, a.d))
		}
	}
	m.fresh = nil
}

// first is the timer that comes first.
func (m *timerModel) first() (first *modelTimer) {
	for _, t := range m.timers {
		if t.pending && (first == nil || t.due < first.due || t.due == first.due && t.order < first.order) {
			first = t
		}
	}
	return first
}

// fire is the callback of all timers.
func (m *timerModel) fire(t *modelTimer, missed int) {
	if m.failed != nil {
		return
	}
	defer func() { m.failed = recover() }()
	m.fired++
	require.Same(m, m.first(), t, "in order")
	require.LessOrEqual(m, t.due, m.limit, "not early")
	if t.kind == "interval" {
		late := (m.limit - t.due) / t.span
		require.Equal(m, int(min(late, math.MaxInt)), missed)
		m.set(t, t.due+(late+1)*t.span)
	} else {
		t.pending = false
	}
	m.inside = true
	names := []string{"reset", "reset at", "cancel", "renew", "work", "list", "after", "at", "every", "many"}
	if len(m.timers) > 2*reactor.FreshMost {
		names = names[:5]
	}
	for range rapid.IntRange(0, 4).Draw(m.T, "actions in the callback") {
		m.actions()[rapid.SampledFrom(names).Draw(m.T, "in the callback")]()
	}
	m.settle()
	m.inside = false
	if !t.pending {
		t.gone = true
	}
}

// step is a turn; it gives the wait.
func (m *timerModel) step() time.Duration {
	m.limit = m.now
	wait := reactor.Turn(m.l)
	if m.failed != nil {
		panic(m.failed)
	}
	return wait
}

func (m *timerModel) turn() {
	wait := m.step()
	switch first := m.first(); {
	case first == nil:
		require.Negative(m, wait)
	default:
		require.Greater(m, first.due, m.limit, "all that were due have come")
		require.LessOrEqual(m, wait, max(0, first.due-m.now))
		if m.l.Stats().TimersPending <= 16 {
			require.Equal(m, max(0, first.due-m.now), wait, "exact while there are few")
		}
	}
}

// sleep does what an idle loop does until a timer comes.
func (m *timerModel) sleep() {
	before, wakes := m.fired, 0
	for m.first() != nil && m.fired == before {
		wait := m.step()
		if m.first() == nil {
			return
		}
		require.GreaterOrEqual(m, wait, time.Duration(0))
		m.now += wait
		wakes++
		require.Less(m, wakes, 10, "a few early wake-ups at most, where many are close together")
	}
}

// list compares the timers one by one.
func (m *timerModel) list() {
	m.settle()
	want := map[string]reactor.TimerInfo{}
	for _, t := range m.timers {
		if t.pending {
			i := reactor.TimerInfo{Name: t.name, Kind: t.kind, Due: t.due - m.now}
			if t.kind == "interval" {
				i.Span = t.span
			}
			want[t.name] = i
		}
	}
	got := m.l.Timers()
	require.Equal(m, len(want), len(got))
	for _, i := range got {
		if want[i.Name] != i {
			require.Equal(m, want[i.Name], i)
		}
	}
}

func (m *timerModel) compare() {
	m.list()
	if gone := len(m.timers) - 20; gone > 0 { // the last ones are kept to be misused
		m.timers = append(slices.DeleteFunc(m.timers[:gone:gone], func(t *modelTimer) bool { return t.gone }), m.timers[gone:]...)
	}
	for _, t := range m.timers[max(0, len(m.timers)-20):] {
		require.Equal(m, t.pending, t.Active())
	}
	require.EqualValues(m, m.fired, m.l.Stats().TimersFired)
}
