//go:build race

package router

// watched says that the race detector is at work, which needs memory of its own.
const watched = true
