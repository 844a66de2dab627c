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
func load8(p []byte, i int) uint64 { return binary.LittleEndian.Uint64(p[i : i+8]) }

// noName8 returns the high bit of each byte of w that cannot be part of a parameter's name.
func noName8(w uint64) uint64 {
	x := w & low7
	lower := x | 0x20*ones
	letter := (lower + (0x80-'a')*ones) &^ (lower + (0x80-'z'-1)*ones)
	digit := (x + (0x80-'0')*ones) &^ (x + (0x80-'9'-1)*ones)
	notUnderscore := (x ^ '_'*ones) + low7
	return (notUnderscore&^(letter|digit) | w) & highs
}

// lower8 returns the high bit of each byte of w that is a lower case letter, if all are letters, digits and '_':
// no other of these has both of the bits 0x40 and 0x20.
func lower8(w uint64) uint64 { return w << 1 & (w << 2) & highs }

// special8 returns the high bit of each byte of w that ends or complicates a value: ';' '"' '\' and control bytes.
func special8(w uint64) uint64 {
	x := w & low7
	// A quote with one bit turned over is 0x20, and control bytes stay below: one test finds all of them.
	not := (x ^ 0x02*ones) + (0x80-0x21)*ones
	not &= (x ^ ';'*ones) + low7
	not &= (x ^ '\\'*ones) + low7
	return highs &^ (not | w)
}

// nameAt returns where the name that begins at p[i] ends: the first byte that cannot be part of it. The key orders names as
// their bytes do, as far as their first eight.
func nameAt(p []byte, i int) (end int, key uint64) {
	if i+8 > len(p) {
		return shortNameAt(p, i)
	}
	w := load8(p, i)
	no := noName8(w)
	first := no & -no
	key = bits.ReverseBytes64(w & (first>>7 - 1)) // what is before the first; all of w when there is none
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

// commandAt returns where the command at p[i] ends: the first byte that cannot be part of it.
func commandAt(p []byte, i int) int {
	for ; i+8 <= len(p); i += 8 {
		w := load8(p, i)
		if no := noName8(w) | lower8(w); no != 0 {
			return i + bits.TrailingZeros64(no)>>3
		}
	}
	for i < len(p) && classes[p[i]]&commandByte != 0 {
		i++
	}
	return i
}

// cursor walks over the marks of a line, which are its special bytes and its end. There is a bit in pending for each mark
// from base on that was not met yet.
type cursor struct {
	base    int
	pending uint64
}

// first returns where the next mark is, if any is pending.
func (c cursor) first() int { return c.base + bits.TrailingZeros64(c.pending) }

// behind returns the cursor behind the next mark.
func (c cursor) behind() cursor { return cursor{c.base, c.pending & (c.pending - 1)} }

// next returns where the next mark is and the cursor behind it.
func (c cursor) next(p []byte) (int, cursor) {
	if c.pending == 0 {
		c = c.refill(p)
	}
	return c.first(), c.behind()
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

// marksFrom returns a cursor over the marks of p from i on.
func marksFrom(p []byte, i int) cursor {
	pending, at, shift := uint64(0), i, uint(64)
	for at+8 <= len(p) {
		pending = pending>>8 | pack(special8(load8(p, at)))
		at += 8
		if shift -= 8; shift == 0 {
			return cursor{i, pending}
		}
	}
	// What remains is less than eight bytes: read the last eight of p, and move out those that were seen.
	n, w := uint(len(p)-at), uint64(0)
	if len(p) >= 8 {
		w = load8(p, len(p)-8) >> (8 * (7 - n) & 63) >> 8
	} else {
		for k, b := range p[at:] {
			w |= uint64(b) << (8 * k & 63)
		}
	}
	tail := pack(special8(w))>>56&(1<<(n&63)-1) | 1<<(n&63)
	return cursor{i, (pending>>8 | tail<<56) >> ((shift - 8) & 63)}
}

// pack moves the high bits of eight bytes next to each other, in the uppermost byte.
func pack(flags uint64) uint64 { return flags * 0x0002040810204081 & (0xff << 56) }
