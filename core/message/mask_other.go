//go:build !amd64

package message

// wide says that this processor finds marks.
const wide = false

func (m *marks) find(p []byte, i int) {}

// masks returns a bit for each of the bytes of p from i on, at most 64: those that are special in a value, and those that
// can be part of a name. Bits behind the last byte may be set.
func masks(p []byte, i int) (special, name uint64) { return masksGo(p, i) }
