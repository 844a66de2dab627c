package transporttest

import (
	"hash/crc32"
	"sync"
)

// period is that of the pattern: no multiple of any buffer size.
const period = 64507

// block is one period.
var block = sync.OnceValue(func() []byte {
	b := make([]byte, period)
	for i := range b {
		b[i] = byte(i ^ i>>8*31)
	}
	return b
})

// pattern fills p with bytes that tell where in the stream they are.
func pattern(p []byte, at int) {
	for len(p) > 0 {
		n := copy(p, block()[at%period:])
		p, at = p[n:], at+n
	}
}

// sum continues a checksum over p.
func sum(s uint64, p []byte) uint64 {
	return uint64(crc32.Update(uint32(s), crc32.MakeTable(crc32.Castagnoli), p))
}

// patternSum is the checksum of the first n bytes of the pattern.
func patternSum(n int) uint64 {
	b := make([]byte, n)
	pattern(b, 0)
	return sum(0, b)
}
