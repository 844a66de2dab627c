package inspect_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
)

// BenchmarkDispatch is one message through a dispatcher with its real clock: unwatched, and with a watcher that gets all,
// gets none because of its filter, or gets none because its rate is reached.
func BenchmarkDispatch(b *testing.B) {
	m, err := message.Parse([]byte("<h:cluckd n:db/LOCKED name=users;serial=4711;tag=7"))
	require.NoError(b, err)
	for name, o := range map[string]*inspect.WatchOptions{
		"unwatched": nil, "watched": {Rate: -1}, "watched-no-pairs": {Rate: -1, NoPairs: true},
		"filtered": {Filter: []string{"STOP"}, NoPairs: true}, "rate": {Rate: 1},
	} {
		b.Run(name, func(b *testing.B) {
			d := dispatch.New(dispatch.Options{})
			require.NoError(b, d.On("LOCKED", func(dispatch.Sender, *message.Message) error { return nil }))
			tracer := inspect.NewTracer(inspect.TracerOptions{})
			tracer.Add(d)
			var w *inspect.Watcher
			if o != nil {
				w, err = tracer.Watch(*o)
				require.NoError(b, err)
			}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				d.Dispatch(nil, m)
				if n++; w != nil && n%64 == 0 {
					_ = w.Take(func([]byte) error { return nil })
				}
			}
		})
	}
	b.Run("meter", func(b *testing.B) {
		d := dispatch.New(dispatch.Options{})
		require.NoError(b, d.On("LOCKED", func(dispatch.Sender, *message.Message) error { return nil }))
		tracer := inspect.NewTracer(inspect.TracerOptions{})
		tracer.Add(d)
		tracer.Meter()
		b.ReportAllocs()
		for b.Loop() {
			d.Dispatch(nil, m)
		}
	})
}
