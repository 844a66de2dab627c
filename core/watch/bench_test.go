package watch_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/watch"
)

// BenchmarkFilesWalk is the walk when a watch begins: 10,000 files in 100 directories.
func BenchmarkFilesWalk(b *testing.B) {
	scratch(b)
	for d := range 100 {
		require.NoError(b, os.MkdirAll(fmt.Sprintf("tree/%d", d), 0o755))
		for f := range 100 {
			require.NoError(b, os.WriteFile(fmt.Sprintf("tree/%d/file%d", d, f), nil, 0o644))
		}
	}
	l := newLoop(b)
	b.ReportAllocs()
	for b.Loop() {
		w, err := watch.Files(l, func(watch.FileEvent) {}, watch.FileOptions{Patterns: []string{"tree/**/*"}})
		require.NoError(b, err)
		w.Close()
	}
}

// BenchmarkFileEvents is a file that is made, closed and removed in a directory that is watched: three events.
func BenchmarkFileEvents(b *testing.B) {
	scratch(b)
	l := newLoop(b)
	events := 0
	w, err := watch.Files(l, func(watch.FileEvent) { events++ }, watch.FileOptions{Patterns: []string{"**/*.conf"}})
	require.NoError(b, err)
	defer w.Close()
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		for i := range 1000 {
			name := fmt.Sprintf("%d.conf", i)
			require.NoError(b, os.WriteFile(name, nil, 0o644))
			require.NoError(b, os.Remove(name))
		}
		b.StartTimer()
		runUntil(b, l, w.Idle)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(events), "ns/event")
}

// BenchmarkProcessesLook is one look at all processes; it happens off the loop.
func BenchmarkProcessesLook(b *testing.B) {
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		var err error
		n, err = watch.ScanProcesses()
		require.NoError(b, err)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/process")
}
