package message

import "unsafe"

// wide says that this processor finds marks.
var wide = hasAVX2()

// hasAVX2 and marks64, which needs it, are in mask_amd64.s.
func hasAVX2() bool

//go:noescape
func marks64(p *[64]byte, m *marks)

// find looks at p from i on.
func (m *marks) find(p []byte, i int) {
	if i >= len(p) {
		*m = marks{stop: 1}
		return
	}
	n, start := len(p)-i, unsafe.Pointer(&p[i])
	if n >= 64 || uintptr(start)%page <= page-64 {
		// What is behind the end is in the same page of memory, so it can be read, and nothing is made of it.
		marks64((*[64]byte)(start), m)
	} else {
		var last [64]byte
		copy(last[:], p[i:])
		marks64(&last, m)
	}
	m.stop |= 1 << uint(n)
}

// page is the size of the smallest pages of memory on amd64.
const page = 4096

// masks returns a bit for each of the bytes of p from i on, at most 64: those that are special in a value, and those that
// can be part of a name. Bits behind the last byte may be set.
func masks(p []byte, i int) (special, name uint64) {
	if !wide {
		return masksGo(p, i)
	}
	var m marks
	m.find(p, i)
	return m.semicolon | m.quote | m.stop, m.name
}
