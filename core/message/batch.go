package message

import (
	"bytes"
	"slices"
)

// Batch is lines that were found at once, in what comes in some 8 KiB: see Receiver.
type Batch struct {
	// What Next needs.
	m     *Message
	text  []byte // without capacity beyond its length
	limit uint32 // of bytes in a line
	found []lineMark
	line  int    // that comes next,
	from  uint32 // where it begins,
	name  uint32 // and its first name

	index
	ends   [1 + batchLines + spareLines]lineMark // the first is that before the text
	names  marks
	starts [batchNames + spareNames]uint32
	keys   [batchNames + spareNames]uint64

	soon  bool     // the last find stopped soon, at a line that is written otherwise; what pairs finds of the next is found twice
	spare [][]byte // memory of lines that came in portions, for others
}

func newBatch() *Batch {
	b := &Batch{}
	b.ends[0].end = noLine
	b.names = marks{starts: b.starts[:], keys: b.keys[:]}
	return b
}

const (
	batchLines = 128
	batchNames = 512

	mostSpare = 8        // lines that came in portions, whose memory is kept,
	spareSize = 64 << 10 // each of no more bytes than that,
	smallSize = 2 << 10  // of which one that waits for its end may have more than it needs
)

const (
	odd    = 1 << 31   // is a bit of lineMark.end, for lines whose names are not sorted
	noLine = 1<<32 - 1 // is the end of the line before the first, so that the first begins at 0
)

// find indexes the lines at the beginning of p, which is not empty, and returns how many there are.
func (b *Batch) find(p []byte) int {
	b.index = index{} // with a literal the whole of it would be made elsewhere and copied
	b.index.line, b.lineRoom, b.nameRoom, b.line0, b.name0 = 1, batchLines, batchNames, &b.ends[1], &b.starts[0]
	p = p[:min(len(p), longest)]
	if b.soon {
		b.blocks(p, 0)
	} else {
		b.scan(p, 0)
	}
	b.soon = b.at < uint64(len(p)) && b.lines < batchLines/4 && b.index.names < batchNames/4
	ends := b.ends[1 : 1+b.lines]
	if len(ends) == 0 {
		return 0
	}
	b.names.mixed = b.mixed > 0
	last := int(ends[len(ends)-1].names)
	for at, i := 0, 0; ; i++ {
		if at = b.names.sorted(p, at, last); at == last {
			return len(ends)
		}
		for int(ends[i].names) <= at {
			i++
		}
		at = int(ends[i].names)
		ends[i].end |= odd
	}
}

// Next decodes the next line into the message that Decode was given, which borrows it until the next call. It returns false at the end
// of the batch, and at a line that is to be looked at more closely.
func (b *Batch) Next() bool {
	if uint(b.line) >= uint(len(b.found)) {
		return false
	}
	here := b.found[b.line]
	if here.end-b.from-1 >= b.limit { // an empty line, one that is too long, or odd
		return false
	}
	m := b.m
	m.take(b.text[b.from:here.end], b.from, b.name, here.names, &b.names)
	if b.names.mixed {
		if !m.takeHead() {
			return false
		}
	} else if m.noCommand() {
		return false
	}
	b.line, b.from, b.name = b.line+1, here.end+1, here.names
	return true
}

// Line is the line that the last Next has decoded, borrowed. It is to be asked for only if that returned true.
func (b *Batch) Line() []byte { return b.m.line[:len(b.m.line):len(b.m.line)] }

// skip returns the line at which Next has stopped, and goes on behind it.
func (b *Batch) skip() []byte {
	here := b.found[b.line]
	end := here.end &^ odd
	line := b.text[b.from:end:end]
	b.line, b.from, b.name = b.line+1, end+1, here.names
	return line
}

// known hands on the lines at the beginning of p, as many as a batch has, up to one that cannot be indexed. It returns how many bytes
// are done with.
func (d *feed) known(p []byte) (used int) {
	if d.m.batch == nil {
		d.m.batch = newBatch()
	}
	b := d.m.batch
	b.found = b.ends[1 : 1+b.find(p)]
	b.m, b.text, b.limit = d.m, p[:len(p):len(p)], uint32(min(d.limit(), longest))
	b.line, b.from, b.name = 0, 0, 0
	for b.line < len(b.found) && !d.stopped && d.state == inLine {
		if d.stopped = !d.to.OnMessages(b); d.stopped || b.line >= len(b.found) {
			break
		}
		if line := b.skip(); len(line) > d.limit() {
			d.drop(inLine)
		} else if len(line) > 0 {
			d.stopped = !d.to.OnLine(line, d.m.decode(line))
		}
	}
	b.found, b.text = nil, nil // for who keeps the batch
	return int(b.from)
}

// keep returns a copy of the beginning of a line, in spare memory if there is some that is not much larger: many connections may wait for
// a long time.
func (d *feed) keep(p []byte) []byte {
	if d.m != nil && d.m.batch != nil {
		spare := &d.m.batch.spare
		for i, memory := range slices.Backward(*spare) {
			if cap(memory) <= max(4*len(p), smallSize) {
				*spare = slices.Delete(*spare, i, i+1)
				return append(memory[:0], p...)
			}
		}
	}
	return bytes.Clone(p)
}

// letGo is told of a line that came in portions and has been handed on.
func (d *feed) letGo(line []byte) {
	if d.m == nil || d.m.batch == nil || cap(line) > spareSize {
		return
	}
	b := d.m.batch
	if len(b.spare) == mostSpare {
		b.spare = slices.Delete(b.spare, 0, 1) // it was of no use for the longest time
	}
	b.spare = append(b.spare, line)
}

// begin returns where line i begins.
func (b *Batch) begin(i int) int { return int((b.ends[i].end + 1) &^ odd) }
