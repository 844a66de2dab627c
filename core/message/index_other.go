//go:build !amd64 || purego

package message

// wide says that this processor can index.
const wide = false

func (x *index) scan(p []byte, last int) {}

func (x *index) blocks(p []byte, last int) {}

func (m *Message) single(line []byte) bool { return m.simple(line) }

func readable(p []byte) int { return len(p) }

func ordered(p *byte, starts *uint32, keys *uint64, n int, last uint64) int { return 0 }
