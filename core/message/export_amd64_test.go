//go:build !purego

package message

import (
	"slices"
	"unsafe"
)

// Pairs is what pairs finds in p, with room for so many lines and names: how many bytes it goes over, how many names begin in them, and where
// the lines end. Alike says that the other form of it, if this processor has both, finds the same, and that none has written beyond the room.
func Pairs(p []byte, lines, names uint64) (over int, begin uint64, ends []uint32, alike bool) {
	over, found, marks, starts, alike := pairsBy(pairs, p, lines, names)
	if wider {
		over512, found512, marks512, starts512, within := pairsBy(pairs512, p, lines, names)
		alike = alike && within && over == over512 && found == found512 && slices.Equal(marks, marks512) && slices.Equal(starts, starts512)
	}
	for _, m := range marks {
		ends = append(ends, m.end)
	}
	return over, found.names, ends, alike
}

// pairsBy is what one form of pairs finds, and whether it has written no further than it may.
func pairsBy(form func(*index, *byte, int) int, p []byte, lines, names uint64) (over int, x index, marks []lineMark, starts []uint32, within bool) {
	marks, starts = make([]lineMark, lines+spareLines+64), make([]uint32, names+spareNames+64)
	x.line, x.lineRoom, x.nameRoom, x.line0, x.name0 = 1, lines, names, &marks[0], &starts[0]
	over = form(&x, unsafe.SliceData(p), len(p))
	x.line0, x.name0 = nil, nil // which differ
	within = !slices.ContainsFunc(marks[lines+spareLines:], func(m lineMark) bool { return m != lineMark{} }) &&
		!slices.ContainsFunc(starts[names+spareNames:], func(at uint32) bool { return at != 0 })
	return over, x, marks[:x.lines], starts[:x.names], within
}

// Alike says whether all forms of pairs find the same in p.
func Alike(p []byte) bool {
	if !wide || len(p) < 128 {
		return true
	}
	_, _, _, alike := Pairs(p, uint64(len(p)), uint64(len(p)))
	return alike
}
