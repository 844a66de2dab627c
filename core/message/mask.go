package message

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// The scan of parameters does not look at one byte after the other. It has the bytes that matter found in up to 64 bytes at
// once, as bits of a mask, and hops from bit to bit: a branch for every byte costs more than anything else here.
//
// The masks are made of 8 bytes at a time, as one little-endian number w in which byte i is bits 8i to 8i+7 ("SIMD within a register"; Hacker's Delight, 6-1): a class of
// bytes is found with a few operations on all eight, and the answer has the high bit of each byte that belongs to it.
//
// All tests start from w & low7, whose bytes are below 0x80, so that adding at most 0x80 never carries into the next byte and
// each answer bit is exact. Bytes of 0x80 and above (UTF-8) belong to no class; they are masked out at the end.
const (
	ones  = 0x0101010101010101
	low7  = 0x7f * ones
	highs = 0x80 * ones
)

// load8 returns the eight bytes of p at i.
func load8(p []byte, i int) uint64 { return binary.LittleEndian.Uint64(p[i : i+8]) }

// load is load8 with zeros for what is behind the end of p. That i is not negative the compiler cannot know: it would ask for each load.
func load(p []byte, i int) uint64 {
	if i+8 <= len(p) {
		return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(p)), i))[:])
	}
	return loadEnd(p, i)
}

// loadEnd is load where p ends before the eighth byte.
func loadEnd(p []byte, i int) (w uint64) {
	if len(p) >= 8 {
		return load8(p, len(p)-8) >> (8 * (8 - uint(len(p)-i)))
	}
	for k, c := range p[i:] {
		w |= uint64(c) << (8 * k & 63)
	}
	return w
}

// name8 returns the high bit of each byte of w that can be part of a parameter's name.
func name8(w uint64) uint64 {
	x := w & low7
	lower := x | 0x20*ones
	letter := (lower + (0x80-'a')*ones) &^ (lower + (0x80-'z'-1)*ones)
	digit := (x + (0x80-'0')*ones) &^ (x + (0x80-'9'-1)*ones)
	notUnderscore := (x ^ '_'*ones) + low7
	return (letter | digit | ^notUnderscore) &^ w & highs
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

// pack moves the high bits of eight bytes next to each other, in the uppermost byte.
func pack(flags uint64) uint64 { return flags * 0x0002040810204081 & (0xff << 56) }

// masks returns a bit for each of the bytes of p from i on, at most 64: those that are special in a value, and those that
// can be part of a name. Bits behind the last byte may be set.
func masks(p []byte, i int) (special, name uint64) {
	at, shift := i, uint(64)
	for at+8 <= len(p) {
		w := load8(p, at)
		special = special>>8 | pack(special8(w))
		name = name>>8 | pack(name8(w))
		at += 8
		if shift -= 8; shift == 0 {
			return special, name
		}
	}
	w := load(p, at)
	special = special>>8 | pack(special8(w))
	name = name>>8 | pack(name8(w))
	return special >> ((shift - 8) & 63), name >> ((shift - 8) & 63)
}

// block is what is known of 64 bytes of a line, from base on.
type block struct {
	base    int
	special uint64 // what ends or complicates a value, and the end of the line
	other   uint64 // what cannot be part of a name, and the end of the line
}

// blockAt looks at p from i on.
func blockAt(p []byte, i int) block {
	special, name := masks(p, i)
	end := uint64(1) << uint(len(p)-i) // none when the end is not in the block
	return block{i, special | end, ^name | end}
}

// nextSpecial returns where the next special byte is, at or after i; len(p) if there is none. The block is the one it is in.
func (b block) nextSpecial(p []byte, i int) (int, block) {
	if i >= b.base+64 {
		b = blockAt(p, i)
	}
	for b.special>>uint(i-b.base) == 0 {
		i = b.base + 64
		b = blockAt(p, i)
	}
	return i + bits.TrailingZeros64(b.special>>uint(i-b.base)), b
}

// nameEnd returns where the name ends that begins at i, and the block this is in.
func (b block) nameEnd(p []byte, i int) (int, block) {
	if i >= b.base+64 {
		b = blockAt(p, i)
	}
	for b.other>>uint(i-b.base) == 0 {
		i = b.base + 64
		b = blockAt(p, i)
	}
	return i + bits.TrailingZeros64(b.other>>uint(i-b.base)), b
}

// nameKey returns a number that orders the names p[from:to] as their bytes do, as far as their first eight. With load, or loadEnd, it would
// need a call.
func nameKey(p []byte, from, to int) (key uint64) {
	if from+8 <= len(p) {
		unused := 64 - 8*min(to-from, 8)
		return bits.ReverseBytes64(load8(p, from)) >> (unused & 63) << (unused & 63)
	}
	for i := range 8 {
		key <<= 8
		if from+i < to {
			key |= uint64(p[from+i])
		}
	}
	return key
}

// keyOf is nameKey of a string, which may have NUL bytes but is not empty or ends in one.
func keyOf(name string) uint64 {
	if len(name) < 4 {
		return shortKey(name)
	}
	return wordKey(name)
}

// wordKey is keyOf for four bytes and more. It is short enough to need no call.
func wordKey(name string) uint64 {
	first, n := unsafe.Pointer(unsafe.StringData(name)), min(len(name), 8)
	return bits.ReverseBytes64(half(first) | half(unsafe.Add(first, n-4))<<(8*n-32&63)) // the two may overlap
}

// half returns the four bytes at p, the first of them lowest.
func half(p unsafe.Pointer) uint64 { return uint64(binary.LittleEndian.Uint32((*[4]byte)(p)[:])) }

// shortKey is keyOf for less than four bytes.
func shortKey(name string) (key uint64) {
	for i := range len(name) {
		key |= uint64(name[i]) << (56 - 8*i&63)
	}
	return key
}

// commandAt returns where the command at p[i] ends: the first byte that cannot be part of it.
func commandAt(p []byte, i int) int {
	for {
		w := load(p, i)
		if other := ^name8(w)&highs | lower8(w); other != 0 {
			return i + bits.TrailingZeros64(other)>>3
		}
		i += 8
	}
}
