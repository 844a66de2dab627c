package reactor

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func newWheel() *wheel { return &wheel{soonest: never, known: true} }

// naive is the model: a list.
type naive struct {
	id    uint32
	when  int64
	armed int
}

func armNew(w *wheel, when int64) uint32 {
	id := w.nodes.take()
	if w.at(id).dead {
		w.revive(w.at(id))
	}
	w.set(id, w.at(id), when)
	return id
}

// fireAll gives the timers that a wheel at limit fires, in order.
func fireAll(w *wheel, limit int64) (ids []uint32) {
	w.advance(limit)
	for {
		id, ok := w.pop(limit)
		if !ok {
			return ids
		}
		ids = append(ids, id)
	}
}

func TestWheelAgainstList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, now, serial := newWheel(), int64(0), 0
		var model []naive
		scale := rapid.SampledFrom([]int64{3, 1000, 1 << 20, 1 << 28, 1 << 36, 1 << 50})
		drawWhen := func() int64 {
			return now + 1 + rapid.Int64Range(0, 300).Draw(t, "factor")*scale.Draw(t, "scale")
		}
		take := func() (id uint32, ok bool) {
			if len(model) == 0 {
				return 0, false
			}
			i := rapid.IntRange(0, len(model)-1).Draw(t, "timer")
			id = model[i].id
			model = slices.Delete(model, i, i+1)
			return id, true
		}
		most := 0
		t.Repeat(map[string]func(*rapid.T){
			"arm": func(*rapid.T) {
				when := drawWhen()
				serial++
				model = append(model, naive{armNew(w, when), when, serial})
				most = max(most, len(model))
			},
			"cancel": func(*rapid.T) {
				if id, ok := take(); ok {
					w.disarm(w.at(id))
					w.nodes.give(id)
				}
			},
			"reset": func(*rapid.T) {
				if id, ok := take(); ok {
					when := drawWhen()
					serial++
					w.set(id, w.at(id), when)
					model = append(model, naive{id, when, serial})
				}
			},
			"time passes": func(t *rapid.T) {
				now += rapid.Int64Range(0, 300).Draw(t, "factor") * scale.Draw(t, "scale")
				slices.SortFunc(model, func(a, b naive) int {
					if a.when != b.when {
						return int(max(-1, min(1, a.when-b.when)))
					}
					return a.armed - b.armed
				})
				var want []uint32
				for len(model) > 0 && model[0].when <= now {
					want = append(want, model[0].id)
					model = model[1:]
				}
				require.Equal(t, want, fireAll(w, now))
				for _, id := range want {
					w.nodes.give(id)
				}
			},
			"": func(t *rapid.T) {
				require.Equal(t, len(model), w.pending)
				require.LessOrEqual(t, int(w.nodes.used), most+1, "cancelled ones are used again")
				soonest := int64(never)
				for _, m := range model {
					soonest = min(soonest, m.when)
				}
				require.LessOrEqual(t, w.next(), soonest)
				if len(model) <= scanMost {
					require.Equal(t, soonest, w.next(), "exact while there are few")
				}
			},
		})
	})
}

func TestWheelNextBeforeManyInOneSlotIsNotLate(t *testing.T) {
	w := newWheel()
	base := int64(time.Hour)
	for i := range int64(10 * scanMost) {
		armNew(w, base+i)
	}
	rounds := 0
	for w.pending > 0 {
		next := w.next()
		require.LessOrEqual(t, next, base+int64(10*scanMost))
		fired := fireAll(w, next)
		if len(fired) == 0 {
			rounds++
		}
		require.Less(t, rounds, levels+1, "each wake-up without a timer goes down one level at least")
	}
}

func TestWheelExtremes(t *testing.T) {
	for _, when := range []int64{0, 1, 1<<tickBits - 1, 1 << tickBits, 1 << 40, never - 1, never} {
		t.Run(fmt.Sprint(when), func(t *testing.T) {
			w := newWheel()
			id := w.nodes.take()
			w.set(id, w.at(id), when)
			require.Equal(t, when, w.next())
			require.Empty(t, fireAll(w, when-1))
			require.Equal(t, []uint32{id}, fireAll(w, when))
			require.Zero(t, w.pending)
			require.Equal(t, int64(never), w.next())
		})
	}
}

func TestWheelVoidEntriesDoNotPileUp(t *testing.T) {
	w := newWheel()
	id := w.nodes.take()
	for now := range int64(100_000) {
		w.set(id, w.at(id), now+100)
		fireAll(w, now)
		w.disarm(w.at(id))
	}
	require.Less(t, len(w.near.late)+len(w.near.run), 10_000)
}
