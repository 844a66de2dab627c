//go:build race

package top

// slowed says that the race detector is at work: nothing takes as long as it does.
const slowed = true
