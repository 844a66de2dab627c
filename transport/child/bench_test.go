package child_test

import (
	"bytes"
	"context"
	"os/exec"
	"testing"

	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport/child"
	"github.com/stretchr/testify/require"
)

func loop(b *testing.B) *reactor.Loop {
	l, err := reactor.New(reactor.Options{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, l.Close()) })
	return l
}

// BenchmarkTrue: a command from start to Done; exec is the same by package os/exec.
func BenchmarkTrue(b *testing.B) {
	b.Run("job", func(b *testing.B) {
		l := loop(b)
		for b.Loop() {
			_, err := child.Start(l, child.Options{}, child.Command{Path: "true"})
			require.NoError(b, err)
			require.NoError(b, l.Run(context.Background()))
		}
	})
	b.Run("exec", func(b *testing.B) {
		for b.Loop() {
			cmd := exec.Command("true")
			var out, errs bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &errs
			require.NoError(b, cmd.Run())
		}
	})
}

// BenchmarkStart is how long the loop stands still.
func BenchmarkStart(b *testing.B) {
	l := loop(b)
	for b.Loop() {
		_, err := child.Start(l, child.Options{}, child.Command{Path: "true"})
		require.NoError(b, err)
		b.StopTimer()
		require.NoError(b, l.Run(context.Background()))
		b.StartTimer()
	}
}

// BenchmarkThrough: 64 MiB through three commands.
func BenchmarkThrough(b *testing.B) {
	const size = 64 << 20
	l, data, cat := loop(b), make([]byte, size), child.Command{Path: "cat"}
	b.SetBytes(size)
	for b.Loop() {
		n := 0
		_, err := child.Start(l, child.Options{Input: bytes.NewReader(data), Output: func(p []byte) { n += len(p) }}, cat, cat, cat)
		require.NoError(b, err)
		require.NoError(b, l.Run(context.Background()))
		require.Equal(b, size, n)
	}
}
