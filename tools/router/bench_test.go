package router

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkForward is one service sending to another through the router, 64-byte messages; an operation is one message.
func BenchmarkForward(b *testing.B) {
	n := begin(b, "log_level=error")
	alpha, beta := n.service("alpha"), n.service("beta")
	alpha.sync()
	beta.sync()
	line := []byte("alpha/EVENT data=0123456789012345678901234567890123456789012345\n")
	require.Len(b, line, 64)
	batch := bytes.Repeat(line, 500)
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	const size = 64 + len("<n1:beta ")
	b.ResetTimer()
	const window = 64 // batches on their way
	tokens := make(chan struct{}, window)
	done := make(chan struct{})
	batches := b.N/500 + 1
	go func() {
		defer close(done)
		buf := make([]byte, 1<<20)
		for left := batches * 500 * size; left > 0; {
			n, err := alpha.r.Read(buf)
			if err != nil {
				b.Error(err)
				return
			}
			before := left / (500 * size)
			left -= n
			for range before - left/(500*size) {
				<-tokens
			}
		}
	}()
	for range batches {
		tokens <- struct{}{}
		if _, err := beta.c.Write(batch); err != nil {
			b.Fatal(err)
		}
	}
	<-done
}
