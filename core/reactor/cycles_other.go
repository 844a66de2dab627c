//go:build !amd64 || purego

package reactor

func cycles() int64 { return 0 }

func steadyCycles() bool { return false }
