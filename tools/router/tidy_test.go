package router

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTidier(t *testing.T) {
	var tidy tidier
	at := uint64(0)
	for _, c := range []struct {
		name string
		more uint64
		due  bool
	}{
		{"nothing yet", 1000, false},
		{"much", 5 << 20, false},
		{"still more", 5 << 20, false},
		{"it is over", 100, true},
		{"it was done", 100, false},
		{"a little", quietBytes, false},
		{"a little too much", quietBytes + 1, false},
		{"it does not add up to enough", 0, false},
		{"almost", tidyBytes - 2*quietBytes - 102, false},
		{"enough", 1, true},
		{"and again nothing", 0, false},
	} {
		at += c.more
		require.Equal(t, c.due, tidy.due(at), c.name)
	}
	live := newTidier()
	live.look()
	require.NotZero(t, live.seen)
}
