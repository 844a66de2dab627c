package sim_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

var seed = flag.Uint64("seed", 0, "run this world only")

// shapeOf makes something different of each seed: small and large clusters, quiet and broken ones, full and sparse ones.
func shapeOf(seed uint64, large bool) shape {
	r := rand.New(rand.NewPCG(seed, 2))
	s := shape{routers: 3 + r.IntN(5), services: 1 + r.IntN(3), traffic: 40 * time.Second}
	if large {
		s.routers = 3 + r.IntN(48)
	}
	if r.IntN(3) == 0 {
		s.blocked = 0.5
	}
	if r.IntN(4) > 0 {
		s.faults = time.Second + time.Duration(r.IntN(8))*time.Second
	}
	return s
}

func TestSimulation(t *testing.T) {
	if *seed != 0 {
		run(t, *seed)
		return
	}
	if text := os.Getenv("ED_SIM"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for began, s := time.Now(), uint64(began0()); time.Since(began) < d; s++ {
			run(t, s)
			n++
		}
		t.Logf("%d worlds", n)
		return
	}
	for s := range uint64(quickSeeds) {
		t.Run(fmt.Sprint(s+1), func(t *testing.T) { run(t, s+1) })
	}
}

// began0 is where long runs begin, so that each looks at other worlds.
func began0() int64 { return time.Now().UnixMilli() }

const (
	quickSeeds = 16
	// largeFrom is the seed from which on clusters may be large: nearly all of the quick run are small.
	largeFrom = quickSeeds
)

func run(t *testing.T, seed uint64) {
	w := newWorld(t, seed, shapeOf(seed, seed >= largeFrom))
	w.live()
}

// TestSameSeedSameWorld shows that a failure can be seen again.
func TestSameSeedSameWorld(t *testing.T) {
	trace := func() uint64 {
		w := newWorld(t, 7, shapeOf(7, false))
		w.live()
		return w.trace
	}
	if a, b := trace(), trace(); a != b {
		t.Fatalf("the same seed gave %x and %x", a, b)
	}
}
