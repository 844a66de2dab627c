package dispatch

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// table finds the entries of an exact command. It does what a map does in half of the time: commands of 4 to 16 bytes, nearly all
// there are, are hashed and compared as two words, whatever their length, and few meet in a slot, so that commands of changing
// length, known and unknown, which peers send, give the processor no branch to guess wrong.
//
// A table belongs to one goroutine. The lists that get returns are never changed, only replaced.
type table struct {
	// Open addressing; a power of two, at most a sixteenth full. A slot has the number of a record, and above it the lower half of
	// the hash; 0 is a free one, and the first record is none.
	slots   []uint64
	records []record
	shift   uint8 // takes the upper bits of a hash for the number of a slot
}

// record holds one command.
type record struct {
	low, high uint64
	first     *entry // of entries
	entries   []*entry
	command   string
}

const (
	fewest = 64 // slots
	sparse = 16 // slots for each record at least
)

// get returns the entries of command in walking order, nil when there are none.
func (t *table) get(command []byte) []*entry {
	if r := t.find(command); r != nil {
		return r.entries
	}
	return nil
}

// find returns the record of command, nil when there is none.
func (t *table) find(command []byte) *record {
	n := uint(len(command))
	if n-4 > 12 {
		return t.findOdd(command)
	}
	// As words does it, which costs more.
	last, second := n-4, (3*n-10)/8
	low := load(command, 0) | load(command, last)<<32
	high := load(command, second) | load(command, last-second)<<32
	h := mix(low, high)
	for i := h >> (t.shift & 63); ; i++ {
		if i >= uint64(len(t.slots)) {
			if len(t.slots) == 0 {
				return nil
			}
			i = 0
		}
		s := t.slots[i]
		if s == 0 {
			return nil
		}
		if uint32(s>>32) == uint32(h) {
			r := &t.records[uint32(s)]
			if r.low == low && r.high == high && uint(len(r.command)) == n {
				return r
			}
		}
	}
}

// findOdd is find for a command that words cannot hold.
func (t *table) findOdd(command []byte) *record {
	if len(t.slots) == 0 {
		return nil
	}
	h := mix(digest(command))
	for i := h >> (t.shift & 63); ; i++ {
		s := t.slots[i&uint64(len(t.slots)-1)]
		if s == 0 {
			return nil
		}
		if r := &t.records[uint32(s)]; uint32(s>>32) == uint32(h) && r.command == string(command) {
			return r
		}
	}
}

// load returns the four bytes of command that begin at offset at.
func load(command []byte, at uint) uint64 {
	return uint64(binary.LittleEndian.Uint32(command[at : at+4]))
}

// set replaces the entries of command; an empty list removes it.
func (t *table) set(command string, entries []*entry) {
	r := t.find([]byte(command))
	switch {
	case r != nil && len(entries) > 0:
		r.first, r.entries = entries[0], entries
	case r != nil:
		// Handlers go seldom, and look-ups need not know of slots that were in use.
		t.records = slices.DeleteFunc(t.records, func(r record) bool { return r.command == command })
		t.rebuild(len(t.slots))
	case len(entries) > 0:
		if len(t.records) == 0 {
			t.records = append(t.records, record{})
		}
		t.records = append(t.records, record{command: command, first: entries[0], entries: entries})
		if sparse*len(t.records) > len(t.slots) {
			t.rebuild(max(fewest, 2*len(t.slots)))
			return
		}
		t.place(len(t.records) - 1)
	}
}

// place puts a record into a slot.
func (t *table) place(number int) {
	r := &t.records[number]
	r.low, r.high = words([]byte(r.command))
	h := mix(r.low, r.high)
	i := h >> (t.shift & 63)
	for t.slots[i] != 0 {
		i = (i + 1) % uint64(len(t.slots))
	}
	t.slots[i] = h<<32 | uint64(number)
}

// rebuild makes the slots anew.
func (t *table) rebuild(size int) {
	t.slots, t.shift = make([]uint64, size), uint8(64-bits.TrailingZeros(uint(size)))
	for i := 1; i < len(t.records); i++ {
		t.place(i)
	}
}

// commands returns all commands, sorted.
func (t *table) commands() []string {
	names := make([]string, 0, len(t.records))
	for _, r := range t.records {
		if r.entries != nil {
			names = append(names, r.command)
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
	last, second := n-4, (3*n-10)/8
	return load(command, 0) | load(command, last)<<32, load(command, second) | load(command, last-second)<<32
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
