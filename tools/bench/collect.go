package bench

import (
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// Garbage is collected seldom, as that disturbs what is measured, and collections are told of. But what lies about is bounded, by
// spareHeap or, where more lives, by a share of it: a load may run for days beside the service.
const (
	spareHeap   = 256 << 20 // bytes
	mostGrowth  = 1000      // percent of what lives
	leastGrowth = 25
)

// growth is by how many percent of what lives the heap may grow until garbage is collected.
func growth(live uint64) int {
	return int(min(max(100*spareHeap/max(live, 1), leastGrowth), mostGrowth))
}

// collectSeldom keeps the collector to that until the function that it returns is called. What lives changes with the connections,
// and with what is in flight on them.
func collectSeldom() (stop func()) {
	now := mostGrowth
	before := debug.SetGCPercent(now)
	quit := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		look := time.NewTicker(time.Second)
		defer look.Stop()
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		for {
			select {
			case <-quit:
				return
			case <-look.C:
			}
			metrics.Read(live)
			if want := growth(live[0].Value.Uint64()); want != now { // setting it stops all threads for a moment
				now = want
				debug.SetGCPercent(now)
			}
		}
	})
	return func() {
		close(quit)
		wait.Wait()
		debug.SetGCPercent(before)
	}
}
