package reactor_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/reactor"
)

// BenchmarkPostFromOutside is what a post from another goroutine costs until it has run. In a stream one is posted
// after the other, as fast as it goes, and the loop hardly ever waits; a batch is posted to a loop that waits, and the next
// one when its last function has run. The median is that of batches; of a stream, for the loop and for the goroutine that posts,
// that of a thousand posts.
func BenchmarkPostFromOutside(b *testing.B) {
	b.Run("stream", benchPostStream)
	for _, size := range []int{1, 16, 256, 1000} {
		b.Run(fmt.Sprint("batch/", size), func(b *testing.B) { benchPostBatch(b, size) })
	}
}

func benchPostStream(b *testing.B) {
	const each = 1000
	l, ended := held(b, reactor.Options{PostLimit: 1 << 14})
	ran, began := 0, time.Now()
	loop, poster := make([]time.Duration, 0, b.N/each+1), make([]time.Duration, 0, b.N/each+1)
	done := make(chan struct{})
	f := func() {
		if ran++; ran%each == 0 {
			now := time.Now()
			loop = append(loop, now.Sub(began))
			began = now
		}
		if ran == b.N {
			close(done)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for from := 0; from < b.N; from += each {
		began, full := time.Now(), false
		for range min(each, b.N-from) {
			for errors.Is(l.Post(f), reactor.ErrFull) {
				full = true
				runtime.Gosched()
			}
		}
		if !full {
			poster = append(poster, time.Since(began))
		}
	}
	<-done
	b.StopTimer()
	reportMedian(b, "median-ns/op", loop, each)
	reportMedian(b, "poster-ns/op", poster, each)
	_ = l.Post(l.Stop)
	require.NoError(b, <-ended)
}

func benchPostBatch(b *testing.B, size int) {
	l, ended := held(b, reactor.Options{})
	ran := make(chan struct{}, 1)
	f, last := func() {}, func() { ran <- struct{}{} }
	periods := make([]time.Duration, 0, b.N/size+1)
	b.ReportAllocs()
	b.ResetTimer()
	for left := b.N; left > 0; left -= size {
		began := time.Now()
		for range size - 1 {
			_ = l.Post(f)
		}
		_ = l.Post(last)
		<-ran
		periods = append(periods, time.Since(began))
	}
	b.StopTimer()
	reportMedian(b, "median-ns/op", periods, size)
	_ = l.Post(l.Stop)
	require.NoError(b, <-ended)
}

// held is a running loop that only waits for posts.
func held(b *testing.B, o reactor.Options) (*reactor.Loop, <-chan error) {
	b.Setenv("ED_VERIFY", "")
	l := newLoop(b, o)
	l.Hold()
	return l, start(l, context.Background())
}

// reportMedian gives the median of times of so many operations next to the mean, which on a machine with other work to do is
// mostly that of the others.
func reportMedian(b *testing.B, unit string, periods []time.Duration, each int) {
	if len(periods) > 0 {
		slices.Sort(periods)
		b.ReportMetric(float64(periods[len(periods)/2])/float64(each), unit)
	}
}
