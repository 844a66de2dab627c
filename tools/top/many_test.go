package top

import (
	"io"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/tools/internal/ui"
	"github.com/ed-toolbox/ed/transport/control"
)

// manyRows is the nth look at 10,000 connections, of which a few are busy, as a process answers.
func manyRows(n int) snapshot {
	sheet := &inspect.Sheet{Name: "connections", Time: noon.Add(time.Duration(n) * time.Second), Columns: []inspect.Column{
		{Name: "link", Key: true}, {Name: "peer"}, {Name: "local"}, {Name: "pid"}, {Name: "uid"}, {Name: "age", Kind: inspect.Gauge, Unit: inspect.Seconds},
		{Name: "bytes_in", Kind: inspect.Counter, Unit: inspect.Bytes}, {Name: "bytes_out", Kind: inspect.Counter, Unit: inspect.Bytes},
		{Name: "reads", Kind: inspect.Counter}, {Name: "writes", Kind: inspect.Counter},
		{Name: "queued", Kind: inspect.Gauge, Unit: inspect.Bytes}, {Name: "congested", Unit: inspect.Flag},
	}}
	for i := range 10_000 {
		sent := strconv.Itoa(i * 7919 % 10007 * (1 + n*(i%10/9)))
		sheet.Rows = append(sheet.Rows, []string{strconv.Itoa(i), "tcp://10.0.0.1:" + strconv.Itoa(i), "unix:/run/x.sock", "4711", "0", strconv.Itoa(n) + ".123456",
			sent, sent, "17", "12", "0", "false"})
	}
	return snapshot{at: sheet.Time, processes: []sight{{socket: control.Socket{Name: "x", PID: 1}, sheets: map[string]*inspect.Sheet{"connections": sheet}, tables: []string{"connections"}}}}
}

// A look at 10,000 rows is compared with the one before, filtered, sorted and drawn within 5 ms, and next to nothing is allocated
// for each row: top is to take less than 2 % of a processor. The best of several runs counts, in time of the processor: others use the
// machine too. It may be a slow one as well: what is not held is only seen where it is out by far.
func TestManyRows(t *testing.T) {
	m := shown(t, colorful, 120, 40)
	press(m, "2", ">", ">", ">", ">")
	looks := [2]snapshot{manyRows(1), manyRows(2)}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	used := func() time.Duration {
		var u syscall.Rusage
		require.NoError(t, syscall.Getrusage(1, &u)) // RUSAGE_THREAD
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	best, n := time.Hour, 0
	refresh := func() {
		n++
		next := looks[n%2]
		next.processes[0].sheets["connections"].Time = noon.Add(time.Duration(n) * time.Second)
		begin := used()
		m.Update(polled{next, []string{"connections"}})
		require.NotEmpty(t, m.View())
		best = min(best, used()-begin)
	}
	refresh()
	allocations := testing.AllocsPerRun(30, refresh)
	require.Len(t, m.rows, 10_000)
	if !slowed {
		t.Logf("the best of %d looks took %v", n, best)
		require.Less(t, best, 50*time.Millisecond)
	}
	require.Less(t, allocations, 3_000.0)
}

// Tables of many rows are looked at less often, unless somebody says how often.
func TestManyRowsRest(t *testing.T) {
	m := shown(t, colorful, 120, 40)
	require.Equal(t, time.Second, m.rest())
	press(m, "2")
	m.Update(polled{manyRows(1), []string{"connections"}})
	require.Equal(t, 3*time.Second, m.rest())
	require.Contains(t, m.View(), "every 3.00s")
	press(m, "-")
	require.Equal(t, 1500*time.Millisecond, m.rest())
	m.Update(polled{manyRows(2), []string{"connections"}})
	require.Contains(t, m.View(), "every 1.50s")
}

func BenchmarkManyRows(b *testing.B) {
	b.Setenv("ED_CONTROL_DIR", b.TempDir())
	m := newModel(b.Context(), options{view: views()[1], interval: time.Second, look: ui.NewLook(io.Discard, colorful)})
	m.polling = true
	press(m, ">", ">", ">", ">")
	looks := [2]snapshot{manyRows(1), manyRows(2)}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		next := looks[n%2]
		next.processes[0].sheets["connections"].Time = noon.Add(time.Duration(n) * time.Second)
		m.Update(polled{next, []string{"connections"}})
		m.View()
	}
}
