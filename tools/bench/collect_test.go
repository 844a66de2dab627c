package bench

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestGarbageIsBounded: a small load is not disturbed, and a large one does not take eleven times what it needs.
func TestGarbageIsBounded(t *testing.T) {
	require.Equal(t, mostGrowth, growth(0))
	for live := uint64(1 << 20); live < 1<<40; live += live / 3 {
		garbage := live / 100 * uint64(growth(live))
		require.LessOrEqual(t, garbage, max(uint64(spareHeap), live/4), live)
		if live <= 16<<20 {
			require.Equal(t, mostGrowth, growth(live), live)
		}
	}
}

// TestCollectSeldom: the bound follows what lives, and is gone with the load.
func TestCollectSeldom(t *testing.T) {
	percent := func() uint64 {
		s := []metrics.Sample{{Name: "/gc/gogc:percent"}}
		metrics.Read(s)
		return s[0].Value.Uint64()
	}
	before := percent()
	stop := collectSeldom()
	require.Equal(t, uint64(mostGrowth), percent())
	large := make([]byte, 64<<20)
	runtime.GC()
	require.Eventually(t, func() bool { return percent() < mostGrowth/2 }, limit, 10*time.Millisecond)
	runtime.KeepAlive(large)
	stop()
	require.Equal(t, before, percent())
}

// TestEchoesNeedNoSlots: those would be 1.5 MB a connection at a window of 10,000.
func TestEchoesNeedNoSlots(t *testing.T) {
	where := service(t, "unix")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := measure(t, "request", where, "-r", "max", "-c", "200", "-w", "10000", "-n", "200", "--warmup", "0")
	require.NoError(t, err)
	runtime.ReadMemStats(&after)
	require.Equal(t, uint64(200), r.Counts.Received)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(200<<20))
}

// TestSumsAreUsedAgain: a second leaves nothing to the collector of what it was added up in.
func TestSumsAreUsedAgain(t *testing.T) {
	r := &runner{plan: &plan{}, parts: map[int]*part{}, last: map[int]int{}, took: map[int]time.Duration{}, total: newInterval(), workers: []*worker{{spare: make(chan *interval, 4)}}}
	first := r.newSum(0)
	r.spare = append(r.spare, first)
	for index := range 3 {
		i := newInterval()
		i.index, i.length, i.arrived = index, int64(time.Second), 7
		require.NoError(t, i.response.RecordValue(5))
		r.take(event{interval: i})
		require.Equal(t, []*interval{first}, r.spare)
		require.Equal(t, uint64(7), r.seconds[index].Received)
		require.Equal(t, uint64(1), r.seconds[index].Response.Count)
	}
	require.Equal(t, uint64(21), r.total.arrived)
}
