//go:build !purego

package message

import "unsafe"

// wide says that this processor can index, wider that it can do so by pairs512.
var (
	wide  = hasAVX2()
	wider = wide && hasAVX512()
)

// structure and hasAVX2 are in structure_amd64.s. structure goes over n bytes from p on; if last is 1, a line ends behind them. It
// reads up to 63 bytes more. It says whether it came to the end, without finding a mistake or having too little room.
//
//go:noescape
func structure(x *index, p *byte, n, last int) bool

// pairs is structure for as many whole pairs of blocks as it can take, at the beginning of n bytes from p on, at least 128. x is new. It returns how many
// bytes it has gone over; structure goes on from there. It is in pairs_amd64.s, and what it does in pairs_amd64.h.
//
//go:noescape
func pairs(x *index, p *byte, n int) int

// pairs512 is pairs with AVX-512. It and hasAVX512, which is for who has AVX2, are in pairs512_amd64.s.
//
//go:noescape
func pairs512(x *index, p *byte, n int) int

// readable returns how many bytes can be read from where p begins: a few more than it has, unless another page of memory begins there.
func readable(p []byte) int {
	if last := uintptr(unsafe.Pointer(unsafe.SliceData(p))) + uintptr(len(p)) - 1; last%page <= page-8 {
		return len(p) + 7
	}
	return len(p)
}

// ordered is sorted for n names, not 0; last is the key of the one before. If it finds a mistake, or what may be one, it returns a multiple
// of 4. It reads seven bytes from where each name begins, and three names behind the last, of which it writes keys, too. It is in
// line_amd64.s.
//
//go:noescape
func ordered(p *byte, starts *uint32, keys *uint64, n int, last uint64) int

// single is structure and ordered for a line with a command alone at its head. It returns how many names of parameters begin in it, or -1: it is
// to be looked at in another way. Of p it reads 132 bytes, of which n, more than 0 and less than 128, are the line. There is room for
// nearNames, and for spareNames more. It is in line_amd64.s.
//
//go:noescape
func single(p *byte, n int, starts *uint32, keys *uint64) int

func hasAVX2() bool

func hasAVX512() bool

// page is the size of the smallest pages of memory on amd64.
const page = 4096

// single decodes a line of the usual kind, nearly all of those that are not long. If it says no, m is to be reset or decoded into.
func (m *Message) single(line []byte) bool {
	if !wide {
		return m.simple(line)
	}
	p := unsafe.SliceData(line)
	if uint(len(line)-1) >= 127 || line[0]-'A' > '_'-'A' || uintptr(unsafe.Pointer(p))%page > page-132 {
		return false
	}
	n := single(p, len(line), &m.nearStarts[0], &m.nearKeys[0])
	if n < 0 {
		return false
	}
	m.take(line[:len(line):len(line)], 0, 0, uint32(n), m.nearby())
	return true
}

// scan finds what it can in p for an x that is new. If last is 1, a line ends behind it; p may then be empty.
func (x *index) scan(p []byte, last int) {
	if len(p) >= 128 {
		over := 0
		if wider {
			over = pairs512(x, unsafe.SliceData(p), len(p))
		} else {
			over = pairs(x, unsafe.SliceData(p), len(p))
		}
		if p = p[over:]; len(p) == 0 && last == 0 {
			return
		}
	}
	x.blocks(p, last)
}

// blocks is scan without pairs, or what comes behind them.
func (x *index) blocks(p []byte, last int) {
	n := len(p)
	part := n % 64
	if part == 0 && last == 0 {
		structure(x, unsafe.SliceData(p), n, 0)
		return
	}
	start := unsafe.Pointer(unsafe.SliceData(p))
	if part > 0 && (uintptr(start)+uintptr(n-part))%page <= page-64 {
		// What is behind the end is in the same page of memory, so it can be read, and nothing is made of it.
		structure(x, (*byte)(start), n, last)
		return
	}
	if n -= part; n > 0 && !structure(x, (*byte)(start), n, 0) {
		return
	}
	if part == 0 {
		structure(x, nil, 0, last)
		return
	}
	var end [64]byte
	copy(end[:], p[n:])
	structure(x, &end[0], part, last)
}
