//go:build !purego

package message

import "unsafe"

// Pairs is what pairs finds in p, with room for so many lines and names: how many bytes it goes over, how many names begin in them, and where
// the lines end.
func Pairs(p []byte, lines, names uint64) (over int, begin uint64, ends []uint32) {
	marks, starts := make([]lineMark, lines+spareLines), make([]uint32, names+spareNames)
	var x index
	x.line, x.lineRoom, x.nameRoom, x.line0, x.name0 = 1, lines, names, &marks[0], &starts[0]
	over = pairs(&x, unsafe.SliceData(p), len(p))
	for _, m := range marks[:x.lines] {
		ends = append(ends, m.end)
	}
	return over, x.names, ends
}
