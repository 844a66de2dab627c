package bench

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/reactor"
)

// TestAnswersAfterTheEnd: whatever was due in the time measured is a measurement, but what is answered too late does not count for the
// rate.
func TestAnswersAfterTheEnd(t *testing.T) {
	ms := func(n int64) int64 { return n * int64(time.Millisecond) }
	w := &worker{plan: &plan{kind: kindRequest}, from: ms(100), until: ms(1100), ends: never, moment: ms(50), left: 9, now: newInterval()}
	for _, at := range []struct{ due, sent, answered int64 }{
		{90, 95, 120},      // due in the warm-up
		{500, 510, 1099},   // in time
		{900, 910, 1149},   // in a moment
		{1000, 1090, 1500}, // too late
		{1100, 1100, 1101}, // due after the end
	} {
		w.time = ms(at.answered)
		w.record(ms(at.due), ms(at.sent))
	}
	require.Equal(t, []uint64{2, 3, 2}, []uint64{w.now.arrived, w.now.recorded, w.now.inTime})
	require.Equal(t, int64(3), w.now.response.TotalCount())
	require.InEpsilon(t, ms(599), w.now.response.Max(), 0.001)
	require.InEpsilon(t, ms(589), w.now.service.Max(), 0.001)
}

// TestInterruptedWhileCatchingUp: what was due before the end, and was not sent because it was interrupted after that, was not sent.
func TestInterruptedWhileCatchingUp(t *testing.T) {
	loop, err := reactor.New(reactor.Options{})
	require.NoError(t, err)
	defer loop.Close()
	var told *interval
	end := int64(time.Second)
	w := &worker{
		plan: &plan{kind: kindRequest}, loop: loop, begin: time.Now().Add(-1050 * time.Millisecond), phase: catchingUp, until: end, ends: never, left: never,
		now: newInterval(), blocked: true, report: func(e event) { told = e.interval },
	}
	w.schedule = newSchedule(rate{from: 100, to: 100}, 0, time.Second, 0, 0, 1, nil)
	for range 31 {
		w.head = w.schedule.next()
	}
	w.interrupt()
	require.NotNil(t, told)
	require.True(t, told.last)
	require.Equal(t, []uint64{70, 70}, []uint64{told.unsent, told.kept})
}

// TestBytes: as many come back as were sent, line ends and all.
func TestBytes(t *testing.T) {
	t.Parallel()
	r, err := measure(t, "request", service(t, "tcp"), "-r", "max", "-n", "10", "-c", "1", "-d", "1m")
	require.NotNil(t, r, err)
	require.Equal(t, []uint64{650, 650}, []uint64{r.Counts.BytesOut, r.Counts.BytesIn})
}

// TestNoCatchUp: what was due while the service stood still is left out, and counts as not sent.
func TestNoCatchUp(t *testing.T) {
	t.Parallel()
	where := service(t, "unix", "--stall", "300ms:every400ms")
	for _, leaves := range []bool{false, true} {
		args := []string{"request", where, "-r", "200/s", "-c", "1", "-d", "1s", "--warmup", "0"}
		if leaves {
			args = append(args, "--no-catchup")
		}
		r, err := measure(t, args...)
		require.NotNil(t, r, err)
		require.Equal(t, uint64(200), r.Counts.Due)
		require.NotZero(t, r.Generator.Held)
		if leaves {
			require.Less(t, r.Counts.Sent, uint64(110)) // it stands still three quarters of the time
			require.Contains(t, r.Reasons[0], "the service did not take more")
		}
	}
}

// TestLogOfSeconds: the histograms of each second are kept where the report is to have them.
func TestLogOfSeconds(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "log")
	_, err := measure(t, "request", service(t, "unix"), "-r", "max", "-n", "20", "-o", "hlog="+file)
	require.NoError(t, err)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(text), "\nTag=response,0.0")
	require.Contains(t, string(text), "\nTag=service,0.0")
}
