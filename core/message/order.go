package message

import (
	"bytes"
	"math/bits"
)

// marks are names in a text: where each begins, and its key.
type marks struct {
	starts []uint32
	keys   []uint64 // without the first byte of orderKey
}

// part returns the names from one to before another.
func (m *marks) part(from, to int) marks { return marks{m.starts[from:to], m.keys[from:to]} }

// sorted makes the keys of the names in p, and returns how many names are what a canonical line has: behind the one before in the
// same line, not equal to it, and without a digit at the beginning. A line begins with the first.
func sorted(p []byte, m marks) int {
	starts, keys := m.starts, m.keys[:len(m.starts)]
	for at := 0; at < len(starts); {
		if four := inside(p, starts[at:]) &^ 3; four > 0 {
			at += ordered(&p[0], &starts[at], &keys[at], four, keyBefore(keys, at))
		}
		// The rest, or a name that takes more than a comparison of words.
		for stop := min(at+4, len(starts)); at < stop; at++ {
			key := orderKey(p, starts[at])
			keys[at] = key & nameBytes
			if key <= keyBefore(keys, at) && !behind(p, starts[at-1:]) || isDigit(p[starts[at]]) {
				return at
			}
		}
	}
	return len(starts)
}

// inside returns how many of the names begin a word before the end of p; 0 if they cannot be compared by ordered.
func inside(p []byte, starts []uint32) int {
	if !wide {
		return 0
	}
	n := len(starts)
	for n > 0 && int(starts[n-1])+7 > len(p) {
		n--
	}
	return n
}

// nameBytes is what a key has of the name, and marks keep.
const nameBytes = 1<<56 - 1

// orderKey returns a number that orders names as their bytes do, as far as their first seven. The first byte in significance tells what
// is before the name: a blank, which stands before the first name of a line, is above a semicolon.
//
// The key is made of the eight bytes that begin with the one before the name, without what is behind the name: it ends before '=', which is
// found as in mask.go.
func orderKey(p []byte, at uint32) uint64 {
	w := load8or(p, int(at)-1)
	x := w ^ '='*ones
	x = (x - ones) &^ x & highs // the lowest bit is that of the first '=', the others mean nothing
	return bits.ReverseBytes64(w&(x&-x>>7-1)) ^ 0x7f<<56
}

// keyBefore returns the key of the name before another, as if it followed a semicolon, and 0 if there is none.
func keyBefore(keys []uint64, at int) uint64 {
	if at == 0 {
		return 0
	}
	return keys[at-1] | (';'^0x7f)<<56
}

// load8or is load8, with zeros for what is behind the end of p.
func load8or(p []byte, i int) (w uint64) {
	if i+8 <= len(p) {
		return load8(p, i)
	}
	for k, c := range p[i:] {
		w |= uint64(c) << (8 * k)
	}
	return w
}

// behind says whether the second of the names is behind the first, which is in the same line.
func behind(p []byte, starts []uint32) bool {
	first, second := p[starts[0]:], p[starts[1]:]
	return bytes.Compare(first[:bytes.IndexByte(first, '=')], second[:bytes.IndexByte(second, '=')]) < 0
}
