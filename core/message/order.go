package message

import (
	"bytes"
	"math/bits"
	"unsafe"
)

// marks are names in a text: where each begins, and its key. There is room for three more.
type marks struct {
	starts []uint32
	keys   []uint64 // without the first byte of orderKey
	mixed  bool     // not all of its lines begin with their command
}

// sorted makes the keys of the names of p from one to before another, and returns which is the first that is not what a canonical
// line has: behind the one before in the same line, not equal to it, and without a digit at the beginning. A line begins with the
// first. If all are good, it returns to.
func (m *marks) sorted(p []byte, from, to int) int {
	for at := from; at < to; {
		if at += m.together(p, at, to, m.before(from, at)); at == to {
			break
		}
		// What is left, or a name that takes more than a comparison of words.
		for stop := min(at+4, to); at < stop; at++ {
			key, last := orderKey(p, m.starts[at]), m.before(from, at)
			m.keys[at] = key & nameBytes
			if key <= last && !behind(p, m.starts[at-1:]) || isDigit(p[m.starts[at]]) {
				return at
			}
		}
	}
	return to
}

// together is sorted for those of the names, of which there are some, that may be given to ordered: it reads eight bytes for each, and four
// names at once, for which there is room behind the last of all. It returns how many are good, or a multiple of four below it. Last is the key
// of the name before.
func (m *marks) together(p []byte, at, to int, last uint64) int {
	if !wide {
		return 0
	}
	n, end := to-at, readable(p)
	behind := m.starts[to-1 : to+3]
	if start := behind[0]; int(start)+7 <= end {
		behind[1], behind[2], behind[3] = start, start, start
	} else {
		for n--; n > 0 && int(m.starts[at+n-1])+7 > end; n-- {
		}
		if n &^= 3; n == 0 {
			return 0
		}
	}
	return ordered(unsafe.SliceData(p), &m.starts[at], &m.keys[at], n, last)
}

// four returns the keys of four names from one on, which there is room for: a slice would be looked at more closely, for each look-up.
func (m *marks) four(at uint32) *[4]uint64 {
	return (*[4]uint64)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(m.keys)), uintptr(at)*8))
}

// nameBytes is what a key has of the name, and marks keep.
const nameBytes = 1<<56 - 1

// orderKey returns a number that orders names as their bytes do, as far as their first seven. The first byte in significance tells what
// is before the name: a blank, which stands before the first name of a line, is above a semicolon.
//
// The key is made of the eight bytes that begin with the one before the name, without what is behind the name: it ends before '=', which is
// found as in mask.go.
func orderKey(p []byte, at uint32) uint64 {
	w := load(p, int(at)-1)
	x := w ^ '='*ones
	x = (x - ones) &^ x & highs // the lowest bit is that of the first '=', the others mean nothing
	return bits.ReverseBytes64(w&(x&-x>>7-1)) ^ 0x7f<<56
}

// markKey is the key that marks have of a name.
func markKey(name string) uint64 { return keyOf(name) >> 8 }

// before returns the key of the name before another, as if it followed a semicolon, and 0 for the first.
func (m *marks) before(first, at int) uint64 {
	if at == first {
		return 0
	}
	return m.keys[at-1] | (';'^0x7f)<<56
}

// behind says whether the second of the names is behind the first, which is in the same line.
func behind(p []byte, starts []uint32) bool {
	first, second := p[starts[0]:], p[starts[1]:]
	return bytes.Compare(first[:bytes.IndexByte(first, '=')], second[:bytes.IndexByte(second, '=')]) < 0
}
