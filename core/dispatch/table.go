package dispatch

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unsafe"
)

// table finds the entries of an exact command. It does what a map does in half of the time: commands of 4 to 16 bytes, nearly all
// there are, are hashed and compared as two words, whatever their length, and few meet in a slot, so that commands of changing
// length, known and unknown, which peers send, give the processor no branch to guess wrong.
//
// A table belongs to one goroutine. The lists that get returns are never changed, only replaced.
type table struct {
	// Open addressing; a power of two, at most a sixteenth full, and some more where a row went over the end. Nil is a free slot.
	slots   []*record
	records []*record
	shift   uint8 // takes the upper bits of a hash for the number of a slot
}

// record holds one command.
type record struct {
	low, high uint64
	command   string
	alone     *entry   // the first, if the walk ends with it; else nil
	entries   []*entry // never empty in a table
}

const (
	fewest = 64 // slots
	sparse = 16 // slots for each record at least
)

// get returns the entries of command in walking order, nil when there are none.
func (t *table) get(command []byte) []*entry {
	if r := t.record(command); r != nil {
		return r.entries
	}
	return nil
}

// record returns that of command, nil when there is none.
func (t *table) record(command []byte) *record {
	if fits(command) {
		return t.find(command)
	}
	return t.findOdd(command)
}

// fits says whether words hold a command.
func fits(command []byte) bool { return uint(len(command))-4 <= 12 }

// find is record for a command that fits. It calls nothing and so needs no frame, unless it were put into a function that does.
//
//go:noinline
func (t *table) find(command []byte) *record {
	n := uint(len(command))
	last, second := n-4, (3*n-10)/8 // as words does it, which costs more
	low := load(command, 0) | load(command, last)<<32
	high := load(command, second) | load(command, last-second)<<32
	for i := mix(low, high) >> (t.shift & 63); i < uint64(len(t.slots)); i++ {
		r := t.slots[i]
		if r == nil || r.low == low && r.high == high && uint(len(r.command)) == n {
			return r
		}
	}
	return nil
}

// findOdd is record for a command that does not fit.
func (t *table) findOdd(command []byte) *record {
	low, high := digest(command)
	for i := mix(low, high) >> (t.shift & 63); i < uint64(len(t.slots)); i++ {
		r := t.slots[i]
		if r == nil || r.command == string(command) {
			return r
		}
	}
	return nil
}

// load returns the four bytes at an offset of a command that fits, which has them: to ask whether it has took a third of a look-up.
func load(command []byte, at uint) uint64 {
	return uint64(binary.LittleEndian.Uint32((*[4]byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(command)), at))[:]))
}

// set replaces the entries of command; an empty list removes it.
func (t *table) set(command string, entries []*entry) {
	r := t.record([]byte(command))
	switch {
	case r != nil && len(entries) > 0:
		r.put(entries)
	case r != nil:
		// Handlers go seldom, and look-ups need not know of slots that were in use.
		t.records = slices.DeleteFunc(t.records, func(o *record) bool { return o == r })
		t.rebuild(1 << (64 - t.shift))
	case len(entries) > 0:
		r = &record{command: command}
		r.low, r.high = words([]byte(command))
		r.put(entries)
		if t.records = append(t.records, r); sparse*len(t.records) > len(t.slots) {
			t.rebuild(max(fewest, 2<<(64-t.shift&63)))
			return
		}
		t.place(r)
	}
}

func (r *record) put(entries []*entry) {
	if r.entries, r.alone = entries, nil; len(entries) > 0 && !entries[0].goOn {
		r.alone = entries[0]
	}
}

// place puts a record into a slot.
func (t *table) place(r *record) {
	i := mix(r.low, r.high) >> (t.shift & 63)
	for i < uint64(len(t.slots)) && t.slots[i] != nil {
		i++
	}
	if i == uint64(len(t.slots)) {
		t.slots = append(t.slots, nil)
	}
	t.slots[i] = r
}

// rebuild makes the slots anew, a power of two.
func (t *table) rebuild(size int) {
	t.slots, t.shift = make([]*record, size), uint8(64-bits.TrailingZeros(uint(size)))
	for _, r := range t.records {
		t.place(r)
	}
}

// commands returns all commands, sorted.
func (t *table) commands() []string {
	names := make([]string, 0, len(t.records))
	for _, r := range t.records {
		names = append(names, r.command)
	}
	slices.Sort(names)
	return names
}

// words returns 16 bytes of a command, and a digest of one that is shorter than 4 or longer than 16. Its four loads of four
// bytes are spread so that no gap is left between them up to a length of 16: together they hold every byte.
func words(command []byte) (low, high uint64) {
	if !fits(command) {
		return digest(command)
	}
	n := uint(len(command))
	last, second := n-4, (3*n-10)/8
	return load(command, 0) | load(command, last)<<32, load(command, second) | load(command, last-second)<<32
}

// digest makes two words of a command; others may have the same.
func digest(command []byte) (low, high uint64) {
	last := len(command) - 8
	if last < 0 {
		for _, c := range command {
			high = high<<8 | uint64(c)
		}
		return 1, high
	}
	for at := 0; at < last; at += 8 {
		low = mix(low, binary.LittleEndian.Uint64(command[at:]))
	}
	return low, binary.LittleEndian.Uint64(command[last:])
}

// mix makes one word of two. The upper bits of the result depend on all of both. No key is needed: peers choose what is looked up,
// but not what is in the table.
func mix(low, high uint64) uint64 {
	const odd = 0x9E3779B97F4A7C15 // 2^64 divided by the golden ratio
	return (low + bits.RotateLeft64(high, 23)) * odd
}
