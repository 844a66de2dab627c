//go:build !purego

package stream

// recvAll and sendAll are in calls_amd64.s.

//go:noescape
func recvAll(calls []call, room []byte, enough int) int

//go:noescape
func sendAll(calls []call)
