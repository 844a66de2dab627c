package router

import (
	"context"
	"runtime/debug"
	gauges "runtime/metrics"

	"github.com/ed-toolbox/ed/core/watch"
)

// lean trades processor time, of which forwarding needs none for memory, for less of it. The function returned undoes it.
func lean(getenv func(string) string) (undo func()) {
	if ownGC(getenv) {
		return func() {}
	}
	before := debug.SetGCPercent(gcPercent)
	return func() { debug.SetGCPercent(before) }
}

// ownGC says that the operator knows better how to collect garbage.
func ownGC(getenv func(string) string) bool { return getenv("GOGC") != "" }

// gcPercent is what runtime/debug.SetGCPercent wants to know.
const gcPercent = 50

// The collector comes when enough was allocated. Forwarding allocates nothing, so what ten thousand registrations left behind
// would stay as long as nobody else comes; with this it is given back to the system when they are over.
const (
	tidyBytes  = 1 << 20  // so much has to be allocated to be worth it
	quietBytes = 64 << 10 // and no more than this between two looks
)

// tidier knows when it is time to clean up.
type tidier struct {
	sample []gauges.Sample
	seen   uint64 // bytes allocated so far, when it looked last
	done   uint64 // the same, when it was time last
}

func newTidier() *tidier {
	return &tidier{sample: []gauges.Sample{{Name: "/gc/heap/allocs:bytes"}}}
}

// look reads how much was allocated so far, and says whether it is time.
func (t *tidier) look() bool {
	gauges.Read(t.sample)
	return t.sample[0].Value.Kind() == gauges.KindUint64 && t.due(t.sample[0].Value.Uint64())
}

// due is look for those who know how much it was.
func (t *tidier) due(allocated uint64) bool {
	quiet := allocated-t.seen <= quietBytes
	t.seen = allocated
	if !quiet || allocated-t.done < tidyBytes {
		return false
	}
	t.done = allocated
	return true
}

// tidy gives memory back that nobody needs, off the loop: messages go on meanwhile.
func (d *daemon) tidy(t *tidier) {
	if !t.look() {
		return
	}
	// Too many tasks: the next quiet time is soon enough.
	_, _ = watch.Background(d.loop, func(context.Context) (struct{}, error) {
		debug.FreeOSMemory()
		return struct{}{}, nil
	}, func(struct{}, error) {})
}
