package dispatch

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// table finds the entries of an exact command. It does what a map does in two thirds of the time: commands of 4 to 16
// bytes, nearly all there are, are hashed and compared as two words, whatever their length, so that commands of changing
// length, which peers send, give the processor no branch to guess wrong.
//
// A table belongs to one goroutine. The lists that get returns are never changed, only replaced.
type table struct {
	slots []slot // open addressing; a power of two, at most a quarter full
	shift uint8  // takes the upper bits of a hash for the number of a slot
	used  int
}

// slot holds one command. A free one has no entries.
type slot struct {
	low, high uint64
	command   string
	entries   []*entry
}

const fewest = 16 // slots

// get returns the entries of command in walking order, nil when there are none.
func (t *table) get(command []byte) []*entry {
	n := uint(len(command))
	if n-4 > 12 {
		return t.getOdd(command)
	}
	third := (n - 2) / 3
	low := load(command, 0) | load(command, n-4)<<32
	high := load(command, third) | load(command, n-4-third)<<32
	for i := mix(low, high) >> (t.shift & 63); ; i++ {
		if i >= uint64(len(t.slots)) {
			if len(t.slots) == 0 {
				return nil
			}
			i = 0
		}
		s := &t.slots[i]
		if s.low == low && s.high == high && len(s.command) == len(command) || s.entries == nil {
			return s.entries
		}
	}
}

// getOdd is get for a command that words cannot hold.
func (t *table) getOdd(command []byte) []*entry {
	if len(t.slots) == 0 {
		return nil
	}
	low, high := words(command)
	for i := mix(low, high) >> (t.shift & 63); ; i++ {
		s := &t.slots[i&uint64(len(t.slots)-1)]
		if s.low == low && s.high == high && s.command == string(command) || s.entries == nil {
			return s.entries
		}
	}
}

// load returns the four bytes of command that begin at offset at.
func load(command []byte, at uint) uint64 {
	return uint64(binary.LittleEndian.Uint32(command[at : at+4]))
}

// set replaces the entries of command; an empty list removes it.
func (t *table) set(command string, entries []*entry) {
	if len(entries) == 0 {
		t.delete(command)
		return
	}
	if 4*(t.used+1) > len(t.slots) {
		t.rebuild(2*len(t.slots), "")
	}
	s := t.slot(command)
	if s.entries == nil {
		t.used++
		s.low, s.high = words([]byte(command))
		s.command = command
	}
	s.entries = entries
}

// slot returns the slot of command, or the free one where it belongs.
func (t *table) slot(command string) *slot {
	for i := mix(words([]byte(command))) >> (t.shift & 63); ; i++ {
		s := &t.slots[i&uint64(len(t.slots)-1)]
		if s.entries == nil || s.command == command {
			return s
		}
	}
}

// delete makes the table anew: handlers come and go seldom, and look-ups need not know of deleted slots then.
func (t *table) delete(command string) {
	if t.get([]byte(command)) != nil {
		t.rebuild(len(t.slots), command)
	}
}

func (t *table) rebuild(size int, without string) {
	old := t.slots
	size = max(size, fewest)
	*t = table{slots: make([]slot, size), shift: uint8(64 - bits.TrailingZeros(uint(size)))}
	for _, s := range old {
		if s.entries != nil && s.command != without {
			*t.slot(s.command) = s
			t.used++
		}
	}
}

// commands returns all commands, sorted.
func (t *table) commands() []string {
	names := make([]string, 0, t.used)
	for i := range t.slots {
		if t.slots[i].entries != nil {
			names = append(names, t.slots[i].command)
		}
	}
	slices.Sort(names)
	return names
}

// words returns 16 bytes of a command, and a digest of one that is shorter than 4 or longer than 16. Its four loads of four
// bytes are spread so that no gap is left between them up to a length of 16: together they hold every byte.
func words(command []byte) (low, high uint64) {
	n := uint(len(command))
	if n-4 > 12 {
		return digest(command)
	}
	third := (n - 2) / 3
	low = load(command, 0) | load(command, n-4)<<32
	high = load(command, third) | load(command, n-4-third)<<32
	return low, high
}

func digest(command []byte) (low, high uint64) {
	for len(command) >= 8 {
		low = mix(low, binary.LittleEndian.Uint64(command))
		command = command[8:]
	}
	for _, c := range command {
		high = high<<8 | uint64(c)
	}
	return low, high
}

// mix makes one word of two. The upper bits of the result depend on all of both. No key is needed: peers choose what is looked up,
// but not what is in the table.
func mix(low, high uint64) uint64 {
	const odd = 0x9E3779B97F4A7C15 // 2^64 divided by the golden ratio
	h := low ^ high*odd
	h ^= h >> 32
	return h * odd
}
