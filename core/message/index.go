package message

import "unsafe"

// Nearly all lines come as AppendText would write them: names sorted, quotes where they are needed and nowhere else, no escapes.
// Such lines are not read byte after byte, nor one after the other. structure (structure_amd64.s) goes over the text in blocks of
// 64 bytes, in whatever way lines lie in them, and makes of each block words with a bit for every byte: one says where the
// semicolons are, one where the letters are, and so on. A few operations on these words then find the structure of all 64 bytes
// at once, without a branch that a processor could guess wrong:
//
//	CMD a=xy;b="p;q"\nCMD …      the text
//	1................1...        where lines begin: behind line feeds
//	...1................1        where heads end: behind the names at the beginning of a line
//	...........1111......        what is in quotes: an odd number of quotes up to there
//	........1............        semicolons that are not
//	....1....1...........        where parameters begin: behind the head, and behind semicolons
//	.....1....1..........        where their names end
//
// Runs of bytes are followed by an addition: where a bit is added to the first one of a run of ones, the carry goes through all of
// them and comes out behind. And the quotes are paired by a multiplication without carries (both of Langdale and Lemire, Parsing
// Gigabytes of JSON per Second, 2019). What a block leaves undone the next goes on with: a line, a name, a quote.
//
// The same words show what is not as AppendText would write it: a name that does not end in '=', a quote that is not behind one, or
// is not needed, a blank before a semicolon, a backslash. The lines before such a mistake are good. The line that has it is left to
// the scan that looks at each byte that matters (scan_params.go), which tells what is right but unusual from what is wrong; then
// structure goes on behind it.
//
// What is found is written down: for each line where it ends, for each parameter where its name begins. sorted (order.go) then makes a
// key of each name, and compares those of many lines in one loop. Nothing else is done before somebody asks: Lookup compares keys,
// and a reply that repeats the parameters is one copy.
//
// Most lines begin with their commands. pairs (pairs_amd64.h) does for these what structure does, for two blocks at once, and comes first. It stops
// at what is not for it: other heads, what shows a mistake, the middle of a long value; structure goes on from there. Where mistakes came soon
// the last time, structure does all (batch.go).
//
// A line that comes by itself is mostly shorter than two blocks. single (line_amd64.s) looks at all of it at once and verifies the order of
// its names, too; there is nothing to hand on then.
//
// Heads other than a command alone are found as well, but looked into by scanHead. Without AVX2, or built with the tag purego, nothing is
// indexed: simple (simple.go) looks at each line that begins with its command, and what it does not take goes the other way. All are decoded
// to the same messages, which tests and fuzzers verify.

// index is what structure is given and what it finds. Both it and pairs know the layout.
type index struct {
	// What a block hands on to the next, as 0 or 1, in the order in which pairs has it. Whether its last byte was, or was part of …
	equals  uint8 // the '=' behind a name
	name    uint8 // the name of a parameter
	body    uint8 // the blank or semicolon before a parameter
	closing uint8 // a quote that closes
	blank   uint8
	plain   uint8 // text in quotes before any semicolon
	opening uint8 // a quote that opens (pairs: any quote; behind one that closes is no text in quotes)
	command uint8 // capital letters, digits and '_' at the beginning of a line
	line    uint8 // a line feed, or there is no byte before
	// The same of lines that begin with other names.
	sent      uint8 // the blank behind a sender
	sender    uint8
	head      uint8  // other names before the parameters
	addressed uint8  // 1 if sent, sender or head is
	mixed     uint8  // 1 if such lines were seen
	inside    uint64 // it was text in quotes; all bits
	// Words of the block at hand.
	feed   uint64 // the line feed that is thought behind the end
	starts uint64 // where lines without a sender begin

	at       uint64    // where the block at hand begins
	lines    uint64    // how many ended so far
	names    uint64    // how many names of parameters began
	lineRoom uint64    // as many lines may be written to line0,
	nameRoom uint64    // and names to name0;
	line0    *lineMark // there is room for spareLines more,
	name0    *uint32   // and for spareNames, that mean nothing
}

const (
	spareLines = 2
	spareNames = 8 // as many as are written at once
)

// lineMark is what is known of a line.
type lineMark struct {
	end   uint32 // where its line feed is
	names uint32 // how many names there are up to there
}

// longest is the most text that is indexed at once.
const longest = 1 << 30

// indexLine decodes one line if it can be indexed. If not, m is to be reset.
func (m *Message) indexLine(line []byte) bool {
	if !wide || len(line) == 0 || len(line) > longest {
		return false
	}
	near := m.nearby()
	line = line[:len(line):len(line)]
	var ends [1 + spareLines]lineMark
	var x index // with a literal the whole of it would be made elsewhere and copied
	x.line, x.lineRoom, x.nameRoom, x.line0, x.name0 = 1, 1, nearNames, &ends[0], &m.nearStarts[0]
	x.scan(line, 1)
	n := int(ends[0].names)
	if x.lines != 1 || int(ends[0].end) != len(line) || near.sorted(line, 0, n) < n {
		return false
	}
	near.mixed = x.mixed > 0
	m.take(line, 0, 0, ends[0].names, near)
	return m.rightHead()
}

// nearby is where the names are marked of a line by itself.
func (m *Message) nearby() *marks {
	if m.near.starts == nil {
		m.near = marks{starts: m.nearStarts[:], keys: m.nearKeys[:]}
	}
	return &m.near
}

// take makes m the message of a line that begins at from and whose parameters are those of names from first to before last. If rightHead
// says no, m is to be reset. The line is not empty; behind it, as far as its capacity goes, may be read.
func (m *Message) take(line []byte, from, first, last uint32, names *marks) {
	body := uint32(len(line))
	command := body
	if first < last {
		body = names.starts[first] - from
		command = body - 1
	}
	// command and body are not neighbours in a Message: Repeat would load them as one word, and wait until both stores are done.
	m.reset(line, command, body, names)
	m.before, m.first, m.last = from, first, last
}

// rightHead says whether what take has made m begins as a message does.
func (m *Message) rightHead() bool {
	if m.marked.mixed {
		return m.takeHead()
	}
	return !m.noCommand()
}

// noCommand says that a line, of which take knows that it would be a command alone, begins with a digit, or the blank before parameters.
func (m *Message) noCommand() bool { return *unsafe.SliceData(m.line) <= '9' }

// takeHead is rightHead for a line that may begin with other names than the command.
func (m *Message) takeHead() bool {
	m.names[commandName].to = 0
	at, ok := m.scanHead()
	m.verbatim = m.bare()
	return ok && at == int(m.body)
}
