//go:build !purego

package reactor

// cycles is the processor's own counter of time, and steadyCycles says whether it may be used as such. They are in cycles_amd64.s.
func cycles() int64

func steadyCycles() bool
