//go:build !amd64 || purego

package message

// Alike says whether all forms of pairs find the same in p: there is none.
func Alike([]byte) bool { return true }
