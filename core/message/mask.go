package message

import (
	"encoding/binary"
	"math/bits"
)

// The scan looks at eight bytes at a time, as one little-endian number w in which byte i is bits 8i to 8i+7 ("SIMD within a
// register"; Hacker's Delight, 6-1). A class of bytes is found with a few operations on all eight at once, and the
// answer has the high bit of each byte that belongs to it.
//
// All tests start from w & low7, whose bytes are below 0x80, so that adding at most 0x80 never carries into the next byte and
// each answer bit is exact. Bytes of 0x80 and above (UTF-8) belong to no class here; they are masked out at the end.
const (
	ones  = 0x0101010101010101
	low7  = 0x7f * ones
	highs = 0x80 * ones
)

// load8 returns the eight bytes of p at i.
func load8(p []byte, i int) uint64 { return binary.LittleEndian.Uint64(p[i:]) }

// marks8 returns a bit (0 to 7) for each byte of w that may end or complicate a value: ';' '"' '\' and control bytes.
func marks8(w uint64) uint64 {
	x := w & low7
	not := (x ^ ';'*ones) + low7 // high bit set: not a ';'
	not &= (x ^ '"'*ones) + low7
	not &= (x ^ '\\'*ones) + low7
	not &= x + (0x80-0x20)*ones // high bit set: 0x20 or above
	found := ^(not | w) & highs
	// One multiplication moves the high bits of the eight bytes next to each other.
	return found >> 7 * 0x0102040810204080 >> 56
}

// noName8 returns the high bit of each byte of w that cannot be part of a parameter's name.
func noName8(w uint64) uint64 {
	x := w & low7
	lower := x | 0x20*ones
	letter := (lower + (0x80-'a')*ones) &^ (lower + (0x80-'z'-1)*ones)
	digit := (x + (0x80-'0')*ones) &^ (x + (0x80-'9'-1)*ones)
	notUnderscore := (x ^ '_'*ones) + low7
	return (^(letter|digit)&notUnderscore | w) & highs
}

// cursor walks over the marks of a line: pending has a bit for each mark from base on that was not met yet, and one
// for the end of the line.
type cursor struct {
	base    int
	pending uint64
}

// marksFrom returns a cursor over the marks of p from i on.
func marksFrom(p []byte, i int) cursor { return cursor{i, marks64(p, i)} }

// next returns where the next mark is (len(p) when there is none) and the cursor behind it.
func (c cursor) next(p []byte) (int, cursor) {
	if c.pending == 0 {
		c = c.refill(p)
	}
	return c.base + bits.TrailingZeros64(c.pending), cursor{c.base, c.pending & (c.pending - 1)}
}

// refill moves on to the next 64 bytes that have a mark.
func (c cursor) refill(p []byte) cursor {
	for c.pending == 0 && c.base < len(p) {
		c = marksFrom(p, min(c.base+64, len(p)))
	}
	if c.pending == 0 {
		c.pending = 1 // asked again at the end of the line
	}
	return c
}

// marks64 returns a bit for each of the (up to) 64 bytes of p from i on that marks8 finds, and for the end of p.
func marks64(p []byte, i int) (found uint64) {
	shift := 0
	for ; shift < 64 && i+8 <= len(p); i += 8 {
		found |= marks8(load8(p, i)) << shift
		shift += 8
	}
	if n := len(p) - i; n < 8 && shift < 64 {
		// What remains is less than eight bytes: read the last eight of p, and move out those that were seen.
		w := uint64(0)
		if len(p) >= 8 {
			w = load8(p, len(p)-8) >> (64 - 8*n)
		} else {
			for k := range n {
				w |= uint64(p[i+k]) << (8 * k)
			}
		}
		found |= (marks8(w)&(1<<n-1) | 1<<n) << shift
	}
	return found
}

// nameAt returns where the name that begins at p[i] ends: the first byte that cannot be part of it. The key
// orders names like their bytes do, as far as their first eight.
func nameAt(p []byte, i int) (end int, key uint64) {
	if i+8 > len(p) {
		return shortNameAt(p, i)
	}
	w := load8(p, i)
	no := noName8(w)
	key = bits.ReverseBytes64(w & (no&-no>>7 - 1)) // without the bytes from the first high bit on
	for no == 0 {
		i += 8
		if i+8 > len(p) {
			end, _ = shortNameAt(p, i)
			return end, key
		}
		no = noName8(load8(p, i))
	}
	return i + bits.TrailingZeros64(no)>>3, key
}

// shortNameAt is nameAt for the last bytes of p.
func shortNameAt(p []byte, i int) (end int, key uint64) {
	shift := 64
	for ; i < len(p) && classes[p[i]]&nameByte != 0; i++ {
		if shift > 0 {
			shift -= 8
			key |= uint64(p[i]) << shift
		}
	}
	return i, key
}
