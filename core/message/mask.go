package message

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// Lines are not looked at one byte after the other: a branch for every byte costs more than anything else here. Names are looked at eight
// bytes at a time, as one little-endian number w in which byte i is bits 8i to 8i+7 ("SIMD within a register"; Hacker's Delight, 6-1): a class of
// bytes is found with a few operations on all eight, and the answer has the high bit of each byte that belongs to it. Of values the bytes that
// matter are found in 64 bytes at once, as bits of a word, in which the scan hops from bit to bit: how long a value is cannot be guessed.
//
// All tests start from w & low7, whose bytes are below 0x80, so that what is added never carries into the next byte, what is subtracted never
// borrows from it, and each answer bit is exact. Bytes of 0x80 and above (UTF-8) belong to no class.
const (
	ones  = 0x0101010101010101
	low7  = 0x7f * ones
	highs = 0x80 * ones
)

// load8 returns the eight bytes of p at i, which there must be. That i is not negative the compiler cannot know: it would ask for each load.
func load8(p []byte, i int) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(p)), i))[:])
}

// load is load8 with zeros for what is behind the end of p.
func load(p []byte, i int) uint64 {
	if i+8 <= len(p) {
		return load8(p, i)
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

// noName8 returns the high bit of each byte of w that cannot be part of a parameter's name.
func noName8(w uint64) uint64 {
	x := w & low7
	lower := x | 0x20*ones
	noLetter := (('a'+0x7f)*ones - lower) | (lower + (0x7f-'z')*ones)
	noDigit := (('0'+0x7f)*ones - x) | (x + (0x7f-'9')*ones)
	noUnderscore := (x ^ '_'*ones) + low7
	return (noLetter&noDigit&noUnderscore | w) & highs
}

// noCommand8 returns the high bit of each byte of w that cannot be part of a command.
func noCommand8(w uint64) uint64 {
	x := w & low7
	noLetter := (('A'+0x7f)*ones - x) | (x + (0x7f-'Z')*ones)
	noDigit := (('0'+0x7f)*ones - x) | (x + (0x7f-'9')*ones)
	noUnderscore := (x ^ '_'*ones) + low7
	return (noLetter&noDigit&noUnderscore | w) & highs
}

// plain8 returns the high bit of each byte of w that neither ends nor complicates a value, as ';' '"' '\' and control bytes do: those are special.
func plain8(w uint64) uint64 {
	x := w & low7
	// A quote with one bit turned over is 0x20, and control bytes stay below: one test finds all of them.
	plain := (x ^ 0x02*ones) + (0x80-0x21)*ones
	plain &= (x ^ ';'*ones) + low7
	plain &= (x ^ '\\'*ones) + low7
	return (plain | w) & highs
}

// pack makes one byte of the high bits of eight.
func pack(flags uint64) uint64 { return flags * 0x0002040810204081 >> 56 }

// special64 returns a bit for each of the 64 bytes of p from i on that is special in a value, and for the end of p.
func special64(p []byte, i int) (special uint64) {
	n := uint(len(p) - i)
	switch {
	case len(p) < 32:
		for k := uint(0); k <= n; k += 8 {
			special |= pack(^plain8(load(p, i+int(k)))&highs) << (k & 63)
		}
		return special
	case n < 32:
		return special32(p, len(p)-32)>>(32-n) | 1<<n
	}
	second := min(n, 64) - 32 // how often a loop goes round could not be guessed; these may overlap
	return special32(p, i) | special32(p, i+int(second))<<second | 1<<n
}

// special32 is special64 for 32 bytes, which there must be.
func special32(p []byte, i int) uint64 {
	q := (*[32]byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(p)), i))[:]
	return uint64(^uint32(pack(plain8(load8(q, 0))) | pack(plain8(load8(q, 8)))<<8 |
		pack(plain8(load8(q, 16)))<<16 | pack(plain8(load8(q, 24)))<<24))
}

// stops are the special bytes, of 64 from base on, that the scan has not come to yet.
type stops struct {
	base int
	left uint64
}

// first returns the first stop of those that are left, of which there are some, and what is left then.
func (s stops) first() (int, stops) {
	return s.base + bits.TrailingZeros64(s.left), stops{s.base, s.left & (s.left - 1)}
}

// next returns the first stop of p at or behind i, which is not before base.
func (s stops) next(p []byte, i int) (int, stops) {
	if i >= s.base+64 {
		s = stops{i, special64(p, i)}
	}
	s.left &= ^uint64(0) << (uint(i-s.base) & 63)
	return s.more(p).first()
}

// more goes on to where there are stops.
func (s stops) more(p []byte) stops {
	for s.left == 0 {
		s.base += 64
		s.left = special64(p, s.base)
	}
	return s
}

// nameAt returns where the name at p[i] ends: the first byte that cannot be part of it.
func nameAt(p []byte, i int) int {
	for {
		if other := noName8(load(p, i)); other != 0 {
			return i + bits.TrailingZeros64(other)>>3
		}
		i += 8
	}
}

// commandAt is nameAt for a command.
func commandAt(p []byte, i int) int {
	for ; i+16 <= len(p); i += 16 {
		if other := pack(noCommand8(load8(p, i))) | pack(noCommand8(load8(p, i+8)))<<8; other != 0 {
			return i + bits.TrailingZeros64(other)
		}
	}
	for {
		if other := noCommand8(load(p, i)); other != 0 {
			return i + bits.TrailingZeros64(other)>>3
		}
		i += 8
	}
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
	first, n := unsafe.Pointer(unsafe.StringData(name)), len(name)
	if n >= 8 {
		return binary.BigEndian.Uint64((*[8]byte)(first)[:])
	}
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
