package sim_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/ed-toolbox/ed/core/address"
)

// shape is what a seed makes of a world.
type shape struct {
	routers  int
	blocked  float64 // of pairs of routers that can never connect
	services int     // of each router
	traffic  time.Duration
	faults   time.Duration // between two of them on the average; 0: none
}

// world is a cluster and what happens to it.
type world struct {
	clock
	t        testing.TB
	seed     uint64
	rand     *rand.Rand
	shape    shape
	nodes    []*node
	services []*service
	byName   map[string][]*service
	sent     []*sending
	faults   []time.Duration // when a connection between routers broke, or a router
	trace    uint64          // of everything that happened
	log      []happened      // the last of it
	slow     float64         // of lines that take long
	file     io.Writer       // where all of it is written, when ED_SIM_LOG names a file
}

const kept = 30 // lines of the log

func newWorld(t testing.TB, seed uint64, s shape) *world {
	w := &world{t: t, seed: seed, rand: rand.New(rand.NewPCG(seed, 1)), shape: s, byName: make(map[string][]*service), slow: 0.02}
	for i := range s.routers {
		w.nodes = append(w.nodes, &node{
			w: w, name: fmt.Sprintf("n%d", i+1), index: i, blocked: make(map[int]bool), links: make(map[*end]bool),
			address: address.FromAddrPort(address.TCP, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)}), 4042)),
		})
	}
	if path := os.Getenv("ED_SIM_LOG"); path != "" {
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		w.file = f
	}
	w.block()
	w.introduce()
	for _, n := range w.nodes {
		w.settleServices(n)
	}
	for _, n := range w.nodes {
		w.after(w.upTo(3*time.Second), n.start)
	}
	return w
}

// block takes away connections, as long as every router can still reach every other one over others.
func (w *world) block() {
	for i, a := range w.nodes {
		for j, b := range w.nodes[:i] {
			if w.rand.Float64() >= w.shape.blocked {
				continue
			}
			a.blocked[j], b.blocked[i] = true, true
			if len(w.distances(a, false)) < len(w.nodes) {
				delete(a.blocked, j)
				delete(b.blocked, i)
			}
		}
	}
}

// distances returns how many connections are between a router and each that it can reach: those that are possible, or with
// now those that there are.
func (w *world) distances(from *node, now bool) map[int]int {
	steps := map[int]int{from.index: 0}
	for queue := []*node{from}; len(queue) > 0; queue = queue[1:] {
		a := queue[0]
		for _, b := range w.nodes {
			if _, known := steps[b.index]; !known && !a.blocked[b.index] && (!now || a.linkedTo(b)) {
				steps[b.index] = steps[a.index] + 1
				queue = append(queue, b)
			}
		}
	}
	return steps
}

// introduce tells routers of one another: a tree of connections that are possible, and a few more.
func (w *world) introduce() {
	known := map[int]bool{0: true}
	for len(known) < len(w.nodes) {
		a, b := w.nodes[w.rand.IntN(len(w.nodes))], w.nodes[w.rand.IntN(len(w.nodes))]
		if known[a.index] && !known[b.index] && !a.blocked[b.index] {
			known[b.index] = true
			if w.rand.IntN(2) == 0 {
				a, b = b, a
			}
			a.neighbors = append(a.neighbors, b.address)
		}
	}
	for range len(w.nodes) {
		a, b := w.nodes[w.rand.IntN(len(w.nodes))], w.nodes[w.rand.IntN(len(w.nodes))]
		if a != b {
			a.neighbors = append(a.neighbors, b.address)
		}
	}
}

func (w *world) upTo(d time.Duration) time.Duration {
	return time.Duration(w.rand.Int64N(int64(d)))
}

// delay is how long a line takes.
func (w *world) delay() time.Duration {
	if w.rand.Float64() < w.slow {
		return w.upTo(300 * time.Millisecond)
	}
	return time.Millisecond/10 + w.upTo(5*time.Millisecond)
}

// noticed is how long it takes until the end of a connection is noticed.
func (w *world) noticed() time.Duration {
	if w.rand.IntN(4) == 0 {
		return w.upTo(3 * time.Second)
	}
	return w.upTo(20 * time.Millisecond)
}

// happened is a line of the log.
type happened struct {
	at         time.Duration
	what, text string
}

func (h happened) String() string {
	return fmt.Sprintf("%10.4f %s %s", h.at.Seconds(), h.what, h.text)
}

// note keeps what happened: as a hash of all of it (FNV), and the last of it as text.
func (w *world) note(what, text string) {
	h := w.trace ^ uint64(w.now)
	for _, s := range [...]string{what, text} {
		for i := range len(s) {
			h = (h ^ uint64(s[i])) * 1099511628211
		}
	}
	w.trace = h
	line := happened{w.now, what, text}
	if w.file != nil {
		fmt.Fprintln(w.file, line)
	}
	if len(w.log) == 2*kept {
		w.log = append(w.log[:0], w.log[kept:]...)
	}
	w.log = append(w.log, line)
}

// fail ends the test, with what is needed to see it again.
func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	for _, line := range w.log {
		w.t.Log(line.String())
	}
	w.t.Fatalf("at %v: %s\nto see it again: go test ./tests/sim -run Simulation -seed %d", w.now, fmt.Sprintf(format, args...), w.seed)
}
